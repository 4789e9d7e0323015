//! Remarks for the person who steers: the request changes nothing, affects other work too, or takes full effect only later.

use super::command::Steer;
use crate::plan::{AttemptId, UnitId, WorkRef};
use crate::schedule::state::known::State;
use crate::schedule::state::plan_change::lies_in;

/// A remark on an accepted request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SteerRemark {
    /// The request changes nothing.
    Already {
        /// The plan, phase or task.
        what: WorkRef,
        /// The request.
        asked: Steer,
    },
    /// The phase or plan around the resumed work is still paused.
    StillPaused(WorkRef),
    /// The attempt is stopped, and had other work too.
    StopsMore {
        /// The attempt.
        attempt: AttemptId,
        /// Its other work.
        besides: Vec<UnitId>,
    },
    /// The attempt continues until its end.
    Continues {
        /// The attempt.
        attempt: AttemptId,
        /// What was paused.
        what: WorkRef,
        /// Its other work; empty when there is none.
        besides: Vec<UnitId>,
    },
}

/// The remarks on an accepted request. `state` is the state before the request.
pub fn remarks(state: &State, what: &WorkRef, asked: Steer, changes: bool) -> Vec<SteerRemark> {
    let run = state.plan(&what.plan);
    let mut remarks = Vec::new();
    if !changes {
        let what = what.clone();
        remarks.push(SteerRemark::Already { what, asked });
    }
    match asked {
        Steer::Resume => {
            let wider = run
                .paused
                .keys()
                .filter(|point| **point != what.point && lies_in(what.point, **point));
            remarks.extend(wider.map(|point| SteerRemark::StillPaused(WorkRef::at(&what.plan, *point))));
        }
        Steer::Pause | Steer::PauseNow if changes => {
            let concerned = run
                .attempts
                .values()
                .filter(|attempt| attempt.units.iter().any(|unit| lies_in(unit.point(), what.point)));
            for attempt in concerned {
                let besides: Vec<UnitId> = attempt
                    .units
                    .iter()
                    .copied()
                    .filter(|unit| !lies_in(unit.point(), what.point))
                    .collect();
                let attempt = attempt.id.clone();
                if asked == Steer::Pause {
                    let what = what.clone();
                    remarks.push(SteerRemark::Continues {
                        attempt,
                        what,
                        besides,
                    });
                } else if !besides.is_empty() {
                    remarks.push(SteerRemark::StopsMore { attempt, besides });
                }
            }
        }
        Steer::Pause | Steer::PauseNow | Steer::Retry | Steer::Skip | Steer::Cancel | Steer::Approve => {}
    }
    remarks
}
