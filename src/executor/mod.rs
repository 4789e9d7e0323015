//! Floor 3: the engines of clusters. This room calls their programs and reads their text; it knows nothing of git,
//! folders or plans.
//!
//! An engine queues, places, limits and kills jobs. Its answers never end an attempt: that is decided on the hub
//! (`git::hub`).

mod call;
mod driver;
mod engine_facts;
mod engine_job;
mod live_tail;
mod scratch;
mod scripted;
mod slurm;
mod ssh;

pub use driver::Driver;
pub use engine_facts::EngineFacts;
pub use engine_job::{Listed, ListedState, Manner, NoAnswer, Submission, SubmitError};
pub use live_tail::LiveTail;
pub use scratch::scratch_home;
