//! The data of `orch check`: the manifest, its documents and the repository together.

use std::path::{Path, PathBuf};

use super::lint::lints;
use crate::git::Repository;
use crate::journal::OrchDir;
use crate::plan::{Lint, LintId, PlanSet};
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::load::{ManifestReading, find_manifest};
use crate::supervisor::project::repository_plans::Project;

/// The checked plans, with their lints.
#[derive(Debug)]
pub struct Examination {
    /// Sorted by file and position.
    pub lints: Vec<Lint>,
    /// The plans in their repository, or alone where there is no repository.
    pub plans: Result<Project, PlanSet>,
}

impl Examination {
    /// The plans.
    pub fn set(&self) -> &PlanSet {
        self.plans.as_ref().map_or_else(|set| set, |project| &project.set)
    }
}

/// Finds the manifest for the folder `dir`.
///
/// # Errors
///
/// When there is no manifest.
pub fn locate(dir: &Path) -> Result<PathBuf, SupervisorError> {
    match Repository::discover(dir) {
        Ok(repo) => {
            let orch = OrchDir::new(repo.common_dir());
            Project::find(&repo, &orch, dir)
        }
        // Without a repository a manifest can still be read and checked.
        Err(_) => find_manifest(dir, Path::new("/")),
    }
}

/// Checks a manifest that was read, for a person in the folder `dir`. Changes nothing.
///
/// # Errors
///
/// With every diagnostic, or else with the reason why the plans do not fit into the repository.
pub fn examine(
    dir: &Path,
    manifest: &Path,
    reading: ManifestReading,
) -> Result<Examination, SupervisorError> {
    let set = reading.resolve(None)?;
    let Ok(repo) = Repository::discover(dir) else {
        let mut lints: Vec<Lint> = set.lints().chain([outside_a_repository(manifest)]).collect();
        lints.sort();
        return Ok(Examination {
            lints,
            plans: Err(set),
        });
    };
    let orch = OrchDir::new(repo.common_dir());
    let project = Project::fit(repo, orch, manifest.to_owned(), set)?;
    Ok(Examination {
        lints: lints(&project)?,
        plans: Ok(project),
    })
}

/// The plans are valid, but nothing can be done with them here.
fn outside_a_repository(manifest: &Path) -> Lint {
    let name = manifest.file_name().unwrap_or_default();
    Lint::of_file(LintId::NoRepository, name.as_ref(), "this is no git repository")
        .hint("`git init` and a first commit make it one; `orch up` needs that")
}
