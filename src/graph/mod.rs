//! Floor 1: plans and phases as one graph, and what the scheduler wants to know of it.

mod phases;

pub use phases::{PhaseGraph, PhaseNode, PhaseRank};
