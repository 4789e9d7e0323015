//! The repository's own rules for merging files: its attributes and merge drivers, which are in no commit. Agents can
//! write both. Nothing is merged while the rules differ from the rules at the start of the run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::git::files::regular;

const ATTRIBUTES: &str = "info/attributes";

/// A repository, and its rules at the start of the run.
static TRUSTED: Mutex<Option<(PathBuf, MergeRules)>> = Mutex::new(None);

#[derive(Debug, PartialEq, Eq)]
struct MergeRules {
    attributes: Option<Vec<u8>>,
    /// The `merge.…` settings of the repository's configuration.
    settings: BTreeMap<String, String>,
    /// The `filter.…` settings, without those that `git lfs install --local` writes.
    filters: BTreeMap<String, String>,
}

impl MergeRules {
    fn read(common_dir: &Path) -> Self {
        let config = git2::Config::open(&common_dir.join("config")).ok();
        let of = |section: &str| {
            let mut settings = BTreeMap::new();
            if let Some(Ok(entries)) = config.as_ref().map(|config| config.entries(Some(section))) {
                let _ = entries.for_each(|entry| {
                    if let (Ok(name), Ok(value)) = (entry.name(), entry.value()) {
                        settings.insert(name.to_owned(), value.to_owned());
                    }
                });
            }
            settings
        };
        let mut filters = of("^filter\\.");
        filters.retain(|key, value| {
            let programs = [
                "git-lfs clean -- %f",
                "git-lfs smudge -- %f",
                "git-lfs filter-process",
                "true",
            ];
            !(key.starts_with("filter.lfs.") && programs.contains(&value.as_str()))
        });
        Self {
            attributes: regular::read(&common_dir.join(ATTRIBUTES)).ok(),
            settings: of("^merge\\."),
            filters,
        }
    }

    /// The lines of the attributes that can affect which program a file goes through.
    fn filtered(&self) -> Vec<&[u8]> {
        let text = self.attributes.as_deref().unwrap_or_default();
        let lines = text.split(|byte| *byte == b'\n');
        let names =
            |line: &&[u8]| memchr::memmem::find(line, b"filter").is_some() || line.starts_with(b"[attr]");
        lines.filter(names).collect()
    }
}

/// Makes this process trust the repository's present rules, and compare later rules with them.
pub fn trust_merge_rules(common_dir: &Path) {
    let rules = MergeRules::read(common_dir);
    *TRUSTED.lock().unwrap_or_else(PoisonError::into_inner) = Some((common_dir.to_owned(), rules));
}

/// The file that affects how git merges and has changed since the run began. `None` when nothing has changed, and in a
/// process that never called [`trust_merge_rules`].
pub fn changed_merge_rules() -> Option<PathBuf> {
    changed(
        |before, now| before.attributes != now.attributes,
        |before, now| before.settings != now.settings,
    )
}

/// The file that affects whether git takes a changed file for an unchanged one, and has changed since the run began.
pub fn changed_filters() -> Option<PathBuf> {
    changed(
        |before, now| before.filtered() != now.filtered(),
        |before, now| before.filters != now.filters,
    )
}

fn changed(
    attributes: impl Fn(&MergeRules, &MergeRules) -> bool,
    settings: impl Fn(&MergeRules, &MergeRules) -> bool,
) -> Option<PathBuf> {
    let trusted = TRUSTED.lock().unwrap_or_else(PoisonError::into_inner);
    let (common_dir, before) = trusted.as_ref()?;
    let now = MergeRules::read(common_dir);
    if attributes(before, &now) {
        return Some(common_dir.join(ATTRIBUTES));
    }
    settings(before, &now).then(|| common_dir.join("config"))
}
