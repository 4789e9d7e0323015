//! Places as editors count them: lines from 0, and columns in UTF-16.

use serde::{Deserialize, Serialize};

/// A place between two characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Utf16Position {
    /// Line from 0.
    pub line: usize,
    /// UTF-16 units in front of it on the line.
    pub character: usize,
}

/// From one place to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Utf16Range {
    /// Where it begins.
    pub start: Utf16Position,
    /// Where it ends.
    pub end: Utf16Position,
}
