//! A run as a picture of time: what each plan did and waited for, from its beginning to its end.
//!
//! `build` arranges a story, `critical` finds what decided the end, `draw` makes one SVG for pages and reports.

mod build;
mod critical;
pub mod draw;
pub mod model;

pub use build::{Outlook, timeline};
