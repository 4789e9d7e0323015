//! Diagnostics of plan documents.

use super::numbers::TaskId;
use crate::plan::one_line;

/// One problem in a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentDiagnostic {
    /// Line from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to do next, or what was probably meant.
    pub hint: Option<String>,
    /// Column from 1, in characters, where it is known.
    pub column: Option<usize>,
    /// The word of the line that the diagnostic is about, until its column is known.
    about: Option<String>,
}

impl DocumentDiagnostic {
    /// A task that appears on two lines.
    pub(in crate::plan) fn twice(id: TaskId, first: usize, second: usize) -> Self {
        let message = format!("task {id} appears a second time: the first is on line {first}");
        Self::new(second, message, "give one of them another number".to_owned()).about(id)
    }

    /// A diagnostic about a line, counted from 1.
    pub(in crate::plan) fn new(
        line: usize,
        message: impl Into<String>,
        hint: impl Into<Option<String>>,
    ) -> Self {
        Self {
            line,
            column: None,
            message: unbroken(message.into()),
            hint: hint.into().map(unbroken),
            about: None,
        }
    }

    /// The same diagnostic, about this word of its line.
    pub(in crate::plan) fn about(mut self, word: impl ToString) -> Self {
        self.about = Some(word.to_string());
        self
    }

    /// Finds the column of the diagnostic's word in the text of its line. The first choice is a whole word, so that 1.1 is not
    /// found in 11.1.
    pub(in crate::plan) fn place(&mut self, line: &str) {
        let Some(word) = self.about.take().filter(|word| !word.is_empty()) else {
            return;
        };
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '.');
        let ends_open = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let alone = line.match_indices(&word).find(|(at, _)| {
            !is_part(line[..*at].chars().next_back()) && !ends_open(line[at + word.len()..].chars().next())
        });
        let at = alone.map(|(at, _)| at).or_else(|| line.find(&word));
        self.column = at.map(|at| line[..at].chars().count() + 1);
    }
}

/// Joins the lines of a message. A message quotes text that may span several lines.
fn unbroken(text: String) -> String {
    match text.contains(['\n', '\r']) {
        true => one_line(&text),
        false => text,
    }
}
