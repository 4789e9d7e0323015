//! Work of two plans that touches the same files.

use std::sync::Arc;

use crate::plan::PhaseId;

/// A phase or a whole plan that comes after work of another plan, because both touch the same files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileTurn {
    /// The phase that waits; `None` when the whole plan does.
    pub of: Option<PhaseId>,
    /// The plan that goes first, by its index in the manifest.
    pub first: usize,
    /// The phases of it that touch the files, in the order of their numbers; empty when the whole plan goes first.
    pub phases: Arc<[PhaseId]>,
    /// The files, folders or patterns.
    pub files: Arc<[String]>,
}
