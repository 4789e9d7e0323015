//! The setup of worktrees, and hooks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a new worktree is provisioned with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Setup {
    /// Ignored files of the main checkout to copy, as `.gitignore` patterns, in addition to those of `.worktreeinclude`.
    pub copy: Vec<String>,
    /// A shell line that runs once in the new worktree.
    pub line: Option<String>,
}

/// `[hooks]`: shell lines that run on events.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Hooks {
    /// Runs in each new worktree, after its setup.
    pub post_create: Option<String>,
    /// Runs before a plan lands, and can refuse the landing.
    pub pre_merge: Option<String>,
    /// Runs after a plan has landed.
    pub post_merge: Option<String>,
    /// Runs in a worktree before it is removed.
    pub pre_remove: Option<String>,
    /// Runs when somebody should know.
    pub notify: Option<String>,
    /// Runs from time to time, and gets what has happened since the last time.
    pub digest: Option<String>,
    /// How often the digest runs.
    pub digest_every: Duration,
}
