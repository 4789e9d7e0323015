//! Attempts that have left a folder and that the journal does not know: its end was lost, or all of it.

use jiff::Timestamp;

use crate::agent::{JobFolder, JobState};
use crate::git;
use crate::plan::AttemptId;
use crate::schedule::State;

use super::diagnose::{Finding, Step, diagnose};
use super::look::{attempts, litter, look};
use super::mend::carry_out;
use super::rebuild::rebuild;
use crate::supervisor::project::campaign::Campaign;
use crate::supervisor::project::error::SupervisorError;

/// The attempts of plans in the manifest that were started and that the state knows nothing of.
///
/// # Errors
///
/// When a folder cannot be read.
pub(super) fn unknown_attempts(
    campaign: &Campaign,
    state: &State,
) -> Result<Vec<AttemptId>, SupervisorError> {
    let mut unknown = Vec::new();
    for (id, folder) in attempts(campaign) {
        let Some((plan, _)) = id.parts() else { continue };
        let is_known = || state.plan(&plan).history.iter().any(|record| record.id == id);
        if campaign.plan(&plan).is_some() && !is_known() && folder.state()? != JobState::Unstarted {
            unknown.push(id);
        }
    }
    Ok(unknown)
}

/// The attempts at work whose plans are not in the manifest.
///
/// # Errors
///
/// When a folder cannot be read.
pub(in crate::supervisor) fn foreign_runners(
    campaign: &Campaign,
) -> Result<Vec<(AttemptId, JobFolder)>, SupervisorError> {
    let mut found = Vec::new();
    for (id, folder) in attempts(campaign) {
        let known = id.parts().is_some_and(|(plan, _)| campaign.plan(&plan).is_some());
        if !known && matches!(folder.state()?, JobState::Running(_)) {
            found.push((id, folder));
        }
    }
    Ok(found)
}

/// Writes down again what the journal has lost, when it knows nothing of attempts that have left a folder. Whoever went on
/// without would give out their work, and their names, a second time. True when there was something to write down.
///
/// # Errors
///
/// When the repository cannot be read or the journal not be written.
pub(in crate::supervisor) fn catch_up(campaign: &Campaign, state: &State) -> Result<bool, SupervisorError> {
    let behind = !unknown_attempts(campaign, state)?.is_empty();
    if behind {
        rebuild(campaign, None, Timestamp::now())?;
    }
    Ok(behind)
}

/// Puts together again what git and the worktrees show, when there is no database at all although plans have been worked on or
/// have landed: whoever went on without would refuse their branches, or work on them a second time. To be called by who drives
/// the repository, before the database is made.
///
/// # Errors
///
/// When the repository cannot be read or the journal not be written.
pub(in crate::supervisor) fn begin_again(campaign: &Campaign) -> Result<(), SupervisorError> {
    // Files that a killed process was writing: nobody renames them any more.
    for part in litter(campaign) {
        let _ = std::fs::remove_file(part);
    }
    if campaign.dir.database().exists() {
        return Ok(());
    }
    // What has to be known for orch's own, then what it shows.
    let found = diagnose(&look(campaign)?.facts);
    let (notes, others): (Vec<Finding>, Vec<Finding>) = found
        .into_iter()
        .partition(|finding| matches!(finding.step, Some(Step::Note(_))));
    carry_out(campaign, &notes);
    let rebuilds = |finding: &Finding| matches!(finding.step, Some(Step::Rebuild));
    if others.iter().any(rebuilds) || has_landed(campaign)? {
        rebuild(campaign, None, Timestamp::now())?;
    }
    Ok(())
}

/// True when the target has a merge of a plan that is in the manifest, or of its first phases.
fn has_landed(campaign: &Campaign) -> Result<bool, SupervisorError> {
    let Some(target) = campaign.repo.branch_tip(&campaign.target)? else {
        return Ok(false);
    };
    let landings = git::refs::landings(&campaign.repo, &target)?;
    Ok(landings
        .iter()
        .any(|landing| campaign.plan(&landing.what.plan).is_some()))
}
