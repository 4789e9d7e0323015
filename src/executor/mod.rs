//! Floor 3: engines of clusters. Their programs are called and their text is read; nothing here knows git, folders or plans.
//!
//! An engine queues, places, limits and kills. What it says is never an attempt's end: that is decided on the hub (`git::hub`).

mod call;
mod driver;
mod scripted;
mod slurm;

pub use driver::{Driver, Listed, ListedState, Manner, NoAnswer, Submission, SubmitError};
