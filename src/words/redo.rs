//! Why a plan's branch is not set back, in words, and what to do.

use super::list::joined;
use super::list::phases as phases_words;
use super::steer_refusal::RefusalText;
use crate::plan::{PhaseId, WorkRef};
use crate::schedule::RedoRefusal;

/// The refusal of `orch redo`.
pub fn redo_refusal(refusal: &RedoRefusal) -> RefusalText {
    let (why, hint) = words(refusal);
    RefusalText {
        why,
        hint: Some(hint),
    }
}

fn words(refusal: &RedoRefusal) -> (String, String) {
    match refusal {
        RedoRefusal::Unknown(what) => (
            format!("there is no `{what}`"),
            "`orch status` lists the plans".to_owned(),
        ),
        RedoRefusal::Task(what) => (
            format!("`{what}` is a task, and branches are set back by whole phases"),
            format!("orch redo {}.{}", what.plan, phase_of(what)),
        ),
        RedoRefusal::NotBegun(what) => (
            format!("nothing of {what} was begun: there is nothing to do again"),
            format!("orch why {what}"),
        ),
        RedoRefusal::Landed(what) => (format!("{what} has landed"), format!("orch revert {}", what.plan)),
        RedoRefusal::AtWork(plan) => (
            format!("somebody works on {plan}"),
            format!("run `orch pause --now {plan}`, wait until its agent has ended, then try again"),
        ),
        RedoRefusal::Resolving(plan) => (
            format!("a conflict of {plan} is being resolved"),
            format!("finish that, or give it up: orch merge --abort {plan}"),
        ),
        RedoRefusal::Interwoven { what, earlier } => (
            format!(
                "no commit of {} holds {} without work of {what}",
                what.plan,
                phases_words(earlier)
            ),
            format!(
                "orch redo {}.{} does those again too",
                what.plan,
                earlier.first().copied().unwrap_or(PhaseId(0))
            ),
        ),
        RedoRefusal::BuiltOn { what, by } => (
            format!("the branches of others hold {what}: {}", joined(by)),
            format!("`orch redo {what} --dependents` sets those back too"),
        ),
    }
}

fn phase_of(what: &WorkRef) -> PhaseId {
    what.point.phase().unwrap_or(PhaseId(0))
}
