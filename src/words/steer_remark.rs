//! Remarks on a request that is accepted, in words.

use crate::plan::{UnitId, listed};
use crate::schedule::{Steer, SteerRemark};

/// A remark as people read it.
pub fn steer_remark(remark: &SteerRemark) -> String {
    match remark {
        SteerRemark::Already { what, asked } => {
            let already = match asked {
                Steer::Pause | Steer::PauseNow => "is already paused",
                Steer::Resume => "was not paused",
                Steer::Retry => "is already to be tried again",
                Steer::Skip => "has nothing left to leave out",
                Steer::Cancel => "is already cancelled, or done",
                Steer::Approve => "is already approved",
            };
            format!("{what} {already}")
        }
        SteerRemark::StillPaused(wider) => {
            format!("{wider} is still paused: `orch resume {wider}` continues it")
        }
        SteerRemark::StopsMore { attempt, besides } => {
            format!("{attempt} is stopped, which was given {} too", units(besides))
        }
        SteerRemark::Continues {
            attempt,
            what,
            besides,
        } if besides.is_empty() => {
            format!("{attempt} works on it and continues; `orch pause --now {what}` stops it")
        }
        SteerRemark::Continues {
            attempt,
            what,
            besides,
        } => format!(
            "{attempt} was given {what} together with {} and continues: the pause counts from the next attempt on; \
             `orch pause --now {what}` stops {attempt}",
            units(besides)
        ),
    }
}

fn units(units: &[UnitId]) -> String {
    let ids: Vec<String> = units.iter().map(ToString::to_string).collect();
    listed(&ids)
}
