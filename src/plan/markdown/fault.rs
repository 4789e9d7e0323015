//! What breaks a rule of plan documents.

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
    pub(super) fn new(line: usize, message: impl Into<String>, hint: impl Into<Option<String>>) -> Self {
        Self {
            line,
            message: message.into(),
            hint: hint.into(),
        }
    }
}
