//! A run as a picture over time: the work and the waits of each plan, from beginning to end.
//!
//! `build` arranges a story, `critical` finds the chain that determined the end, `draw` makes one SVG for pages
//! and reports.

mod build;
mod critical;
pub mod draw;
pub mod model;

pub use build::{Outlook, timeline};
