//! Conflicts: forecast, resolved by people, by agents and by known resolutions.

mod early_unions;
mod foreseen;
mod freeze;
mod of_phases;
mod resolution;
mod resolver;
mod resolver_steered;
mod reuse;
