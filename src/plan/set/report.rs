//! Whose word a task needs before it counts as done.

use serde::{Deserialize, Serialize};

/// `report`: what an agent has to say about its work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// No task and no VERIFY block is done that nobody reported.
    Required,
    /// Commits count until an agent of the plan has reported for the first time; from then on as `Required`.
    #[default]
    Auto,
}

impl Report {
    /// The word of the manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Auto => "auto",
        }
    }
}
