//! What is to be expected: what needs a person, what that holds up, and when work will be done.
//!
//! May import `explain` and below.

pub(super) mod attention;
pub(super) mod eta;
pub(super) mod open_work;
pub(super) mod timetable;
