//! Facts about an attempt, read from its agent's output.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::{AgentName, AttemptId, PlanName, and_more};

/// How many denials and errors are kept per attempt. All of them are counted.
const KEPT: usize = 5;

/// All facts read from the output.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// True once any line was understood. From then on the program is expected to report its end.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub speaks: bool,
    /// The final statement about the whole attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Word>,
    /// Tools that the agent was denied.
    #[serde(skip_serializing_if = "Counted::is_empty")]
    pub denied: Counted,
    /// Errors that the agent may have overcome.
    #[serde(skip_serializing_if = "Counted::is_empty")]
    pub errors: Counted,
    /// Number of answers of the model.
    pub turns: u32,
    /// The usage.
    pub spent: Spent,
    /// The conversation's name, used to continue it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// An obstacle that is not the agent's fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<Obstacle>,
    /// The question the agent asked with its own tool, if it did nothing afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asks: Option<Box<str>>,
}

impl Facts {
    /// Returns what the output says against a success.
    pub fn fault(&self) -> Option<Fault> {
        if !self.denied.is_empty() {
            let tools = self.denied.clone();
            return Some(Fault::Denied { tools });
        }
        match &self.end {
            Some(_) => self.last_error(),
            None => self.speaks.then_some(Fault::BreaksOff),
        }
    }

    /// Returns the last word when it is an error.
    pub fn last_error(&self) -> Option<Fault> {
        let end = self.end.as_ref().filter(|end| !end.good)?;
        let text = end.text.clone();
        Some(Fault::LastWord { text })
    }

    /// Returns the last word when it is not an error.
    pub fn parting_word(&self) -> Option<String> {
        let end = self.end.as_ref().filter(|end| end.good && !end.text.is_empty());
        end.map(|end| end.text.clone())
    }
}

/// What an agent's output says against a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// The agent was denied tools.
    Denied {
        /// The tools.
        tools: Counted,
    },
    /// The last word is an error.
    LastWord {
        /// The error.
        text: String,
    },
    /// The output ends before the last word.
    BreaksOff,
}

/// The first few items of a kind, and the number of all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Number of all items.
    pub count: u32,
    /// The first few different items.
    pub first: Vec<String>,
}

impl Counted {
    /// Returns true when there are no items.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds an item.
    pub fn add(&mut self, what: String) {
        self.count = self.count.saturating_add(1);
        if self.first.len() < KEPT && !self.first.contains(&what) {
            self.first.push(what);
        }
    }
}

/// Prints `Bash(rm -rf), Write`, and the number of further items.
impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = usize::try_from(self.count).unwrap_or(usize::MAX);
        let further = all.saturating_sub(self.first.len());
        f.write_str(&and_more(&self.first.join(", "), further))
    }
}

/// An agent's last word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// True when the agent reports success.
    pub good: bool,
    /// The text.
    pub text: String,
}

/// Tokens, and their cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spent {
    /// Input tokens that were not in a cache.
    pub input: u64,
    /// Input tokens from a cache.
    pub cached: u64,
    /// Output tokens.
    pub output: u64,
    /// Cost in millionths of the currency of `budget`, or `None` if unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub micros: Option<u64>,
}

impl Spent {
    /// Returns true when no usage is known.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the number of all tokens.
    pub fn tokens(&self) -> u64 {
        self.input + self.cached + self.output
    }

    /// Returns the sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cached: self.cached.saturating_add(other.cached),
            output: self.output.saturating_add(other.output),
            micros: match (self.micros, other.micros) {
                (None, None) => None,
                (one, two) => Some(one.unwrap_or(0).saturating_add(two.unwrap_or(0))),
            },
        }
    }

    /// Returns the usage beyond `before`, for a program that counts over a whole conversation.
    #[must_use]
    pub fn beyond(self, before: Self) -> Self {
        Self {
            input: self.input.saturating_sub(before.input),
            cached: self.cached.saturating_sub(before.cached),
            output: self.output.saturating_sub(before.output),
            micros: self
                .micros
                .map(|micros| micros.saturating_sub(before.micros.unwrap_or(0))),
        }
    }
}

/// An obstacle for an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obstacle {
    /// The kind of obstacle.
    pub kind: ObstacleKind,
    /// The agent's description.
    pub why: String,
    /// When the obstacle will be gone, in seconds since 1970, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
}

/// The kinds of obstacles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObstacleKind {
    /// The account has used up its allowance for now.
    RateLimit,
    /// The service cannot be reached, or cannot answer.
    Outage,
    /// The agent is not logged in, or its login has expired.
    Login,
    /// The account is refused: its credit is used up, or it was closed.
    Account,
    /// The agent has spent its budget.
    Budget,
    /// Something asks a question that only a person can answer, such as whether a folder is trusted.
    Trust,
}

impl ObstacleKind {
    /// Returns true when the obstacle goes away by itself.
    pub fn passes(self) -> bool {
        match self {
            Self::RateLimit | Self::Outage => true,
            Self::Login | Self::Account | Self::Budget | Self::Trust => false,
        }
    }
}

/// The facts in an attempt's output so far. Later facts replace earlier ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentUsage {
    /// The plan.
    pub plan: PlanName,
    /// The attempt.
    pub attempt: AttemptId,
    /// The facts.
    pub facts: Facts,
    /// Milliseconds from now until the obstacle is gone, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resets_in_ms: Option<u64>,
}

/// An attempt ended because of a temporary obstacle. It does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// The plan.
    pub plan: PlanName,
    /// The attempt.
    pub attempt: AttemptId,
    /// The attempt's agent.
    pub agent: AgentName,
    /// The account that was used, or `None` when the agent has only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The obstacle.
    pub kind: ObstacleKind,
    /// The agent's description of the obstacle.
    pub why: String,
    /// Milliseconds until the plan continues.
    pub for_ms: u64,
    /// Milliseconds until the account can be used again.
    pub limit_ms: u64,
    /// True when the agent reported the time, false when it is a guess.
    pub told: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_few_of_many_are_kept_and_all_are_counted() {
        let mut denied = Counted::default();
        for number in 0..20 {
            denied.add(format!("tool {}", number % 8));
        }
        assert_eq!(
            denied.to_string(),
            "tool 0, tool 1, tool 2, tool 3, tool 4 and 15 more"
        );
    }

    #[test]
    fn money_that_nobody_speaks_of_is_not_none_spent() {
        let tokens = Spent {
            input: 3,
            ..Spent::default()
        };
        let money = Spent {
            micros: Some(5),
            ..Spent::default()
        };
        assert_eq!(tokens.plus(tokens).micros, None);
        assert_eq!(tokens.plus(money).micros, Some(5));
        assert_eq!(
            tokens.plus(money).beyond(money),
            tokens.plus(Spent {
                micros: Some(0),
                ..Spent::default()
            })
        );
    }

    #[test]
    fn facts_without_anything_are_short_and_read_again() {
        let text = serde_json::to_string(&Facts::default()).unwrap();
        assert_eq!(text, r#"{"turns":0,"spent":{"input":0,"cached":0,"output":0}}"#);
        assert_eq!(serde_json::from_str::<Facts>("{}").unwrap(), Facts::default());
    }
}
