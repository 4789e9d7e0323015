//! A reason, as people read it.

use std::fmt;

/// One reason, in words, and what would free the plan where something can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What it is.
    pub text: String,
    /// Advice.
    pub remedy: Option<String>,
}

impl Reason {
    /// A reason that nobody need do anything about.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new(text)
    }

    pub(in crate::schedule) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            remedy: None,
        }
    }

    pub(in crate::schedule) fn with_remedy(text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            remedy: Some(remedy.into()),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
