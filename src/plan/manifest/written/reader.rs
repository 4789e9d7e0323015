//! Reading typed values out of a spanned TOML tree, collecting every fault on the way.

use std::path::PathBuf;

use toml::de::{DeTable, DeValue};

use crate::plan::manifest::written::at::{Located, NamedTable};
use crate::plan::manifest::written::unsupported;
use crate::plan::text::near_miss::suggest;
use crate::plan::text::place::LineIndex;
use crate::plan::{Diagnostic, Place};

/// Where a value stands: its path of keys (`plans.auth.depends`) and its place.
#[derive(Debug)]
pub(in crate::plan::manifest) struct Spot {
    pub(in crate::plan::manifest) path: String,
    pub(in crate::plan::manifest) place: Place,
}

/// Collects the faults of one manifest.
pub(in crate::plan::manifest) struct ManifestReader<'t> {
    index: LineIndex<'t>,
    file: PathBuf,
    pub(in crate::plan::manifest) diagnostics: Vec<Diagnostic>,
    /// Tables and the keys that were asked of them; the schema's test compares them with the schema.
    #[cfg(test)]
    pub(in crate::plan::manifest) asked: std::collections::BTreeSet<(&'static str, &'static str)>,
}

/// A value that can be read from TOML. A value that cannot is reported to the reader, and reading continues.
pub(in crate::plan::manifest) trait FromToml: Sized {
    /// Reads the value, or reports why it cannot be one.
    fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self>;
}

impl<'t> ManifestReader<'t> {
    pub(in crate::plan::manifest) fn new(file: PathBuf, text: &'t str) -> Self {
        Self {
            index: LineIndex::new(text),
            file,
            diagnostics: Vec::new(),
            #[cfg(test)]
            asked: std::collections::BTreeSet::new(),
        }
    }

    pub(in crate::plan::manifest) fn place(&self, offset: usize) -> Place {
        self.index.place(offset)
    }

    pub(in crate::plan::manifest) fn diagnostic(
        &mut self,
        place: Place,
        message: impl Into<String>,
        hint: Option<String>,
    ) {
        let diagnostic = Diagnostic::at(&self.file, place, message).hint(hint);
        self.diagnostics.push(diagnostic);
    }

    /// Reports that `value` is of another type than `expected`.
    pub(in crate::plan::manifest) fn mismatch(&mut self, value: &DeValue<'_>, spot: &Spot, expected: &str) {
        let article = |noun: &'static str| if noun.starts_with(['a', 'i']) { "an" } else { "a" };
        let noun = value.type_str();
        let message = format!("`{}` is {} {noun}, expected {expected}", spot.path, article(noun));
        self.diagnostic(spot.place, message, None);
    }

    /// Opens a table for reading; `kind` names the sort of table, such as `plans`.
    pub(in crate::plan::manifest) fn table<'v, 'r>(
        &'r mut self,
        value: &'v DeValue<'v>,
        spot: &Spot,
        kind: &'static str,
    ) -> Option<Table<'v, 'r, 't>> {
        let DeValue::Table(entries) = value else {
            self.mismatch(value, spot, "a table");
            return None;
        };
        Some(Table {
            entries,
            path: spot.path.clone(),
            kind,
            asked: Vec::new(),
            reader: self,
        })
    }
}

/// A table being read key by key.
pub(in crate::plan::manifest) struct Table<'v, 'r, 't> {
    entries: &'v DeTable<'v>,
    path: String,
    kind: &'static str,
    asked: Vec<&'static str>,
    reader: &'r mut ManifestReader<'t>,
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

impl Table<'_, '_, '_> {
    /// Reads the value of `key`, when it is there and right.
    pub(in crate::plan::manifest) fn take<T: FromToml>(&mut self, key: &'static str) -> Option<Located<T>> {
        self.asked.push(key);
        #[cfg(test)]
        self.reader.asked.insert((self.kind, key));
        let (written, value) = self.entries.get_key_value(key)?;
        let spot = Spot {
            path: join(&self.path, key),
            place: self.reader.place(value.span().start),
        };
        let read = T::from_toml(value.get_ref(), &spot, self.reader)?;
        if let Some(row) = unsupported::row(self.kind, key, value.get_ref()) {
            let place = self.reader.place(written.span().start);
            self.reader
                .diagnostic(place, row.message(value.get_ref()), Some(row.instead.to_owned()));
        }
        Some(Located {
            value: read,
            place: spot.place,
        })
    }

    /// Reports the keys that nobody asked for.
    pub(in crate::plan::manifest) fn finish(self) {
        for key in self.entries.keys() {
            let name = key.get_ref().as_ref();
            if !self.asked.contains(&name) {
                let place = self.reader.place(key.span().start);
                let message = format!("unknown key `{}`", join(&self.path, name));
                let hint = suggest(name, self.asked.iter().copied());
                self.reader.diagnostic(place, message, hint);
            }
        }
    }
}

impl<T: FromToml> FromToml for NamedTable<T> {
    fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self> {
        let DeValue::Table(entries) = value else {
            reader.mismatch(value, spot, "a table");
            return None;
        };
        let mut ordered: Vec<_> = entries.iter().collect();
        ordered.sort_by_key(|(key, _)| key.span().start);
        let mut named = Self::default();
        for (key, value) in ordered {
            let place = reader.place(key.span().start);
            let spot = Spot {
                path: join(&spot.path, key.get_ref()),
                // A table written as [header] or dotted keys begins where its name does.
                place: if value.get_ref().is_table() {
                    place
                } else {
                    reader.place(value.span().start)
                },
            };
            let name = key.get_ref().clone().into_owned();
            match T::from_toml(value.get_ref(), &spot, reader) {
                Some(value) => {
                    let value = Located {
                        value,
                        place: spot.place,
                    };
                    named.entries.push((Located { value: name, place }, value));
                }
                None => named.wrong.push(name),
            }
        }
        Some(named)
    }
}

impl<T: FromToml> FromToml for Vec<Located<T>> {
    fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self> {
        let DeValue::Array(items) = value else {
            reader.mismatch(value, spot, "a list");
            if let (DeValue::String(_), Some(diagnostic)) = (value, reader.diagnostics.last_mut()) {
                diagnostic.hint = Some("put it in brackets: [\"…\"]".to_owned());
            }
            return None;
        };
        let mut list = Vec::new();
        for (position, item) in items.iter().enumerate() {
            let spot = Spot {
                path: format!("{}[{position}]", spot.path),
                place: reader.place(item.span().start),
            };
            if let Some(value) = T::from_toml(item.get_ref(), &spot, reader) {
                let place = spot.place;
                list.push(Located { value, place });
            }
        }
        Some(list)
    }
}
