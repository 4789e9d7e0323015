//! An engine, as the rest of the program sees it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::plan::{EngineCalls, Executor};

use super::engine_job::{Listed, Manner, NoAnswer, Submission, SubmitError};
use super::scratch::scratch_home;
use super::scripted::Scripted;
use super::slurm::Slurm;
use super::ssh::Ssh;

/// The engine of an executor.
#[derive(Debug)]
pub enum Driver {
    /// Slurm.
    Slurm(Slurm),
    /// Hosts that are reached by ssh.
    Ssh(Ssh),
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
            EngineCalls::Ssh {
                program,
                options,
                hosts,
            } => Self::Ssh(Ssh {
                program: program.clone(),
                options: options.clone(),
                hosts: hosts.clone(),
                home: scratch_home(executor),
                jobs: BTreeMap::new(),
            }),
            EngineCalls::Command {
                submit,
                list,
                cancel,
                tail,
            } => Self::Scripted(Scripted {
                tail: tail.clone(),
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
    pub fn submit(&mut self, job: &Submission<'_>) -> Result<String, SubmitError> {
        match self {
            Self::Slurm(slurm) => slurm.submit(job),
            Self::Ssh(ssh) => ssh.submit(job),
            Self::Scripted(scripted) => scripted.submit(job),
        }
    }

    /// All jobs of this person in the engine: one call for all attempts.
    ///
    /// # Errors
    ///
    /// When the engine does not answer.
    pub fn list(&mut self) -> Result<Vec<Listed>, NoAnswer> {
        match self {
            Self::Slurm(slurm) => slurm.list(),
            Self::Ssh(ssh) => ssh.list(),
            Self::Scripted(scripted) => scripted.list(),
        }
    }

    /// True when the last list speaks for this job, too; `None` is a job that may be anywhere.
    pub fn answers_for(&self, job: Option<&str>) -> bool {
        match self {
            Self::Ssh(ssh) => ssh.answers_for(job),
            Self::Slurm(_) | Self::Scripted(_) => true,
        }
    }

    /// Why no job can be handed over now; `None` when one can. An engine with a queue takes jobs at any time.
    pub fn is_full(&self) -> Option<String> {
        match self {
            Self::Ssh(ssh) => ssh.is_full(),
            Self::Slurm(_) | Self::Scripted(_) => None,
        }
    }

    /// The program that prints a running job's log from this offset on, as the log is written; `None` where there is none.
    pub fn tail(&self, job: &str, log: &Path, from: u64) -> Option<Vec<String>> {
        match self {
            Self::Slurm(_) => Some(Slurm::tail(job, log, from)),
            Self::Ssh(ssh) => ssh.tail(job, log, from),
            Self::Scripted(scripted) => scripted.tail(job, log, from),
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
            Self::Ssh(ssh) => ssh.cancel(job, manner),
            Self::Scripted(scripted) => scripted.cancel(job, manner),
        }
    }
}
