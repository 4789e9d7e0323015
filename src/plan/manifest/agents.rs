//! Agents: what `[agents]` defines, presets that are merely named, and who works where nobody is named.

use std::collections::BTreeMap;

use super::at::{At, Named};
use super::ledger::Ledger;
use super::raw::{RawAgent, RawManifest};
use super::unsupported::{PRESET_INSTEAD, preset_works};
use super::words::{Preset, Stdin};
use crate::plan::near_miss::suggest;
use crate::plan::{Agent, AgentName, AgentStdin, COMMAND_PLACEHOLDERS, Place, Template};

/// The agents of a manifest.
pub(super) struct Agents<'m> {
    /// Those that can be used.
    pub(super) usable: BTreeMap<AgentName, Agent>,
    written: Option<&'m Named<RawAgent>>,
    default: Option<&'m At<AgentName>>,
    default_is_missing: bool,
}

impl<'m> Agents<'m> {
    pub(super) fn new(manifest: &'m RawManifest, ledger: &mut Ledger) -> Self {
        let written = manifest.agents.as_ref().map(|agents| &agents.value);
        let mut usable = BTreeMap::new();
        for (key, raw) in written.iter().flat_map(|agents| &agents.entries) {
            match key.value.parse::<AgentName>() {
                Ok(name) => {
                    if let Some(agent) = agent(&name, raw, ledger) {
                        usable.insert(name, agent);
                    }
                }
                Err(error) => ledger.at(key.place, error.to_string(), None),
            }
        }
        let default = manifest.run.as_ref().and_then(|run| run.value.agent.as_ref());
        let mut agents = Self {
            usable,
            written,
            default,
            default_is_missing: false,
        };
        if let Some(default) = default {
            agents.check(default, ledger);
        }
        agents
    }

    /// Checks that an agent of this name exists; a preset that was only named is added.
    pub(super) fn check(&mut self, name: &At<AgentName>, ledger: &mut Ledger) {
        let text = name.value.as_str();
        let is_written = self.written.is_some_and(|agents| agents.contains(text));
        if is_written || self.usable.contains_key(&name.value) {
            return;
        }
        match Preset::named(text) {
            Some(preset) if preset_works(text) => {
                if let Some(command) = preset.command() {
                    let agent = plain(name.value.clone(), command);
                    self.usable.insert(name.value.clone(), agent);
                }
            }
            Some(_) => {
                let message = format!("the preset `{text}` is not yet supported");
                ledger.at(
                    name.place,
                    message,
                    format!("write [agents.{text}] and {PRESET_INSTEAD}"),
                );
            }
            None => {
                let names = self.written.iter().flat_map(|agents| agents.names());
                let names: Vec<&str> = names.collect();
                let hint = suggest(text, names.iter().copied())
                    .unwrap_or_else(|| format!("define it: [agents.{text}] with a `command`"));
                ledger.at(name.place, format!("unknown agent `{text}`"), hint);
            }
        }
    }

    /// The agent of a plan that names none; when there is none either, that is reported once.
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
                    "write [agents.NAME] with command = [\"my-agent\", \"{prompt_file}\"]".to_owned(),
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

    /// Whether the agent runs a plan's prompt as a script.
    pub(super) fn runs_prompt(&self, name: &AgentName) -> bool {
        self.usable.get(name).is_some_and(Agent::runs_prompt)
    }
}

fn plain(name: AgentName, command: Vec<String>) -> Agent {
    Agent {
        name,
        command,
        stdin: AgentStdin::None,
        max: None,
        env: BTreeMap::new(),
        model: None,
    }
}

fn agent(name: &AgentName, raw: &At<RawAgent>, ledger: &mut Ledger) -> Option<Agent> {
    let At { value: raw, place } = raw;
    let command = match (&raw.command, &raw.preset) {
        (Some(command), _) => {
            check_command(name, command, ledger);
            command.value.iter().map(|part| part.value.clone()).collect()
        }
        // A preset that is not there yet was reported where it is written.
        (None, Some(preset)) => preset.value.command()?,
        (None, None) => {
            let message = format!("agent `{name}` has no `command`");
            let hint = match Preset::named(name.as_str()) {
                Some(_) if preset_works(name.as_str()) => format!("write preset = \"{name}\" or a `command`"),
                _ => "write command = [\"my-agent\", \"{prompt_file}\"]".to_owned(),
            };
            ledger.at(*place, message, hint);
            return None;
        }
    };
    let mut agent = plain(name.clone(), command);
    if raw
        .stdin
        .as_ref()
        .is_some_and(|stdin| stdin.value == Stdin::Prompt)
    {
        agent.stdin = AgentStdin::Prompt;
    }
    agent.max = raw.max.as_ref().map(|max| max.value.0 as usize);
    agent.model = raw.model.as_ref().map(|model| model.value.0.clone());
    for (variable, value) in raw.env.iter().flat_map(|env| &env.value.entries) {
        if variable.value.is_empty() || variable.value.contains(['=', '\0']) {
            let message = format!(
                "`{}` cannot be the name of an environment variable",
                variable.value
            );
            ledger.at(variable.place, message, None);
        }
        agent.env.insert(variable.value.clone(), value.value.clone());
    }
    Some(agent)
}

fn check_command(name: &AgentName, command: &At<Vec<At<String>>>, ledger: &mut Ledger) {
    if command
        .value
        .first()
        .is_none_or(|program| program.value.is_empty())
    {
        let message = format!("the `command` of agent `{name}` names no program");
        ledger.at(
            command.place,
            message,
            "write command = [\"my-agent\", \"{prompt_file}\"]".to_owned(),
        );
    }
    for part in &command.value {
        if let Err(error) = Template::parse(&part.value, COMMAND_PLACEHOLDERS) {
            ledger.at(part.place, format!("command of agent `{name}`: {error}"), None);
        }
    }
}
