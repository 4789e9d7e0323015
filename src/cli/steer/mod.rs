//! Commands that tell a run what to do.

pub mod answer;
pub mod down;
pub mod send;
pub mod unit;
