//! The story of each run, read from the journal.

pub mod attempt_story;
pub mod chronicle;
pub mod figures;
pub mod merge_story;
mod resolvers;
pub mod spell;
mod spells;
