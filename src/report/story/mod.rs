//! What happened in each run, told from the journal.

pub mod chronicle;
mod resolvers;
mod standing;
