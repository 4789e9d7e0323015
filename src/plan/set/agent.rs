//! An agent: a command template, and what is known of how its program behaves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::{AgentName, Preset, Report};

/// An agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// Its name.
    pub name: AgentName,
    /// The program that it is known to be, by its preset or by the name of its program.
    #[serde(with = "known")]
    pub known: Option<&'static Preset>,
    /// Program and arguments, with the placeholders of [`crate::plan::COMMAND_PLACEHOLDERS`].
    pub command: Vec<String>,
    /// The same to go on with a conversation (`{session}`); none where that is not possible or not wanted.
    pub resume: Option<Vec<String>>,
    /// What its standard input holds.
    pub stdin: AgentStdin,
    /// How its output tells what it does.
    pub events: EventFormat,
    /// What is sent to make it end, one after the other within the grace period; KILL follows.
    pub stop: Vec<StopSignal>,
    /// How many processes of it may run at once; none: as many as there are slots.
    pub max: Option<usize>,
    /// Additional environment.
    pub env: BTreeMap<String, String>,
    /// The value of `{model}`.
    pub model: Option<String>,
    /// Accounts, used in turn; empty for the one that the environment gives.
    pub accounts: Vec<Account>,
    /// What its tokens cost, for one that does not say so itself.
    pub price: Option<Price>,
    /// What it has to say about its work, where its table says so.
    #[serde(default)]
    pub report: Option<Report>,
}

impl Agent {
    /// True when it runs a plan's prompt as a shell script (the preset `shell`): its prompt file then holds the
    /// document's text and nothing else.
    pub fn runs_prompt(&self) -> bool {
        self.command == ["sh", "{prompt_file}"]
    }

    /// The account of this name.
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == name)
    }
}

/// A known program, written down as its preset's name.
mod known {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::plan::Preset;

    pub fn serialize<S: Serializer>(known: &Option<&'static Preset>, to: S) -> Result<S::Ok, S::Error> {
        known.map(|preset| preset.name).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'static Preset>, D::Error> {
        let name = Option::<String>::deserialize(from)?;
        Ok(name.and_then(|name| Preset::named(&name)))
    }
}

/// `stdin` of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AgentStdin {
    /// `/dev/null`.
    None,
    /// The prompt.
    Prompt,
}

/// One of several accounts of an agent: an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its variables, on top of the agent's.
    pub env: BTreeMap<String, String>,
}

/// What a million tokens cost, in the money of `budget`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// Of input that was not read from a cache.
    pub input: f64,
    /// Of input that was.
    pub cached: f64,
    /// Of output.
    pub output: f64,
}

/// How an agent's output tells what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventFormat {
    /// It does not.
    #[default]
    None,
    /// Lines of Claude Code (`stream-json`).
    Claude,
    /// Lines of Codex (`--json`).
    Codex,
    /// Lines of OpenCode (`--format json`).
    Opencode,
    /// Lines of Gemini CLI (`stream-json`).
    Gemini,
    /// Aider's plain text.
    Aider,
}

impl EventFormat {
    /// True for programs that say how many tokens they use, and not what these cost.
    pub fn counts_tokens_alone(self) -> bool {
        match self {
            Self::Codex | Self::Gemini => true,
            Self::None | Self::Claude | Self::Opencode | Self::Aider => false,
        }
    }
}

/// A signal that asks an agent to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum StopSignal {
    /// Interrupt, to the agent's own process: as a person at its terminal would.
    Int,
    /// Terminate, to everything that it started.
    Term,
}
