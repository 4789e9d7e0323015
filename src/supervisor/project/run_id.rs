//! Which run it is.

use crate::plan::RunId;
use crate::schedule::{RunPhase, State};

/// The run that `orch up` continues with, or the next one.
pub fn next_run(state: &State) -> RunId {
    match (&state.run, state.phase) {
        (None, _) => RunId(1),
        (Some(run), RunPhase::Settled | RunPhase::Stopped { resume: false }) => RunId(run.id.0 + 1),
        (Some(run), _) => run.id,
    }
}
