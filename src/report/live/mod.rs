//! The board of a run while it goes on.

pub mod board;
pub mod echo;
pub mod progress;
pub mod screen;
