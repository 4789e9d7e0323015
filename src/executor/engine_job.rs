//! A job of an engine: its hand-over, its place in the engine's list, and its end.

use std::path::Path;

use crate::plan::JobNeeds;

/// A job to hand over.
#[derive(Debug)]
pub struct Submission<'a> {
    /// The name in the engine's queue, for people.
    pub name: &'a str,
    /// The token that identifies the job.
    pub token: &'a str,
    /// The file that `orch __node` reads from its standard input. Its text is JSON on one line.
    pub payload: &'a Path,
    /// The job's time limit in minutes.
    pub minutes: u64,
    /// What the engine is asked for.
    pub needs: &'a JobNeeds,
}

/// Why a job was not handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubmitError {
    /// The engine does not accept the job, and has no such job.
    Refused(String),
    /// The engine may have accepted the job. Check before submitting again.
    Unclear(String),
}

/// The engine did not answer. That is no news about any job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAnswer(pub String);

/// One job that an engine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The engine's id of the job.
    pub job: String,
    /// The token that the job was submitted with.
    pub token: String,
    /// The state that the engine reports.
    pub state: ListedState,
}

/// The state of a job, as the engine reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListedState {
    /// The job waits, for this reason.
    Waiting(String),
    /// The job runs, on this node.
    Running(String),
    /// The job has ended, with the engine's word for how.
    Over(String),
}

/// How to end a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// TERM to the job's main process, which ends the agent gracefully.
    Ask,
    /// The engine removes the job.
    Kill,
}
