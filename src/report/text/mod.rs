//! Formatting words, numbers and times, and measuring their width.

pub mod clock;
pub mod count;
pub mod hanging;
pub mod markup;
pub mod named_lines;
pub mod palette;
pub mod size;
pub mod span;
pub mod visible;
pub mod width;
