//! Keys whose value is one of a few words.

use schemars::JsonSchema;
use toml::de::DeValue;

use super::reader::{FromToml, Reader, Spot};
use crate::plan::near_miss::{quoted, suggest};

macro_rules! words {
    ($($(#[$doc:meta])* $type:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ })+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
        pub enum $type { $($(#[$vdoc])* #[schemars(rename = $word)] $variant,)+ }

        impl FromToml for $type {
            fn from_toml(value: &DeValue<'_>, spot: &Spot, reader: &mut Reader<'_>) -> Option<Self> {
                let words: &[&str] = &[$($word),+];
                let DeValue::String(text) = value else {
                    reader.mismatch(value, spot, &format!("one of {}", quoted(words)));
                    return None;
                };
                match text.as_ref() {
                    $($word => Some(Self::$variant),)+
                    other => {
                        let message = format!("`{}` is {other:?}, expected one of {}", spot.path, quoted(words));
                        let hint = suggest(other, words.iter().copied()).filter(|hint| hint.starts_with("did"));
                        reader.fault(spot.place, message, hint);
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
        /// It is ended, and the next attempt goes on.
        Restart = "restart",
        /// It is ended, and a person has to look.
        Hold = "hold",
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
    /// A command line that `orch` knows.
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
    /// All presets with their names.
    pub const ALL: &[(&str, Self)] = &[
        ("claude", Self::Claude),
        ("codex", Self::Codex),
        ("opencode", Self::Opencode),
        ("gemini", Self::Gemini),
        ("aider", Self::Aider),
        ("shell", Self::Shell),
    ];

    /// The preset of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, preset)| *preset)
    }

    /// Its command line; none when it is not known yet.
    pub fn command(self) -> Option<Vec<String>> {
        match self {
            Self::Shell => Some(["sh", "{prompt_file}"].map(str::to_owned).to_vec()),
            Self::Claude | Self::Codex | Self::Opencode | Self::Gemini | Self::Aider => None,
        }
    }
}
