//! The live board of a run.

pub mod board;
pub mod echo;
pub mod progress;
pub mod screen;
