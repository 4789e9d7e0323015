//! What happened in each run, told from the journal.

pub mod chronicle;
pub mod figures;
mod resolvers;
pub mod spell;
mod spells;
