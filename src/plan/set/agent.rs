//! An agent: a command template, and what is known about the behaviour of its program.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::call::{AgentStdin, EventFormat, PermissionPolicy, StopSignal};
use crate::plan::{AgentName, ExecutorName, Preset, Report};

/// An agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// Its name.
    pub name: AgentName,
    /// The known program that the agent runs, recognised by its preset or by the name of its program.
    #[serde(with = "known")]
    pub known: Option<&'static Preset>,
    /// Program and arguments, with the placeholders of [`crate::plan::COMMAND_PLACEHOLDERS`].
    pub command: Vec<String>,
    /// The command that continues a conversation (`{session}`); none when that is not possible or not wanted.
    pub resume: Option<Vec<String>>,
    /// The command with which a person continues a conversation (`{session}`); none to open a shell instead.
    #[serde(default)]
    pub attach: Option<Vec<String>>,
    /// What its standard input contains.
    pub stdin: AgentStdin,
    /// The format in which its output reports events.
    pub events: EventFormat,
    /// Signals that ask the agent to end, sent one after the other within the grace period. KILL follows.
    pub stop: Vec<StopSignal>,
    /// How many processes of the agent may run at once; none for as many as there are slots.
    pub max: Option<usize>,
    /// Additional environment.
    pub env: BTreeMap<String, String>,
    /// The value of `{model}`.
    pub model: Option<String>,
    /// Accounts, used in turn; empty for the account that the environment gives.
    pub accounts: Vec<Account>,
    /// The price of its tokens, for an agent that does not report costs.
    pub price: Option<Price>,
    /// True when its program gets the tools of `orch mcp`.
    #[serde(default)]
    pub mcp: bool,
    /// How permission requests of an Agent Client Protocol program are answered.
    #[serde(default)]
    pub permissions: PermissionPolicy,
    /// What the agent has to report about its work, when its table says so.
    #[serde(default)]
    pub report: Option<Report>,
    /// Where attempts of the agent are handed over to, when its table says so.
    #[serde(default)]
    pub executor: Option<ExecutorName>,
}

impl Agent {
    /// True when the agent runs a plan's prompt as a shell script (the preset `shell`). The prompt file then contains only the
    /// document's text.
    pub fn runs_prompt(&self) -> bool {
        self.command == ["sh", "{prompt_file}"]
    }

    /// The account with this name.
    pub fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.name == name)
    }
}

/// Stores a known program as the name of its preset.
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

/// One of several accounts of an agent: a set of environment variables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// Its variables, on top of the agent's.
    pub env: BTreeMap<String, String>,
}

/// What a million tokens cost, in the currency of budgets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// Input that was not read from a cache.
    pub input: f64,
    /// Input that was read from a cache.
    pub cached: f64,
    /// Output.
    pub output: f64,
}
