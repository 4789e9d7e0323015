//! Errors as people read them, and exit codes.

use std::fmt;
use std::io::Write as _;
use std::process::ExitCode;

use crate::git::GitError;
use crate::plan::Diagnostics;
use crate::report::{broken, error_terminal};
use crate::supervisor::SupervisorError;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgramExit {
    /// Done.
    Done,
    /// Something failed or needs a person.
    Trouble,
    /// Wrong use, invalid manifest, or refused.
    Usage,
    /// Nothing to drive, or another supervisor holds the repository.
    Nothing,
    /// A bug.
    Bug,
    /// Interrupted.
    Interrupted,
}

impl ProgramExit {
    /// Returns the exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Trouble => 1,
            Self::Usage => 2,
            Self::Nothing => 3,
            Self::Bug => 70,
            Self::Interrupted => 130,
        }
    }
}

impl From<ProgramExit> for ExitCode {
    fn from(exit: ProgramExit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// Why a command did not do its work.
#[derive(Debug)]
pub struct CliError {
    exit: ProgramExit,
    cause: anyhow::Error,
    hints: Vec<String>,
    diagnostics: Option<Diagnostics>,
    silent: bool,
}

impl CliError {
    /// Creates an error with this exit code.
    pub fn new(exit: ProgramExit, message: impl Into<String>) -> Self {
        Self {
            exit,
            cause: anyhow::Error::msg(message.into()),
            hints: Vec::new(),
            diagnostics: None,
            silent: false,
        }
    }

    /// Creates an error for wrong use or a refusal.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(ProgramExit::Usage, message)
    }

    /// Adds a hint about the next step.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Returns the diagnostics of the manifest and the documents, if any.
    pub fn diagnostics(&self) -> Option<&Diagnostics> {
        self.diagnostics.as_ref()
    }

    /// Prints the error and returns the exit code.
    pub fn report(&self, json: bool) -> ExitCode {
        if self.silent {
            return self.exit.into();
        }
        let red = anstyle::AnsiColor::Red.on_default().bold();
        let cyan = anstyle::AnsiColor::Cyan.on_default();
        match &self.diagnostics {
            Some(diagnostics) => {
                for diagnostic in &diagnostics.0 {
                    print_line(red, "error", diagnostic);
                }
            }
            None => print_line(red, "error", format_args!("{:#}", self.cause)),
        }
        for hint in &self.hints {
            print_line(cyan, "hint", hint);
        }
        if json {
            let document = serde_json::json!({
                "schema": crate::journal::SCHEMA,
                "error": format!("{:#}", self.cause),
                "hints": self.hints,
                "faults": self.diagnostics,
            });
            // The reader may have closed the pipe.
            let _ = writeln!(std::io::stdout(), "{document}");
        }
        self.exit.into()
    }
}

/// Prints `error: …` or `hint: …`, wrapped between words on a terminal.
fn print_line(style: anstyle::Style, word: &str, said: impl fmt::Display) {
    let text = broken(&format!("{word}: {said}"), error_terminal());
    let said = text.strip_prefix(word).unwrap_or(&text);
    anstream::eprintln!("{style}{word}{style:#}{said}");
}

/// Converts an error, with its context in front.
impl From<anyhow::Error> for CliError {
    fn from(cause: anyhow::Error) -> Self {
        let error = cause.downcast_ref::<std::io::Error>();
        // A closed pipe means that the reader has read enough.
        let silent = error.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe);
        Self {
            exit: if silent {
                ProgramExit::Done
            } else {
                ProgramExit::Trouble
            },
            cause,
            hints: Vec::new(),
            diagnostics: None,
            silent,
        }
    }
}

impl From<SupervisorError> for CliError {
    fn from(error: SupervisorError) -> Self {
        let message = error.to_string();
        match error {
            SupervisorError::Diagnostics(diagnostics) => {
                let mut this = Self::refused(format!(
                    "{} found",
                    crate::report::count(diagnostics.0.len(), "fault")
                ));
                this.diagnostics = Some(diagnostics);
                this
            }
            SupervisorError::NoManifest { .. } => Self::refused(message)
                .with_hint("`orch init` writes a commented plans.toml; `--manifest FILE` names one"),
            SupervisorError::Held(_) => Self::new(ProgramExit::Nothing, message)
                .with_hint("`orch status` shows it; `orch down` stops it"),
            SupervisorError::Silent { pid, suspended, .. } => {
                let pid = pid.map_or_else(|| "PID".to_owned(), |pid| pid.to_string());
                let this = Self::new(ProgramExit::Trouble, message);
                let this = if suspended {
                    this.with_hint(format!(
                        "`kill -CONT {pid}` continues it; it may still do what was asked"
                    ))
                } else {
                    this.with_hint("try again: it may still do what was asked")
                };
                this.with_hint(format!(
                    "`kill -KILL {pid}` loses nothing: agents continue, and `orch up` takes them over"
                ))
            }
            SupervisorError::Manifest { .. } | SupervisorError::Unfit(_) | SupervisorError::Land(_) => {
                Self::refused(message)
            }
            SupervisorError::Git(
                GitError::Missing { .. }
                | GitError::TooOld { .. }
                | GitError::NotARepository { .. }
                | GitError::NoCommit { .. }
                | GitError::Format { .. }
                | GitError::Apart { .. }
                | GitError::UnknownRevision { .. }
                | GitError::AmbiguousRevision { .. },
            ) => Self::refused(message),
            SupervisorError::Git(_) => Self::new(ProgramExit::Trouble, message),
            SupervisorError::DiskFull(_) => Self::new(ProgramExit::Trouble, message).with_hint(FULL),
            SupervisorError::Journal(ref journal) if journal.is_disk_full() => {
                Self::new(ProgramExit::Trouble, message).with_hint(FULL)
            }
            SupervisorError::Journal(ref journal) if journal.is_out_of_reach() => {
                Self::new(ProgramExit::Trouble, message)
                    .with_hint("see who owns the files in `.git/orch`, and whether the disk may be written")
            }
            SupervisorError::Journal(crate::journal::JournalError::Sqlite { verb: "read", .. }) => {
                Self::new(ProgramExit::Trouble, message).with_hint(
                    "if it is damaged, `orch doctor --fix` sets it aside and saves what can be known",
                )
            }
            SupervisorError::Journal(_) | SupervisorError::Agent(_) | SupervisorError::System { .. } => {
                Self::new(ProgramExit::Trouble, message)
            }
        }
    }
}

const FULL: &str = "the disk is full: nothing that was recorded is lost, and running agents continue; make room, then run `orch up`";

impl From<crate::schedule::SteerRefusal> for CliError {
    fn from(refusal: crate::schedule::SteerRefusal) -> Self {
        crate::words::RefusalText::from(refusal).into()
    }
}

impl From<crate::words::RefusalText> for CliError {
    fn from(crate::words::RefusalText { why, hint }: crate::words::RefusalText) -> Self {
        let error = Self::refused(why);
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

impl From<crate::journal::JournalError> for CliError {
    fn from(error: crate::journal::JournalError) -> Self {
        SupervisorError::from(error).into()
    }
}

impl From<GitError> for CliError {
    fn from(error: GitError) -> Self {
        SupervisorError::from(error).into()
    }
}
