//! Keys whose value is one of a few words.

use schemars::JsonSchema;
use toml::de::DeValue;

use crate::plan::manifest::written::reader::{FromToml, ManifestReader, Spot};
use crate::plan::text::near_miss::{did_you_mean, quoted};
use crate::plan::{EventFormat, PRESETS, Preset as KnownProgram, StopSignal};

macro_rules! words {
    ($($(#[$doc:meta])* $type:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ })+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
        pub enum $type { $($(#[$vdoc])* #[schemars(rename = $word)] $variant,)+ }

        impl FromToml for $type {
            fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut ManifestReader<'_>) -> Option<Self> {
                let words: &[&str] = &[$($word),+];
                let DeValue::String(text) = value else {
                    reader.mismatch(value, spot, &format!("one of {}", quoted(words)));
                    return None;
                };
                match text.as_ref() {
                    $($word => Some(Self::$variant),)+
                    other => {
                        let message = format!("`{}` is {other:?}, expected one of {}", spot.path, quoted(words));
                        let hint = did_you_mean(other, words.iter().copied());
                        reader.diagnostic(spot.place, message, hint);
                        None
                    }
                }
            }
        }
    )+ };
}

words! {
    /// What one agent process is given.
    Dispatch {
        /// A whole plan, cut where it waits for another one.
        Plan = "plan",
        /// One phase.
        Phase = "phase",
        /// One task.
        Task = "task",
        /// By what the document says: plans with parallel work by phase or task, others as a whole.
        Auto = "auto",
    }
    /// How edges are drawn between phases and tasks.
    Strategy {
        /// By what the document says.
        Auto = "auto",
        /// In batches.
        Batched = "batched",
        /// Phases overlap at thresholds.
        Pipeline = "pipeline",
        /// By named dependencies, then phase order.
        Dag = "dag",
        /// By named dependencies only.
        Independent = "independent",
    }
    /// What happens with plans that touch the same files.
    Overlap {
        /// Nothing.
        Allow = "allow",
        /// They are named.
        Warn = "warn",
        /// One waits for the other.
        Serialize = "serialize",
    }
    /// What happens to changes that an agent leaves uncommitted.
    Commit {
        /// They are committed.
        Auto = "auto",
        /// They are a failure.
        Require = "require",
    }
    /// When a finished plan lands.
    Merge {
        /// With `orch merge`.
        Manual = "manual",
        /// As soon as it is finished.
        Auto = "auto",
    }
    /// How a plan's commits come onto the target.
    Landing {
        /// A merge commit.
        Merge = "merge",
        /// One commit with the whole change.
        Squash = "squash",
        /// The commits replayed.
        Rebase = "rebase",
    }
    /// What is removed from the worktree of a verification before each candidate.
    Clean {
        /// All but what git ignores, such as the caches of builds.
        Untracked = "untracked",
        /// That too.
        Ignored = "ignored",
    }

    /// The engine of a cluster.
    EngineKind {
        /// Slurm.
        Slurm = "slurm",
        /// Hosts that are reached by ssh.
        Ssh = "ssh",
        /// Commands of one's own.
        Command = "command",
    }
    /// What a merge conflict leads to.
    OnConflict {
        /// The plan is held for a person.
        Hold = "hold",
        /// A resolver agent tries.
        Agent = "agent",
    }
    /// What follows when an attempt stays stuck.
    OnStuck {
        /// Nothing more than a notice.
        Notice = "notice",
        /// A message into the agent's inbox.
        Nudge = "nudge",
        /// It is ended, and the next attempt continues.
        Restart = "restart",
        /// It is ended, and a person has to look.
        Hold = "hold",
    }
    /// What an agent has to say about its work.
    Report {
        /// No task is done that nobody reported.
        Required = "required",
        /// Commits count until an agent of the plan has reported for the first time.
        Auto = "auto",
    }
    /// What a plan waits for besides plans.
    PlanGate {
        /// A person's `orch approve`, before it begins.
        Approve = "approve",
        /// A person's `orch review`, before it lands.
        Review = "review",
    }
    /// What a phase waits for besides plans.
    Gate {
        /// A person's `orch approve`.
        Approve = "approve",
    }
    /// What an agent's standard input holds.
    Stdin {
        /// Nothing.
        None = "none",
        /// The prompt.
        Prompt = "prompt",
    }
    /// How an agent's output tells what it does.
    Events {
        /// It does not.
        None = "none",
        /// Lines of Claude Code.
        Claude = "claude",
        /// Lines of Codex.
        Codex = "codex",
        /// Lines of OpenCode.
        Opencode = "opencode",
        /// Lines of Gemini CLI.
        Gemini = "gemini",
        /// Aider's text.
        Aider = "aider",
        /// Messages of the Agent Client Protocol, over its standard input and output.
        Acp = "acp",
    }
    /// A signal that asks an agent to end.
    Stop {
        /// Interrupt, to the agent's own process.
        Int = "INT",
        /// Terminate, to all that it started.
        Term = "TERM",
    }
    /// A program that `orch` knows.
    Preset {
        /// Claude Code.
        Claude = "claude",
        /// Codex.
        Codex = "codex",
        /// OpenCode.
        Opencode = "opencode",
        /// Gemini CLI.
        Gemini = "gemini",
        /// Aider.
        Aider = "aider",
        /// The prompt is itself a shell script.
        Shell = "shell",
    }
}

impl Preset {
    /// What is known of it.
    pub fn row(self) -> &'static KnownProgram {
        let name = match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Opencode => "opencode",
            Self::Gemini => "gemini",
            Self::Aider => "aider",
            Self::Shell => "shell",
        };
        // The table has a row for each, which a test shows.
        KnownProgram::named(name).unwrap_or(&PRESETS[0])
    }
}

impl From<Events> for EventFormat {
    fn from(word: Events) -> Self {
        match word {
            Events::None => Self::None,
            Events::Claude => Self::Claude,
            Events::Codex => Self::Codex,
            Events::Opencode => Self::Opencode,
            Events::Gemini => Self::Gemini,
            Events::Aider => Self::Aider,
            Events::Acp => Self::Acp,
        }
    }
}

impl From<Stop> for StopSignal {
    fn from(word: Stop) -> Self {
        match word {
            Stop::Int => Self::Int,
            Stop::Term => Self::Term,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_that_can_be_named_has_a_row_of_that_name() {
        let all = [
            (Preset::Claude, "claude"),
            (Preset::Codex, "codex"),
            (Preset::Opencode, "opencode"),
            (Preset::Gemini, "gemini"),
            (Preset::Aider, "aider"),
            (Preset::Shell, "shell"),
        ];
        for (word, name) in all {
            assert_eq!(word.row().name, name);
        }
        assert_eq!(PRESETS.len(), all.len());
    }
}
