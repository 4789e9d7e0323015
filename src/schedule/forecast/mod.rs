//! Forecasts: what needs a person, which work waits for that, and when work will be done.
//!
//! May import `explain` and below.

pub(super) mod attention;
pub(super) mod eta;
pub(super) mod landings;
pub(super) mod open_work;
pub(super) mod pace;
pub(super) mod timetable;
