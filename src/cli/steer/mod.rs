//! Commands that tell a run what to do.

pub mod answer;
pub mod attach;
pub mod down;
pub mod inbox;
pub mod send;
pub mod unit;
