//! The merge train's orders: merges tried and landed, pins, phases and unions verified.
//!
//! May import `build` and below.

pub(in crate::supervisor) mod land;
pub(in crate::supervisor) mod merge;
pub(in crate::supervisor) mod phase_check;
pub(in crate::supervisor) mod pin;
pub(in crate::supervisor) mod tip;
pub(in crate::supervisor) mod union;
