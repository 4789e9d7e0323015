//! What the repository itself says of how files are merged: its own attributes and drivers, which are in no commit. Agents can write
//! both; while they are not what they were when a run began, nothing is to be merged.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::git::files::regular;

const ATTRIBUTES: &str = "info/attributes";

/// A repository, and what it said when the run began.
static TRUSTED: Mutex<Option<(PathBuf, MergeRules)>> = Mutex::new(None);

#[derive(Debug, PartialEq, Eq)]
struct MergeRules {
    attributes: Option<Vec<u8>>,
    /// `merge.…` in the repository's configuration.
    settings: BTreeMap<String, String>,
}

impl MergeRules {
    fn read(common_dir: &Path) -> Self {
        let mut settings = BTreeMap::new();
        if let Ok(config) = git2::Config::open(&common_dir.join("config"))
            && let Ok(entries) = config.entries(Some("^merge\\."))
        {
            let _ = entries.for_each(|entry| {
                if let (Ok(name), Ok(value)) = (entry.name(), entry.value()) {
                    settings.insert(name.to_owned(), value.to_owned());
                }
            });
        }
        Self {
            attributes: regular::read(&common_dir.join(ATTRIBUTES)).ok(),
            settings,
        }
    }
}

/// From now on this process holds merges of a repository to what it says now.
pub fn trust_merge_rules(common_dir: &Path) {
    let rules = MergeRules::read(common_dir);
    *TRUSTED.lock().unwrap_or_else(PoisonError::into_inner) = Some((common_dir.to_owned(), rules));
}

/// The file that is not what it was when the run began; none in a process that trusts nothing in particular.
pub fn changed_merge_rules() -> Option<PathBuf> {
    let trusted = TRUSTED.lock().unwrap_or_else(PoisonError::into_inner);
    let (common_dir, before) = trusted.as_ref()?;
    let now = MergeRules::read(common_dir);
    if now.attributes != before.attributes {
        return Some(common_dir.join(ATTRIBUTES));
    }
    (now.settings != before.settings).then(|| common_dir.join("config"))
}
