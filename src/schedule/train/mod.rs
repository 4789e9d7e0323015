//! The merge train: which plans are verified together, in which order, on top of what, and what follows from the verdicts. Pure:
//! verdicts go in, orders come out; commits, trees and worktrees belong to the shell.
//!
//! May import `event`.
//!
//! A build is a batch of plans on the target tip, the commit that the target is at. The shell chains their merges and verifies
//! the last one. From the verdicts follow landings (the target moves to the very commit that was verified) and ejections: a plan
//! is to blame when a batch was red twice and everything else of it has landed since, on a target tip that is green. So whatever
//! shape the builds had, nobody is blamed for what another did.
//!
//! Which batches are tried is [`choose`]n from how often plans failed lately ([`FailureRate`]):
//!
//! | shape | batches | when |
//! |---|---|---|
//! | train | every prefix of the queue, one plan longer each | each commit has to be green by itself |
//! | train without a plan | what will be needed if that one is red | the same, slots are left over ([`speculate`]) |
//! | nested prefixes | few prefixes, far apart; a green one lands all before it | failures are rare |
//! | one by one on what is known good | the same batch with another plan on top each | failures are common |
//! | bisection | the prefix that splits the doubt best | one slot |
//!
//! Trains as bors and Zuul have them; prefixes far apart as in group testing (Dorfman 1943); speculation by likelihood as
//! in Uber's SubmitQueue (Ananthanarayanan et al. 2019).

mod choose;
pub(super) mod early;
mod ejected;
mod fact;
mod failure_rate;
mod order;
mod places;
mod prefixes;
mod queue;
mod settings;
mod settle;
mod speculate;
mod time_limit;
mod window;

pub use crate::schedule::event::merge_facts::Verdict;
pub use failure_rate::FailureRate;
pub use order::{
    Batch, Build, BuildId, LandedPlan, Landing, Order, TrainAnswer, TrainEntry, TrainOutcome, Tried, Unmoved,
};
pub use places::{PlaceBuild, RedBatch, TrainPlace, places};
pub use queue::Train;
pub use settings::TrainSettings;
pub use time_limit::time_limit;
