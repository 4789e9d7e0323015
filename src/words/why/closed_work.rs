//! Why work on an item may not begin, in words.

use crate::plan::AttemptId;
use crate::schedule::{ClosedBecause, ClosedReport};

/// Why the work is closed to an agent or a person.
pub fn closed_because(why: &ClosedBecause) -> String {
    match why {
        ClosedBecause::Approval(what) => {
            format!("a person has to approve {what} first (`orch approve {what}`)")
        }
        ClosedBecause::Plan(on) => format!("it waits for {on}"),
        ClosedBecause::NotMergedIn(on) => {
            format!("it builds on {on}, which is not in this worktree; the next attempt begins with it")
        }
        ClosedBecause::Conflict(of) => {
            format!("it touches files in which {of} has a conflict, which is not resolved")
        }
        ClosedBecause::AtWork(attempt) => format!("{attempt} works on it"),
        ClosedBecause::Done(item) => {
            format!("it is done (`orch task fail {item} --note WHY` says that it is not)")
        }
    }
}

pub(super) fn closed_report(report: &ClosedReport) -> String {
    let ClosedReport {
        by,
        item,
        state,
        closed,
    } = report;
    let who = by.as_ref().map_or("a report", AttemptId::as_str);
    let closed = closed_because(closed);
    format!("{who} calls {item} {state}, which may not begin: {closed}; this counts for nothing")
}
