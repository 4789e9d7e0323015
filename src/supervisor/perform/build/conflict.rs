//! Naming the plans behind a conflict.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::git::{self, ConflictFile, Repository};
use crate::plan::{CommitId, PlanName, WorkRef};
use crate::supervisor::project::repository_plans::Project;

/// The landed plans that changed one of the files, by the commits with which they landed.
pub fn authors(repo: &Repository, landed: &BTreeMap<PlanName, CommitId>, files: &[PathBuf]) -> Vec<PlanName> {
    landed
        .iter()
        .filter(|(_, commit)| {
            let changed = git::repo::changed_files(repo, commit).unwrap_or_default();
            files.iter().any(|file| changed.contains(file))
        })
        .map(|(name, _)| name.clone())
        .collect()
}

/// The files of a conflict, for people: `src/a.rs (content)`.
pub fn listed(files: &[ConflictFile]) -> Vec<String> {
    let lines = files
        .iter()
        .map(|file| format!("{} ({})", file.path.display(), file.kind));
    lines.collect()
}

/// `plan auth`, `plan auth up to phase 2`.
pub fn named(what: &WorkRef) -> String {
    match what.point.phase() {
        Some(phase) => format!("plan {} up to phase {phase}", what.plan),
        None => format!("plan {}", what.plan),
    }
}

/// The message of the commit that holds both sides.
pub fn words(project: &Project, what: &WorkRef) -> String {
    let (named, target) = (named(what), &project.target);
    format!("Resolve the conflict of {named} with {target}\n\nOrch-Resolves: {what}\n")
}
