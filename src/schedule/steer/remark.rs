//! A remark for the person who steers: it is so already, or a part takes effect only later.

use super::command::Steer;
use crate::plan::{UnitId, WorkRef};
use crate::schedule::state::known::State;
use crate::schedule::state::plan_change::lies_in;

/// Remarks on a request that is accepted, by the state before it.
pub fn remarks(state: &State, what: &WorkRef, steer: Steer, changes: bool) -> Vec<String> {
    let run = state.plan(&what.plan);
    let mut remarks = Vec::new();
    if !changes {
        let already = match steer {
            Steer::Pause | Steer::PauseNow => "is already paused",
            Steer::Resume => "was not paused",
            Steer::Retry => "is already to be tried again",
            Steer::Skip => "has nothing left to leave out",
            Steer::Cancel => "is already cancelled, or done",
            Steer::Approve => "is already approved",
        };
        remarks.push(format!("{what} {already}"));
    }
    match steer {
        Steer::Resume => {
            let wider = run
                .paused
                .keys()
                .filter(|point| **point != what.point && lies_in(what.point, **point));
            remarks.extend(wider.map(|point| {
                let wider = WorkRef::at(&what.plan, *point);
                format!("{wider} is still paused: `orch resume {wider}` continues it")
            }));
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
                let id = &attempt.id;
                let with = listed(&besides);
                match (steer, besides.is_empty()) {
                    (Steer::PauseNow, true) => {}
                    (Steer::PauseNow, false) => {
                        remarks.push(format!("{id} is stopped, which was given {with} too"));
                    }
                    (_, true) => remarks.push(format!(
                        "{id} works on it and continues; `orch pause --now {what}` stops it"
                    )),
                    (_, false) => remarks.push(format!(
                        "{id} was given {what} together with {with} and continues: the pause counts from the \
                         next attempt on; `orch pause --now {what}` stops {id}"
                    )),
                }
            }
        }
        Steer::Pause | Steer::PauseNow | Steer::Retry | Steer::Skip | Steer::Cancel | Steer::Approve => {}
    }
    remarks
}

fn listed(units: &[UnitId]) -> String {
    let ids: Vec<String> = units.iter().map(ToString::to_string).collect();
    crate::schedule::event::words::listed(&ids)
}
