//! Attempts that have left a folder and that the journal does not know: its end was lost, or all of it.

use jiff::Timestamp;

use crate::agent::{JobFolder, JobState};
use crate::plan::AttemptId;
use crate::schedule::State;

use super::super::{Campaign, SupervisorError};
use super::look::attempts;
use super::rebuild::rebuild;

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
