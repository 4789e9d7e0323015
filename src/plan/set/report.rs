//! Whose report a task needs before it counts as done.

use serde::{Deserialize, Serialize};

/// `report`: what an agent has to report about its work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// A task or VERIFY block is done only when somebody has reported it.
    Required,
    /// Commits count until an agent of the plan has reported for the first time. From then on, this is the same as `Required`.
    #[default]
    Auto,
}

impl Report {
    /// The word in the manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Auto => "auto",
        }
    }
}
