//! Questions of the view to the person.

use super::line::InputLine;

/// A question to the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopQuestion {
    /// Whether to run a command.
    Sure {
        /// The question.
        question: String,
        /// The command.
        argv: Vec<String>,
    },
    /// Asks for a text.
    Line {
        /// The purpose of the text.
        typing: Typing,
        /// The text so far.
        line: InputLine,
    },
}

/// The purpose of a typed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typing {
    /// A search.
    Search,
    /// A command of this program.
    Command,
    /// An answer to a question of a plan's agent.
    Answer {
        /// The asking plan, phase or task, as `orch answer` takes it.
        to: String,
        /// Why it waits, for display.
        shown: String,
        /// The question, so that no other is answered.
        question: Option<String>,
    },
    /// A message to a plan's agent.
    Send {
        /// The plan.
        plan: String,
    },
}
