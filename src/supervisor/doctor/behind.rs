//! Attempts that have a folder but are missing from the journal, because its end or all of it was lost.

use jiff::Timestamp;

use crate::git;
use crate::schedule::State;

use super::diagnose::diagnose;
use super::facts::{litter, look, unknown_attempts};
use super::finding::{Finding, RepairStep};
use super::rebuild::rebuild;
use super::repair::carry_out;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;

/// Rebuilds the lost part of the journal when attempts with a folder are missing from it. Otherwise a run would give out their
/// work and their names a second time. True when something was rebuilt.
///
/// # Errors
///
/// When the repository cannot be read or the journal cannot be written.
pub fn catch_up(project: &Project, state: &State) -> Result<bool, SupervisorError> {
    let behind = !unknown_attempts(project, state)?.is_empty();
    if behind {
        rebuild(project, None, Timestamp::now())?;
    }
    Ok(behind)
}

/// Rebuilds the journal from git and the worktrees when there is no database although plans have been worked on or have landed.
/// Otherwise a run would refuse their branches, or work on them a second time. The supervisor calls this before it creates the
/// database.
///
/// # Errors
///
/// When the repository cannot be read or the journal cannot be written.
pub fn begin_again(project: &Project) -> Result<(), SupervisorError> {
    // Temporary files of a killed process: nobody will rename them.
    for part in litter(project) {
        let _ = std::fs::remove_file(part);
    }
    if project.dir.database().exists() {
        return Ok(());
    }
    // First record which worktrees belong to orch: the rebuild depends on that.
    let found = diagnose(&look(project)?.facts);
    let (notes, others): (Vec<Finding>, Vec<Finding>) = found
        .into_iter()
        .partition(|finding| matches!(finding.step, Some(RepairStep::Note(_))));
    carry_out(project, &notes);
    let rebuilds = |finding: &Finding| matches!(finding.step, Some(RepairStep::Rebuild));
    if others.iter().any(rebuilds) || has_landed(project)? {
        rebuild(project, None, Timestamp::now())?;
    }
    Ok(())
}

/// True when the target has a merge of a plan in the manifest, or of its first phases.
fn has_landed(project: &Project) -> Result<bool, SupervisorError> {
    let Some(target) = project.repo.branch_tip(&project.target)? else {
        return Ok(false);
    };
    let landings = git::refs::landings(&project.repo, &target)?;
    Ok(landings
        .iter()
        .any(|landing| project.plan(&landing.what.plan).is_some()))
}
