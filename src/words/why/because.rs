//! A reason, in words.

use std::time::Duration;

use super::attempt_end;
use super::closed_work::closed_report;
use super::need::agent_need;
use super::not_landing::not_landing;
use super::stalled;
use crate::plan::{CommitId, ItemId, PlanName, one_line};
use crate::schedule::{Because, Hold, LostAs};
use crate::words::addressee::addressee;
use crate::words::list::joined;
use crate::words::money::amount;

/// A reason as people read it.
pub fn because(why: &Because) -> String {
    match why {
        Because::Cancelled => "a person cancelled it".to_owned(),
        Because::LeftOut => "a person skipped it".to_owned(),
        Because::StopAsked => "a person asked to stop".to_owned(),
        Because::NothingToMerge => "nothing is left to merge".to_owned(),
        Because::PersonNeeded => "what is left needs a person".to_owned(),
        Because::Held { hold } => held(hold),
        Because::Units { lost } => {
            let lost = lost.iter().map(|(unit, why)| format!("{unit}: {}", because(why)));
            lost.collect::<Vec<_>>().join("; ")
        }
        Because::LostUnit { unit, fate } => format!("it depends on {unit}, which {}", lost_as(*fate)),
        Because::LostPlan { on, fate } => {
            format!("it depends on {on}, and {} {}", on.on.plan, lost_as(*fate))
        }
        Because::NoRetries { attempts, why } => {
            format!("{} (attempt {attempts}, no retries left)", because(why))
        }
        Because::Looping {
            alike,
            left,
            within,
            why,
        } => looping(*alike, *left, *within, why),
        Because::AgentFailed { agent, why } => format!("{agent}: {}", because(why)),
        Because::CannotWork { agent, said } => format!("{agent} cannot work: {said}"),
        Because::Limited { agent, said } => format!("{agent} is limited: {said}"),
        Because::Attempt { shortfall } => attempt_end::shortfall(shortfall),
        Because::Stuck { ages } => format!("the agent was stuck and was ended: {}", stalled::ages(*ages)),
        Because::OutOfBudget => "it was ended because the budget is used up".to_owned(),
        Because::Obstacle { obstacle, said } => format!("{}: {said}", stalled::obstacle(*obstacle)),
        Because::AgentNeeds { need } => agent_need(need),
        Because::BudgetSpent {
            of_run,
            budget,
            spent,
        } => {
            let whose = if *of_run { "the run's budget" } else { "its budget" };
            format!(
                "{whose} of {} is used up: {} were spent",
                amount(*budget),
                amount(*spent)
            )
        }
        Because::Unread { count, from, text } => unread(*count, from.as_ref(), text),
        Because::BranchConflict { files } => format!(
            "its commits conflict with what is on the plan's branch by now: {}",
            files.join(", ")
        ),
        Because::PhaseRed { phase, why } => format!("phase {phase} does not pass its `verify`: {why}"),
        Because::ReportRefused { report } => closed_report(report),
        Because::NotResolved { attempt, why } => format!("{attempt} could not resolve it: {}", because(why)),
        Because::NotLanding { no } => not_landing(no),
        Because::Unfinished => "its work is not finished".to_owned(),
        Because::Failed { why } => format!("it failed: {}", because(why)),
        Because::Skipped { why } => format!("it was skipped: {}", because(why)),
        Because::OnHold { why } => format!("it is held: {}", because(why)),
        Because::NotVerified => "it is held: its verification failed".to_owned(),
        Because::PlanCancelled => "it was cancelled".to_owned(),
        Because::Finished => "it is finished".to_owned(),
        Because::Said(text) => text.clone(),
    }
}

/// Why no further attempt is made although there are retries left.
fn looping(alike: u32, left: u32, within: Duration, why: &Because) -> String {
    let left = match left {
        1 => "1 retry".to_owned(),
        left => format!("{left} retries"),
    };
    format!(
        "{} ({alike} attempts in a row ended so within {} s of their start, so the {left} left are not spent)",
        because(why),
        within.as_secs()
    )
}

fn unread(count: usize, from: Option<&PlanName>, text: &str) -> String {
    let what = match count {
        1 => "1 unread message".to_owned(),
        more => format!("{more} unread messages"),
    };
    format!("{what} that no agent has read, from {}: {text}", addressee(from))
}

/// Why a plan needs a person.
pub fn held(hold: &Hold) -> String {
    match hold {
        Hold::Conflict { with, files } => format!("conflicts with {with} in {}", files.join(", ")),
        Hold::TakenAway {
            by,
            commit,
            items,
            keys,
        } => taken_away(by, commit, items, keys),
        Hold::Asks { question } => format!("asks \"{}\"", one_line(question)),
        Hold::JournalLost {} => {
            "the journal was lost, and with it what people decided about the plan".to_owned()
        }
        Hold::Verification { why }
        | Hold::Stuck { why }
        | Hold::Needs { why, .. }
        | Hold::Refused { why }
        | Hold::Work { why, .. } => because(why),
    }
}

/// A landing that changed a document or a manifest.
fn taken_away(by: &PlanName, commit: &CommitId, items: &[ItemId], keys: &[String]) -> String {
    let mut did = Vec::new();
    if !items.is_empty() {
        did.push(format!(
            "took {} out of its document or unticked it",
            joined(items)
        ));
    }
    if !keys.is_empty() {
        did.push(format!("removed or replaced {} in the manifest", keys.join(", ")));
    }
    format!("the landing of {by} ({}) {}", commit.short(), did.join(" and "))
}

const fn lost_as(fate: LostAs) -> &'static str {
    match fate {
        LostAs::Failed => "failed",
        LostAs::Held => "needs a person",
        LostAs::Skipped => "was skipped",
        LostAs::Cancelled => "was cancelled",
    }
}
