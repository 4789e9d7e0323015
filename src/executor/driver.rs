//! An engine as the rest of the program sees it.

use std::path::Path;

use crate::plan::{EngineCalls, Executor};

use super::scripted::Scripted;
use super::slurm::Slurm;

/// The engine of an executor.
#[derive(Debug)]
pub enum Driver {
    /// Slurm.
    Slurm(Slurm),
    /// Commands of one's own.
    Scripted(Scripted),
}

/// A job to hand over.
#[derive(Debug)]
pub struct Submission<'a> {
    /// What people see in the engine's queue.
    pub name: &'a str,
    /// What the job is known by.
    pub token: &'a str,
    /// The file that `orch __node` reads from its standard input. Its text is JSON of one line.
    pub payload: &'a Path,
    /// The job's time limit in minutes.
    pub minutes: u64,
}

/// Why a job was not handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubmitError {
    /// The engine does not take it, and has no such job.
    Refused(String),
    /// Perhaps it was: look before it is done again.
    Unclear(String),
}

/// The engine did not answer. That is no news about any job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoAnswer(pub String);

/// One job that an engine has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The engine's name of the job.
    pub job: String,
    /// The token that it was handed over with.
    pub token: String,
    /// What the engine says about it.
    pub state: ListedState,
}

/// What an engine says about a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListedState {
    /// It waits, for this reason.
    Waiting(String),
    /// It runs, on this node.
    Running(String),
    /// It has ended, in the engine's word.
    Over(String),
}

/// How a job is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// TERM to its main process, which ends the agent with grace.
    Ask,
    /// The engine removes it.
    Kill,
}

impl Driver {
    /// The engine of this executor.
    pub fn of(executor: &Executor) -> Self {
        match &executor.engine {
            EngineCalls::Slurm { program, options } => Self::Slurm(Slurm {
                program: program.clone(),
                options: options.clone(),
            }),
            EngineCalls::Command { submit, list, cancel } => Self::Scripted(Scripted {
                submit: submit.clone(),
                list: list.clone(),
                cancel: cancel.clone(),
            }),
        }
    }

    /// Hands a job over and gives the engine's name of it.
    ///
    /// # Errors
    ///
    /// When the engine refuses, or does not answer clearly.
    pub fn submit(&self, job: &Submission<'_>) -> Result<String, SubmitError> {
        match self {
            Self::Slurm(slurm) => slurm.submit(job),
            Self::Scripted(scripted) => scripted.submit(job),
        }
    }

    /// All jobs that the engine has of this person: one question for all attempts.
    ///
    /// # Errors
    ///
    /// When the engine does not answer.
    pub fn list(&self) -> Result<Vec<Listed>, NoAnswer> {
        match self {
            Self::Slurm(slurm) => slurm.list(),
            Self::Scripted(scripted) => scripted.list(),
        }
    }

    /// Ends a job.
    ///
    /// # Errors
    ///
    /// When the engine does not answer, or has no such job.
    pub fn cancel(&self, job: &str, manner: Manner) -> Result<(), NoAnswer> {
        match self {
            Self::Slurm(slurm) => slurm.cancel(job, manner),
            Self::Scripted(scripted) => scripted.cancel(job, manner),
        }
    }
}
