//! The order inside one plan: which phase or task waits for which, and why.
//!
//! Imports nothing else of `graph`.

pub(super) mod batches;
pub(super) mod by_phase;
pub(super) mod chosen_strategy;
pub(super) mod durations;
pub(super) mod gate;
pub(super) mod glob;
pub(super) mod locks;
pub(super) mod ordering;
pub(super) mod plan_order;
pub(super) mod strategies;
pub(super) mod unit_draft;
pub(super) mod waits;
