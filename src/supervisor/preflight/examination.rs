//! The data of `orch check`: the manifest, its documents and the repository together.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

use super::lint::lints;
use super::milestones::overdue;
use crate::git::Repository;
use crate::journal::OrchDir;
use crate::plan::{Lint, LintId, PlanSet};
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::load::{ManifestReading, check_cycles, find_manifest};
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
    let name = reading.parsed.file.clone();
    let due: Vec<_> = reading.parsed.due_days().collect();
    let set = reading.resolve_names(None)?;
    // With many plans both take long, and neither needs the other.
    let (cycles, mut found) = thread::scope(|scope| {
        let lints = scope.spawn(|| set.lints().collect::<Vec<Lint>>());
        let cycles = check_cycles(&set, &name);
        (cycles, lints.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    cycles?;
    let Ok(repo) = Repository::discover(dir) else {
        found.push(outside_a_repository(manifest));
        found.sort();
        return Ok(Examination {
            lints: found,
            plans: Err(set),
        });
    };
    let orch = OrchDir::new(repo.common_dir());
    let project = Project::fit(repo, orch, manifest.to_owned(), set)?;
    found.extend(lints(&project)?);
    found.extend(overdue(&project, &name, due.into_iter()));
    found.sort();
    Ok(Examination {
        lints: found,
        plans: Ok(project),
    })
}

/// The plans are valid, but nothing can be done with them here.
fn outside_a_repository(manifest: &Path) -> Lint {
    let name = manifest.file_name().unwrap_or_default();
    Lint::of_file(LintId::NoRepository, name.as_ref(), "this is no git repository")
        .hint("`git init` and a first commit make it one; `orch up` needs that")
}
