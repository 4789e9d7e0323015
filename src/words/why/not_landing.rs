//! Why a plan, or its first phases, does not land, in words.

use crate::schedule::NotLanding;
use crate::words::list::phases;

pub(super) fn not_landing(no: &NotLanding) -> String {
    let was = |one: bool| if one { "was" } else { "were" };
    match no {
        NotLanding::NoSuchPhase(plan, phase) => format!("plan {plan} has no phase {phase}"),
        NotLanding::LandsWhole => "it lands as a whole, after a review".to_owned(),
        NotLanding::OtherCommits(plan, phase) => format!(
            "its `merge_strategy` lands other commits than the plan's own, and what comes after phase {phase} is built on \
             those: write `merge_strategy = \"merge\"` for {plan}, or land the whole plan when it is finished"
        ),
        NotLanding::NotDone(open) => {
            let be = if open.len() == 1 { "is" } else { "are" };
            format!("{} {be} not done", phases(open))
        }
        NotLanding::NotPinned(phase, why) => {
            format!("the commit with which phase {phase} ended is not known: {why}")
        }
        NotLanding::NotNoted(phase) => format!(
            "the commit with which phase {phase} ended is not known: no supervisor was there to note it; a later phase, or the \
             whole plan, can land"
        ),
        NotLanding::NotKnown(phase) => format!(
            "what the commit holds with which phase {phase} ended is not known: a later phase, or the whole plan, can land"
        ),
        NotLanding::Uncommitted(phase, files) => {
            let what = match files {
                1 => "1 file".to_owned(),
                more => format!("{more} files"),
            };
            format!(
                "{what} of phase {phase} {} in no commit when it was done: a later phase, or the whole plan, can land",
                was(*files == 1)
            )
        }
        NotLanding::HoldsPartOf(phase, partly) => format!(
            "the commit with which phase {phase} ended may hold a part of {}, which {} not finished then: ask for a later phase, \
             once that is done",
            phases(partly),
            was(partly.len() == 1)
        ),
        NotLanding::HoldsAll(phase, plan) => format!(
            "the commit with which phase {phase} ended holds the whole plan: `orch merge {plan}` lands it when it is finished"
        ),
        NotLanding::BeforeItsTurn => "a person asked to stop before its turn came".to_owned(),
        NotLanding::Paused(plan) => format!("it is paused: `orch resume {plan}` continues it"),
        NotLanding::VerificationStopped => "its verification was stopped".to_owned(),
        NotLanding::TargetMoved(times) => {
            format!("its target was moved by somebody else {times} times while candidates were verified")
        }
    }
}
