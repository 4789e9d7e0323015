//! A reason as text.

use std::fmt;

/// A reason, and what a person can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonText {
    /// The reason.
    pub text: String,
    /// What a person can do about it; `None` when nobody needs to act.
    pub remedy: Option<String>,
}

impl ReasonText {
    /// A reason for which nobody needs to act.
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            remedy: None,
        }
    }

    pub(super) fn with_remedy(text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            remedy: Some(remedy.into()),
        }
    }
}

impl fmt::Display for ReasonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
