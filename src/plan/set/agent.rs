//! An agent: a command template, and what is known of how its program behaves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::call::{AgentStdin, EventFormat, PermissionPolicy, StopSignal};
use crate::plan::{AgentName, ExecutorName, Preset, Report};

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
    /// The same to continue with a conversation (`{session}`); none where that is not possible or not wanted.
    pub resume: Option<Vec<String>>,
    /// The command with which a person continues a conversation (`{session}`); none: a shell is opened instead.
    #[serde(default)]
    pub attach: Option<Vec<String>>,
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
    /// True when its program is given the tools of `orch mcp`.
    #[serde(default)]
    pub mcp: bool,
    /// What a program of the Agent Client Protocol is allowed.
    #[serde(default)]
    pub permissions: PermissionPolicy,
    /// What it has to say about its work, where its table says so.
    #[serde(default)]
    pub report: Option<Report>,
    /// Where its attempts are handed over to, where its table says so.
    #[serde(default)]
    pub executor: Option<ExecutorName>,
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
