//! Events as scripts and hooks read them.

use super::because::because;
use super::need::advice;
use crate::schedule::{
    AgentReplaced, Because, Event, Failed, Hold, MergeTrouble, NotLanded, PersonFact, ResolverFailed,
    Resolving, SkippedPlan, WorkSkip,
};

/// The event with sentences in place of its reasons.
pub fn told(event: &Event) -> Event {
    let mut event = event.clone();
    match &mut event {
        Event::PlanHeld {
            plan,
            why: Hold::Needs { why, how, .. },
        } => {
            *how = advice(plan, why, how);
            put(why);
        }
        Event::RunStopped { why, .. }
        | Event::AttemptFailed { why, .. }
        | Event::WorkFailed { why, .. }
        | Event::WorkSkipped(WorkSkip { why, .. })
        | Event::VerifyFailed(Failed { why, .. })
        | Event::PlanFailed(Failed { why, .. })
        | Event::PlanSkipped(SkippedPlan { why, .. })
        | Event::Warning { why, .. }
        | Event::Resolve(Resolving::Failed(ResolverFailed { why, .. }))
        | Event::Person(PersonFact::Replaced(AgentReplaced { why, .. })) => put(why),
        Event::PlanHeld { why, .. } => match why {
            Hold::Verification { why }
            | Hold::Stuck { why }
            | Hold::Refused { why }
            | Hold::Work { why, .. } => put(why),
            Hold::Needs { .. }
            | Hold::Conflict { .. }
            | Hold::Asks { .. }
            | Hold::TakenAway { .. }
            | Hold::JournalLost {} => {}
        },
        Event::MergeFailed(NotLanded { why, .. }) => match why {
            MergeTrouble::Refused { why } | MergeTrouble::NotFinished { why } => put(why),
            MergeTrouble::Conflict { tried, .. } => tried.iter_mut().for_each(|tried| put(tried)),
            MergeTrouble::Verification { .. }
            | MergeTrouble::TargetRed { .. }
            | MergeTrouble::Obstacle { .. }
            | MergeTrouble::Waits { .. }
            | MergeTrouble::Review { .. } => {}
        },
        _ => {}
    }
    event
}

fn put(why: &mut Because) {
    *why = Because::Said(because(why));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::ObstacleKind;

    #[test]
    fn scripts_read_the_words_of_a_reason_where_the_journal_has_a_value() {
        let held = Event::PlanHeld {
            plan: "auth".parse().unwrap(),
            why: Hold::Needs {
                why: Because::BudgetSpent {
                    of_run: false,
                    budget: 2_000_000,
                    spent: 2_940_000,
                },
                how: String::new(),
                obstacle: Some(ObstacleKind::Budget),
            },
        };
        let journalled = serde_json::to_value(&held).unwrap();
        assert_eq!(journalled["why"]["why"]["kind"], "budget_spent");
        let shown = serde_json::to_value(told(&held)).unwrap();
        assert_eq!(
            shown["why"]["why"],
            "its budget of 2.00 is used up: 2.94 were spent"
        );
        assert_eq!(shown["why"]["how"], "raise `budget` in [plans.auth]");
    }
}
