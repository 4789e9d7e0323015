//! Commands that steer a run.

pub mod answer;
pub mod attach;
pub mod down;
pub mod inbox;
pub mod send;
pub mod unit;
