//! What breaks a rule of plan documents.

use crate::plan::TaskId;

/// One thing wrong in a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DocumentFault {
    /// Line from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to do next, or what was probably meant.
    pub hint: Option<String>,
}

impl DocumentFault {
    /// A task that stands on two lines.
    pub(super) fn twice(id: TaskId, first: usize, second: usize) -> Self {
        let message = format!("task {id} stands here a second time: the first is on line {first}");
        Self::new(second, message, "give one of them another number".to_owned())
    }

    pub(super) fn new(line: usize, message: impl Into<String>, hint: impl Into<Option<String>>) -> Self {
        Self {
            line,
            message: one_line(message.into()),
            hint: hint.into().map(one_line),
        }
    }
}

/// A message quotes what was written, which may go on over several lines.
fn one_line(text: String) -> String {
    if text.contains(['\n', '\r']) {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    } else {
        text
    }
}
