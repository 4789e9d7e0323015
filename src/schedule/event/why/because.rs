//! One reason: a value of the core, or a text from outside. A need of a person is one too.

use std::fmt;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::agent_need::AgentNeed;
use super::attempt_end::Shortfall;
use super::built_on::BuiltOn;
use super::closed_work::ClosedReport;
use super::not_landing::NotLanding;
use crate::plan::{AgentName, AttemptId, CommitId, Dependency, ItemId, PhaseId, PlanName, UnitId};
use crate::schedule::event::facts::ObstacleKind;
use crate::schedule::event::notice::Ages;

/// Why something happened or did not happen. The derived code reads and writes all variants except the last one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", remote = "Self")]
pub enum Because {
    /// A person cancelled it.
    Cancelled,
    /// A person skipped it.
    LeftOut,
    /// A person asked to stop the run.
    StopAsked,
    /// No plan is left to merge.
    NothingToMerge,
    /// All remaining work needs a person.
    PersonNeeded,
    /// It needs a person for this.
    Held {
        /// The need.
        hold: Box<Hold>,
    },
    /// Several units of the plan ended without success, each with its reason.
    Units {
        /// The units.
        lost: Vec<(UnitId, Because)>,
    },
    /// A unit of the same plan, which it depends on, will not be done.
    LostUnit {
        /// The unit.
        unit: UnitId,
        /// What became of the unit.
        fate: LostAs,
    },
    /// Another plan, which it depends on, ended without success.
    LostPlan {
        /// The dependency.
        on: Dependency,
        /// What became of the plan.
        fate: LostAs,
    },
    /// The attempts are used up. Holds the reason of the last one.
    NoRetries {
        /// The number of attempts.
        attempts: u32,
        /// Why the last one failed.
        why: Box<Because>,
    },
    /// Attempts ended as soon as they began, again and again for the same reason.
    Looping {
        /// The number of such ends in a row.
        alike: u32,
        /// The retries that are left.
        left: u32,
        /// The time within which each ended.
        within: Duration,
        /// The reason.
        why: Box<Because>,
    },
    /// An agent failed. Another one takes over.
    AgentFailed {
        /// The agent.
        agent: AgentName,
        /// Why.
        why: Box<Because>,
    },
    /// An agent lacks something only a person can provide.
    CannotWork {
        /// The agent.
        agent: AgentName,
        /// The agent's description.
        said: String,
    },
    /// An agent is limited.
    Limited {
        /// The agent.
        agent: AgentName,
        /// The agent's description.
        said: String,
    },
    /// The end of the attempt, or its work, was not good enough.
    Attempt {
        /// What was wrong.
        shortfall: Box<Shortfall>,
    },
    /// The agent was ended because it was stuck.
    Stuck {
        /// How long ago each sign of life was seen.
        ages: Ages,
    },
    /// The agent was ended because the budget is used up.
    OutOfBudget,
    /// An obstacle stopped the agent.
    Obstacle {
        /// The kind of obstacle.
        obstacle: ObstacleKind,
        /// The agent's description.
        said: String,
    },
    /// An obstacle that only a person can remove stopped the agent.
    AgentNeeds {
        /// The need.
        need: Box<AgentNeed>,
    },
    /// The budget is used up. Amounts are in millionths of the currency.
    BudgetSpent {
        /// True for the run's budget, false for the plan's own.
        of_run: bool,
        /// The budget.
        budget: u64,
        /// The amount spent.
        spent: u64,
    },
    /// No agent has read the last messages to the plan.
    Unread {
        /// Number of unread messages.
        count: usize,
        /// The plan whose agent sent the first of them, or `None` for a person.
        from: Option<PlanName>,
        /// The first line of that message.
        text: String,
    },
    /// The attempt's commits conflict with the plan's branch.
    BranchConflict {
        /// The files.
        files: Vec<String>,
    },
    /// A phase does not pass its own verification.
    PhaseRed {
        /// The phase.
        phase: PhaseId,
        /// Why, with the end of the output.
        why: String,
    },
    /// Somebody reported on work that may not begin. The report does not count.
    ReportRefused {
        /// The report.
        report: Box<ClosedReport>,
    },
    /// An agent did not resolve a conflict.
    NotResolved {
        /// The attempt.
        attempt: AttemptId,
        /// Why.
        why: Box<Because>,
    },
    /// The plan, or its first phases, does not land.
    NotLanding {
        /// Why.
        no: NotLanding,
    },
    /// The work of the plan is not finished.
    Unfinished,
    /// The plan failed.
    Failed {
        /// Why.
        why: Box<Because>,
    },
    /// The plan was skipped.
    Skipped {
        /// Why.
        why: Box<Because>,
    },
    /// The plan is held.
    OnHold {
        /// Why.
        why: Box<Because>,
    },
    /// The plan is held because its verification failed.
    NotVerified,
    /// The plan was cancelled.
    PlanCancelled,
    /// The plan is finished.
    Finished,
    /// A text: from git, from a command or an agent, or any reason in an older journal.
    #[serde(skip)]
    Said(String),
}

impl Because {
    /// The obstacle that stopped an agent, as the agent describes it.
    pub(in crate::schedule) fn of_obstacle(obstacle: ObstacleKind, said: &str) -> Self {
        let said = said.to_owned();
        Self::Obstacle { obstacle, said }
    }
}

impl From<NotLanding> for Because {
    fn from(no: NotLanding) -> Self {
        Self::NotLanding { no }
    }
}

impl From<Shortfall> for Because {
    fn from(shortfall: Shortfall) -> Self {
        let shortfall = Box::new(shortfall);
        Self::Attempt { shortfall }
    }
}

/// What became of work that will not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LostAs {
    /// It failed.
    Failed,
    /// It needs a person.
    Held,
    /// It was skipped.
    Skipped,
    /// It was cancelled.
    Cancelled,
}

/// Why a plan needs a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Hold {
    /// A dependency's commit conflicts with the plan's branch.
    Conflict {
        /// The other plan.
        with: PlanName,
        /// The files.
        files: Vec<String>,
    },
    /// The plan's verification failed after all retries.
    Verification {
        /// Why, with the end of the output.
        why: Because,
    },
    /// The plan's agent stalled and was stopped.
    Stuck {
        /// Which signs of life were missing, and for how long.
        why: Because,
    },
    /// The plan lacks something only a person can provide: a login, an answer, money.
    Needs {
        /// The missing thing.
        why: Because,
        /// Advice, in older journals.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        how: String,
        /// The kind of obstacle, or `None` in older journals.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        obstacle: Option<ObstacleKind>,
    },
    /// The plan's agent asked a person.
    Asks {
        /// The question.
        question: String,
    },
    /// An obstacle is in the way that `orch` must not touch.
    Refused {
        /// Why.
        why: Because,
    },
    /// A landing removed open work from the plan's document, unticked boxes there, or withdrew requirements that the
    /// manifest has for the plan. Only the lead may do that.
    TakenAway {
        /// The plan that landed.
        by: PlanName,
        /// The landed commit.
        commit: CommitId,
        /// Tasks and their parts.
        items: Vec<ItemId>,
        /// Keys of the manifest.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        keys: Vec<String>,
    },
    /// The journal was lost, including people's decisions about the plan: pauses and cancellations.
    JournalLost {},
    /// A phase or task of the plan needs a person, and all other work has ended.
    Work {
        /// The phase or task.
        unit: UnitId,
        /// Why.
        why: Because,
        /// Work that was built on the phase or task before its check failed.
        built_on: Vec<BuiltOn>,
    },
}

impl Hold {
    /// The reason alone.
    pub fn because(&self) -> Because {
        match self {
            Self::Verification { why }
            | Self::Stuck { why }
            | Self::Needs { why, .. }
            | Self::Refused { why }
            | Self::Work { why, .. } => why.clone(),
            Self::Conflict { .. } | Self::Asks { .. } | Self::TakenAway { .. } | Self::JournalLost {} => {
                Because::Held {
                    hold: Box::new(self.clone()),
                }
            }
        }
    }
}

impl Serialize for Because {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Said(text) => serializer.serialize_str(text),
            // This calls the derived inherent function, not the trait method.
            _ => Self::serialize(self, serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Because {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrObject)
    }
}

/// Reads a text without trying the variants first, which would take far longer for a journal.
struct TextOrObject;

impl<'de> Visitor<'de> for TextOrObject {
    type Value = Because;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reason")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Because, E> {
        Ok(text.into())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Because, E> {
        Ok(text.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Because, A::Error> {
        Because::deserialize(MapAccessDeserializer::new(map))
    }
}

impl From<String> for Because {
    fn from(text: String) -> Self {
        Self::Said(text)
    }
}

impl From<&str> for Because {
    fn from(text: &str) -> Self {
        Self::Said(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_written_as_a_text_and_a_value_as_an_object() {
        for (because, json) in [
            (Because::from("no commit"), r#""no commit""#),
            (Because::Cancelled, r#"{"kind":"cancelled"}"#),
            (
                Because::Held {
                    hold: Box::new(Hold::Refused { why: "no".into() }),
                },
                r#"{"kind":"held","hold":{"kind":"refused","why":"no"}}"#,
            ),
            (
                Because::NoRetries {
                    attempts: 2,
                    why: Box::new(Because::Cancelled),
                },
                r#"{"kind":"no_retries","attempts":2,"why":{"kind":"cancelled"}}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&because).unwrap(), json);
            assert_eq!(serde_json::from_str::<Because>(json).unwrap(), because);
        }
    }
}
