//! An engine, as the rest of the program sees it.

use crate::plan::{EngineCalls, Executor};

use super::engine_job::{Listed, Manner, NoAnswer, Submission, SubmitError};
use super::scripted::Scripted;
use super::slurm::Slurm;

/// The engine of an executor.
#[derive(Debug)]
pub enum Driver {
    /// Slurm.
    Slurm(Slurm),
    /// The person's own commands.
    Scripted(Scripted),
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

    /// Submits a job and returns the engine's id of the job.
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

    /// All jobs of this person in the engine: one call for all attempts.
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
