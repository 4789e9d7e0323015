//! The merge train: which plans are verified together, in which order and on top of what, and what follows from the verdicts. The
//! train is pure: verdicts go in, orders come out. Commits, trees and worktrees belong to the shell.
//!
//! May import `event`.
//!
//! A build is a batch of plans on the target tip, the commit that the target is at. The shell chains their merges and verifies
//! the last one. Verdicts lead to landings and to ejections. A landing moves the target to the very commit that was verified. A
//! plan is ejected when a batch was red twice and everything else in it has landed since, on a target tip that is green. So no
//! plan is blamed for what another did, whatever the shape of the builds.
//!
//! The module [`choose`] picks the batches from how often plans failed lately ([`FailureRate`]):
//!
//! | shape | batches | when |
//! |---|---|---|
//! | train | every prefix of the queue, one plan longer each | each commit has to be green by itself |
//! | train without a plan | the batches that are needed if that plan is red | the same, and slots are left over ([`speculate`]) |
//! | nested prefixes | few prefixes, far apart; a green one lands all before it | failures are rare |
//! | one by one | the known good batch, each time with another plan on top | failures are common |
//! | bisection | the prefix that halves the uncertainty best | one slot |
//!
//! Trains are as in bors and Zuul, prefixes far apart as in group testing (Dorfman 1943), and speculation by likelihood as in
//! Uber's SubmitQueue (Ananthanarayanan et al. 2019).

mod build_time;
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
pub use build_time::BuildTime;
pub use failure_rate::FailureRate;
pub use order::{
    Batch, Build, BuildId, LandedPlan, Landing, Order, TrainAnswer, TrainEntry, TrainOutcome, Tried, Unmoved,
};
pub use places::{PlaceBuild, RedBatch, TrainPlace, places};
pub use queue::Train;
pub use settings::TrainSettings;
pub use time_limit::time_limit;
