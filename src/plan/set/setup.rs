//! What is done for worktrees besides checking them out.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a new worktree is prepared with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Setup {
    /// Ignored files of the main checkout to copy, as patterns of `.gitignore`, besides those of `.worktreeinclude`.
    pub copy: Vec<String>,
    /// A shell line to run there once.
    pub line: Option<String>,
}

/// `[hooks]`: shell lines that run on events.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hooks {
    /// Runs in each new worktree, after its setup.
    pub post_create: Option<String>,
    /// Runs before a plan lands, and can refuse that.
    pub pre_merge: Option<String>,
    /// Runs after a plan has landed.
    pub post_merge: Option<String>,
    /// Runs in a worktree before it is removed.
    pub pre_remove: Option<String>,
    /// Runs when somebody should know.
    pub notify: Option<String>,
    /// Runs from time to time with what has happened since.
    pub digest: Option<String>,
    /// How often that is.
    pub digest_every: Duration,
}
