//! Agents: those that `[agents]` defines, presets that are only named, and the default for plans that name no agent.

use std::collections::BTreeMap;

use super::ledger::Ledger;
use super::one_agent::{of_preset, read};
use super::written::at::{Located, NamedTable};
use super::written::raw::RawManifest;
use super::written::raw_agent::RawAgent;
use crate::plan::text::near_miss::{did_you_mean, suggest};
use crate::plan::{Agent, AgentName, PRESETS, Place, Preset};

/// The agents of a manifest.
pub(super) struct Agents<'m> {
    /// The agents that can be used.
    pub(super) usable: BTreeMap<AgentName, Agent>,
    written: Option<&'m NamedTable<RawAgent>>,
    default: Option<&'m Located<AgentName>>,
    default_is_missing: bool,
}

impl<'m> Agents<'m> {
    pub(super) fn new(manifest: &'m RawManifest, ledger: &mut Ledger) -> Self {
        let written = manifest.agents.as_ref().map(|agents| &agents.value);
        let mut usable = BTreeMap::new();
        for (key, raw) in written.iter().flat_map(|agents| &agents.entries) {
            match key.value.parse::<AgentName>() {
                Ok(name) => {
                    if let Some(agent) = read(&name, raw, ledger) {
                        usable.insert(name, agent);
                    }
                }
                Err(error) => ledger.at(key.place, error.to_string(), None),
            }
        }
        let run = manifest.run.as_ref().map(|run| &run.value);
        let (one, several) = (
            run.and_then(|run| run.agent.as_ref()),
            run.and_then(|run| run.agents.as_ref()),
        );
        let default = one.or_else(|| several?.value.first());
        let mut agents = Self {
            usable,
            written,
            default,
            default_is_missing: false,
        };
        if let Some(default) = default {
            agents.check(default, ledger);
        }
        agents.check_list(one, several, ledger);
        agents
    }

    /// Checks `agents`, a list of agents that take over from each other. The list replaces `agent`.
    pub(super) fn check_list(
        &mut self,
        one: Option<&Located<AgentName>>,
        several: Option<&Located<Vec<Located<AgentName>>>>,
        ledger: &mut Ledger,
    ) {
        let Some(several) = several else {
            return;
        };
        if let Some(one) = one {
            let message = "`agent` and `agents` stand side by side".to_owned();
            ledger.at(
                one.place,
                message,
                "write the first agent in front of the others in `agents`".to_owned(),
            );
        }
        if several.value.is_empty() {
            let message = "`agents` names nobody".to_owned();
            ledger.at(
                several.place,
                message,
                "write agents = [\"claude\", \"codex\"]".to_owned(),
            );
        }
        for (place, name) in several.value.iter().enumerate() {
            self.check(name, ledger);
            if several.value[..place]
                .iter()
                .any(|before| before.value == name.value)
            {
                let message = format!(
                    "agent `{}` is named twice: it cannot take over from itself",
                    name.value
                );
                ledger.at(name.place, message, None);
            }
            if several.value.len() > 1 && self.runs_prompt(&name.value) {
                let message = format!(
                    "agent `{}` runs a prompt as a shell script, and takes over from nobody",
                    name.value
                );
                ledger.at(name.place, message, None);
            }
        }
    }

    /// Checks that an agent with this name exists. Adds a preset that was only named so far.
    pub(super) fn check(&mut self, name: &Located<AgentName>, ledger: &mut Ledger) {
        let text = name.value.as_str();
        let is_written = self.written.is_some_and(|agents| agents.contains(text));
        if is_written || self.usable.contains_key(&name.value) {
            return;
        }
        match Preset::named(text) {
            Some(preset) => {
                let agent = of_preset(name.value.clone(), preset);
                self.usable.insert(name.value.clone(), agent);
            }
            None => {
                let names = self.written.iter().flat_map(|agents| agents.names());
                let names: Vec<&str> = names.collect();
                let presets = PRESETS.iter().map(|preset| preset.name);
                let all = names.iter().copied().chain(presets);
                let hint = match names.is_empty() {
                    true => did_you_mean(text, all),
                    false => suggest(text, all),
                };
                let hint = hint.unwrap_or_else(|| format!("define it: [agents.{text}] with a `command`"));
                ledger.at(name.place, format!("unknown agent `{text}`"), hint);
            }
        }
    }

    /// The agent of a plan that names none. When there is no default, that is reported once.
    pub(super) fn default_for(&mut self, plan: &str, place: Place, ledger: &mut Ledger) -> Option<AgentName> {
        if let Some(default) = self.default {
            return Some(default.value.clone());
        }
        let names: Vec<&str> = self.written.iter().flat_map(|agents| agents.names()).collect();
        if let [only] = names.as_slice() {
            return only.parse().ok();
        }
        if !self.default_is_missing {
            self.default_is_missing = true;
            let (message, hint) = if names.is_empty() {
                (
                    format!("no agent is defined that could work on plan `{plan}`"),
                    "write agent = \"claude\" in [run] (or codex, opencode, gemini, aider), or [agents.NAME] with command = \
                     [\"my-agent\", \"{prompt_file}\"]"
                        .to_owned(),
                )
            } else {
                (
                    format!("plan `{plan}` names no agent and there are several"),
                    format!("write agent = \"{}\" in [run] or in the plan", names[0]),
                )
            };
            ledger.at(place, message, hint);
        }
        None
    }

    /// True when the agent runs a plan's prompt as a script.
    pub(super) fn runs_prompt(&self, name: &AgentName) -> bool {
        self.usable.get(name).is_some_and(Agent::runs_prompt)
    }
}
