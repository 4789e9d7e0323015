//! The current activity of an attempt, in words.

use super::list::rough;
use super::reason_text::ReasonText;
use super::why;
use crate::plan::{AttemptId, OnStall, PlanName, UnitId};
use crate::schedule::{AttemptActivity, StuckNext};

pub(super) fn at_work(attempt: &AttemptId, at: &AttemptActivity, plan: &PlanName) -> ReasonText {
    ReasonText::plain(match at {
        AttemptActivity::Starting(agent) => format!("agent {agent} is being started ({attempt})"),
        AttemptActivity::Submitted(executor) => {
            format!("{attempt} waits for executor {executor} to begin it")
        }
        AttemptActivity::Silent(time) => {
            format!(
                "{attempt} has been silent for {}: its node has sent nothing",
                rough(*time)
            )
        }
        AttemptActivity::Working(agent, units) => {
            format!("agent {agent} works on {} ({attempt})", named(units))
        }
        AttemptActivity::Checking(exit) => format!(
            "the agent {}; what it left is being checked ({attempt})",
            why::exit(exit)
        ),
        AttemptActivity::Integrating(exit) => format!(
            "the agent {}; its commits are being merged into the plan's branch ({attempt})",
            why::exit(exit)
        ),
        AttemptActivity::Stuck(ages, next) => {
            return ReasonText::with_remedy(
                format!("{attempt} is stuck: {}{}", why::ages(*ages), comes_next(*next)),
                format!("orch logs {plan}; orch pause --now {plan}, then orch resume {plan}, starts it anew"),
            );
        }
    })
}

fn comes_next(next: StuckNext) -> String {
    match next {
        StuckNext::Nothing => String::new(),
        StuckNext::Nudged => "; it was sent a message".to_owned(),
        StuckNext::Ending => "; it is being ended".to_owned(),
        StuckNext::In(left, action) => {
            let what = match action {
                OnStall::Nudge | OnStall::Notice => "it is sent a message",
                OnStall::Restart => "it is ended and tried again",
                OnStall::Hold => "it is ended and waits for a person",
            };
            format!("; in {} {what}, unless something moves", rough(left))
        }
    }
}

fn named(units: &[UnitId]) -> String {
    match units {
        [] => "the plan".to_owned(),
        [UnitId::Phase(one)] => format!("phase {one}"),
        [UnitId::Task(one)] => format!("task {one}"),
        [first, .., last] => format!("phases {first} to {last}"),
    }
}
