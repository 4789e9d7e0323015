//! Positions as editors count them: lines from 0, and columns in UTF-16.

use serde::{Deserialize, Serialize};

/// A position between two characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Utf16Position {
    /// Line from 0.
    pub line: usize,
    /// The number of UTF-16 units before it on the line.
    pub character: usize,
}

/// A range between two positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Utf16Range {
    /// Its start.
    pub start: Utf16Position,
    /// Its end.
    pub end: Utf16Position,
}
