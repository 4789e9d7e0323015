//! What is still to be looked at, tidied up and said at the end of a run.

use crate::git;
use crate::journal::Sync;
use crate::schedule::{Ending, Event};

use super::engine::Engine;
use crate::supervisor::perform;
use crate::supervisor::project::error::SupervisorError;

impl Engine<'_> {
    /// What is still to be said at the end.
    pub(in crate::supervisor) fn last_look(&mut self) -> Result<(), SupervisorError> {
        self.yard.end_early(&self.campaign);
        self.yard.end_strays(&self.campaign);
        let mut warnings = self.look_at_last();
        warnings.extend(self.look_at_target_last());
        warnings.extend(self.tidy_conflicts());
        warnings.extend(self.note_landings_now());
        let mut warn = |why: String| warnings.push(Event::Warning { plan: None, why });
        let released = git::keep::release_candidates(&self.campaign.repo);
        for error in [released, self.release_made()]
            .into_iter()
            .filter_map(Result::err)
        {
            warn(error.to_string());
        }
        if self.at_work().is_empty() {
            warnings.extend(self.tidy_worktrees());
        }
        warnings.extend(self.check_tips());
        let now = self.clock.now();
        let records = self.journal.append(now, self.run, &warnings, Sync::Process)?;
        self.announce(&records);
        Ok(())
    }

    /// Verifies what was landed once more, where a verification may owe something to an earlier one. Not after an interruption.
    fn check_tips(&mut self) -> Vec<Event> {
        if self.ending == Some(Ending::Interrupted) {
            return Vec::new();
        }
        let (checked, warnings) = perform::check_tips(&self.campaign, &self.admin, &self.yard);
        self.red = checked.iter().any(|checked| checked.why.is_some());
        let warn = |why| Event::Warning { plan: None, why };
        let told = checked.into_iter().map(Event::TargetChecked);
        told.chain(warnings.into_iter().map(warn)).collect()
    }
}
