//! The dependencies that a plan or a part of it waits for, in words.

use super::about::About;
use super::reason_text::ReasonText;
use crate::graph::Why;
use crate::plan::{PlanName, UnitId, first_of, listed};
use crate::schedule::{DependencyState, PausedWork, RunPhase, WaitingFor};

/// How many files of an overlap are named.
const FILES: usize = 3;

pub(super) fn waiting(wait: &WaitingFor, about: &About<'_>) -> ReasonText {
    match wait {
        WaitingFor::Plan(dependency, stands) => other_plan(
            format!("waits for {dependency}"),
            &dependency.on.plan,
            stands,
            about,
        ),
        WaitingFor::Units { missing, needed, why } => ReasonText::plain(units(missing, *needed, *why)),
        WaitingFor::SameAgent(units) => {
            ReasonText::plain(format!("comes after {} of the same agent", listed(units)))
        }
        WaitingFor::Overlap { on, files, stands } => {
            let files = first_of(files, FILES, ", ");
            let text =
                format!("waits for {on}, which touches the same files ({files}; overlap = \"serialize\")");
            other_plan(text, &on.plan, stands, about)
        }
        WaitingFor::Conflict { of, files, by } => {
            let files = first_of(files, FILES, ", ");
            let text = format!("waits until the conflict of {of} in {files} is resolved");
            match by {
                Some(attempt) => ReasonText::plain(format!("{text}; {attempt} works on it")),
                None => ReasonText::with_remedy(text, format!("orch why {}", of.plan)),
            }
        }
        WaitingFor::Files { unit, since, files } => ReasonText::plain(format!(
            "waits for {unit}, at work for {} s: it touches {} too",
            since.as_secs(),
            files.join(", ")
        )),
        WaitingFor::Approval(what) => ReasonText::with_remedy(
            format!("waits for a person to approve {what}"),
            format!("orch approve {what}"),
        ),
        WaitingFor::Pause(what, PausedWork::Attached) => ReasonText::plain(format!(
            "a person is attached to {what}: nothing of it begins until that person leaves"
        )),
        WaitingFor::Pause(what, meanwhile) => {
            let rest = match meanwhile {
                PausedWork::Stopping => ": running work is being stopped, nothing new begins",
                PausedWork::GoesOn => ": running work continues, nothing new begins",
                PausedWork::Finished => ": it is finished, and does not land",
                PausedWork::Idle | PausedWork::Attached => "",
            };
            ReasonText::with_remedy(format!("{what} is paused{rest}"), format!("orch resume {what}"))
        }
        WaitingFor::FailedCheck(check) => ReasonText::with_remedy(
            format!("{check} failed in the background, and nothing new begins until it passes"),
            format!(
                "{} tries it again; `orch task skip {check} --plan {plan}` leaves it out",
                about.again(format!("{}.{check}", about.plan)),
                plan = about.plan
            ),
        ),
    }
}

fn units(missing: &[UnitId], needed: usize, why: Why) -> String {
    let ids = listed(missing);
    let share = |what: &str| format!("waits for {needed} more of {ids}: {what}");
    match why {
        Why::Threshold(thousandths) => {
            share(&format!("{}% of an earlier phase", f64::from(thousandths) / 10.0))
        }
        Why::PipelineStart if needed < missing.len() => share("its pipeline-start"),
        Why::Batch => format!("waits for the batch before: {ids}"),
        Why::Sequential => format!("waits for {ids}, which comes before it in its [SEQUENTIAL] group"),
        Why::Verified => format!("waits for {ids}, the check of an earlier phase"),
        Why::Checks => format!("checks {ids} once done"),
        Why::Named
        | Why::PhaseOrder
        | Why::PipelineStart
        | Why::OneAgent
        | Why::Depends
        | Why::Overlap
        | Why::PartOf
        | Why::Landing => format!("waits for {ids}"),
    }
}

fn other_plan(text: String, other: &PlanName, stands: &DependencyState, about: &About<'_>) -> ReasonText {
    match stands {
        DependencyState::Open => ReasonText::plain(text),
        DependencyState::Pinning => {
            ReasonText::plain(format!("{text}, which is done; its commit is being pinned"))
        }
        DependencyState::PinRefused(why) => ReasonText::with_remedy(
            format!("{text}, whose commit cannot be pinned: {why}"),
            match about.phase {
                RunPhase::Driving => "fix that, then orch down and orch up",
                RunPhase::Idle | RunPhase::Stopping { .. } | RunPhase::Stopped { .. } | RunPhase::Settled => {
                    "fix that, then orch up"
                }
            },
        ),
        DependencyState::CannotLand => ReasonText::with_remedy(
            format!("{text}; {other} is held: it cannot land as it is"),
            format!("orch why {other}"),
        ),
        DependencyState::Unreviewed => ReasonText::with_remedy(
            format!("{text}; {other} waits for a review"),
            format!("orch review {other}"),
        ),
        DependencyState::NotMerged => ReasonText::with_remedy(
            format!("{text}; {other} is finished"),
            format!("orch merge {other}"),
        ),
        DependencyState::Stopped(cause, is) if cause == other => {
            ReasonText::with_remedy(format!("{text}; {other} is {is}"), format!("orch why {other}"))
        }
        DependencyState::Stopped(cause, is) => ReasonText::with_remedy(
            format!("{text}, which waits for {cause}; {cause} is {is}"),
            format!("orch why {cause}"),
        ),
    }
}
