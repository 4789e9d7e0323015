//! A manifest's text, read as far as it can be.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use toml::de::{DeTable, DeValue};

use crate::plan::manifest::written::raw::RawManifest;
use crate::plan::manifest::written::reader::{FromToml, ManifestReader, Spot};
use crate::plan::{Diagnostic, Place, PlanName};

/// A manifest as written, with the faults that its text alone shows.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The manifest's file, as faults name it.
    pub file: PathBuf,
    /// What could be read of it.
    pub manifest: RawManifest,
    /// What is wrong so far.
    pub diagnostics: Vec<Diagnostic>,
    /// False when the text is not TOML: parts of the manifest may then be missing.
    pub(in crate::plan::manifest) is_toml: bool,
}

/// A plan document that has to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRequest<'p> {
    /// The plan it belongs to.
    pub plan: PlanName,
    /// The file as written, relative to the manifest's folder.
    pub file: &'p Path,
    /// Where the manifest names it.
    pub place: Place,
}

/// Reads the text of `plans.toml`; `file` is how faults name it. What is wrong is in [`Parsed::faults`], and
/// [`resolve`](crate::plan::manifest::resolve()) reports it together with everything else.
pub fn parse_manifest(file: &Path, text: &str) -> Parsed {
    let body = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (tree, errors) = DeTable::parse_recoverable(body);
    let mut reader = ManifestReader::new(file.to_path_buf(), body);
    let root = Spot {
        path: String::new(),
        place: Place { line: 1, column: 1 },
    };
    let tree = DeValue::Table(tree.into_inner());
    let manifest = RawManifest::from_toml(&tree, &root, &mut reader).unwrap_or_default();
    let at = |error: &toml::de::Error| reader.place(error.span().map_or(0, |span| span.start));
    let broken: Vec<Place> = errors.iter().map(at).collect();
    // What was made of a line that is not TOML says nothing about what was meant.
    let is_sound = |line: usize| broken.iter().all(|place| place.line != line);
    reader
        .diagnostics
        .retain(|diagnostic| diagnostic.line.is_none_or(is_sound));
    for (error, place) in errors.iter().zip(broken) {
        reader.diagnostic(place, format!("not TOML: {}", error.message()), None);
    }
    Parsed {
        file: file.to_path_buf(),
        manifest,
        diagnostics: reader.diagnostics,
        is_toml: errors.is_empty(),
    }
}

impl Parsed {
    /// The documents that [`resolve`](crate::plan::manifest::resolve()) needs, in manifest order.
    pub fn documents(&self) -> impl Iterator<Item = DocumentRequest<'_>> {
        let plans = self.manifest.plans.iter().flat_map(|plans| &plans.value.entries);
        plans.filter_map(|(name, plan)| {
            let file = plan.value.file.as_ref()?;
            Some(DocumentRequest {
                plan: name.value.parse().ok()?,
                file: &file.value,
                place: file.place,
            })
        })
    }

    /// The due days of the plans, each with its place, in manifest order.
    pub fn due_days(&self) -> impl Iterator<Item = (PlanName, Date, Place)> {
        let plans = self.manifest.plans.iter().flat_map(|plans| &plans.value.entries);
        plans.filter_map(|(name, plan)| {
            let due = plan.value.due.as_ref()?;
            Some((name.value.parse().ok()?, due.value.0, due.place))
        })
    }
}
