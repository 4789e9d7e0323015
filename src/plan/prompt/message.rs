//! Messages to the agents of a plan.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::plan::PlanName;
use crate::plan::text::near_miss::{did_you_mean, quoted};
use crate::plan::text::unprintable::is_unprintable;

/// Longest text of a message, in bytes: as much as fits beside a prompt. Longer text belongs in a file that the message names.
pub const LONGEST_MESSAGE: usize = 16 << 10;

/// What a message is about. The kind does not change how the message is delivered, but the lead also hears about conflicts and
/// requests to wait.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// Who does what, and how parts fit together.
    #[default]
    Coordination,
    /// A progress report.
    Status,
    /// A request that nothing waits for.
    Request,
    /// Parts that do not fit together.
    Conflict,
    /// A request to wait for each other.
    SyncRequest,
}

impl MessageKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::Coordination,
        Self::Status,
        Self::Request,
        Self::Conflict,
        Self::SyncRequest,
    ];

    /// The word that people and scripts see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Coordination => "coordination",
            Self::Status => "status",
            Self::Request => "request",
            Self::Conflict => "conflict",
            Self::SyncRequest => "sync_request",
        }
    }
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is not a kind of message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no kind of message: expected one of {}{}", quoted(&MessageKind::ALL.map(MessageKind::as_str)), .hint)]
pub struct MessageKindError {
    word: String,
    hint: String,
}

impl FromStr for MessageKind {
    type Err = MessageKindError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == word);
        known.ok_or_else(|| {
            let near = did_you_mean(word, Self::ALL.map(Self::as_str));
            MessageKindError {
                word: word.to_owned(),
                hint: near.map(|hint| format!(" ({hint})")).unwrap_or_default(),
            }
        })
    }
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its number among the plan's messages, from 1.
    pub id: u32,
    /// The plan whose agent sent it; none for a person and for `orch` itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<PlanName>,
    /// What it is about.
    pub kind: MessageKind,
    /// The text.
    pub text: String,
    /// The number of the message that this one answers, among the messages of the plan that sent that message, or of the lead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<u32>,
    /// True when `orch` wrote the message. What it says may no longer hold when an agent ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_orch: bool,
}

impl Message {
    /// Who sent it, in words.
    pub fn sender(&self) -> &str {
        self.from.as_ref().map_or("the lead", PlanName::as_str)
    }
}

/// The text without characters that steer a terminal or hide something. Line ends and tabs stay. Other control characters, and
/// characters that change the writing direction, become U+FFFD.
pub fn harmless(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\t' => c,
        c if is_unprintable(c) => '\u{fffd}',
        c => c,
    };
    text.replace("\r\n", "\n").chars().map(shown).collect()
}

/// The questions of an attempt with one more, which changes nothing when it was asked before.
pub fn added_question(before: &str, question: &str) -> String {
    match before.trim() {
        "" => question.to_owned(),
        asked if asked.split("\n\n").any(|known| known == question) => asked.to_owned(),
        asked => format!("{asked}\n\n{question}"),
    }
}

/// A question as it is stored: harmless, and no longer than a message, whoever wrote it. The end says what was cut.
pub fn fit_question(question: &str) -> String {
    let question = harmless(question.trim());
    if question.len() <= LONGEST_MESSAGE {
        return question;
    }
    let mark = format!("… (cut: it had {} bytes)", question.len());
    let mut end = LONGEST_MESSAGE - mark.len();
    while !question.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{mark}", &question[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_read_as_it_is_written_and_a_near_miss_is_named() {
        for kind in MessageKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        let wrong = "conflikt".parse::<MessageKind>().unwrap_err().to_string();
        assert!(wrong.contains("did you mean `conflict`?"), "{wrong}");
    }

    #[test]
    fn what_would_steer_a_terminal_is_made_harmless_and_lines_stay() {
        let sent = harmless("one\r\n\ttwo \u{1b}[2J\u{7}\u{9b}1m\u{202e}evil ü");
        assert_eq!(sent, "one\n\ttwo \u{fffd}[2J\u{fffd}\u{fffd}1m\u{fffd}evil ü");
    }
}
