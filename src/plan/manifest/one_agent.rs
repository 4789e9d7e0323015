//! One table of `[agents]`: a preset with overrides, or a custom command.

use std::collections::BTreeMap;

use super::executors;
use super::ledger::Ledger;
use super::written::at::{Located, NamedTable};
use super::written::raw_agent::{RawAgent, RawPrice};
use super::written::values::Permissions;
use super::written::words::Stdin;
use crate::plan::{
    Account, Agent, AgentName, AgentStdin, COMMAND_PLACEHOLDERS, EventFormat, MCP_PROGRAMS, PermissionPolicy,
    Place, Preset, Price, RESUME_PLACEHOLDERS, StopSignal, Template,
};

/// The agent of a preset without overrides.
pub(super) fn of_preset(name: AgentName, preset: &'static Preset) -> Agent {
    let line = |goes_on| preset.command_line(None, &[], false, goes_on);
    Agent {
        name,
        known: Some(preset),
        command: line(false).unwrap_or_default(),
        resume: line(true),
        attach: attach_of(preset),
        stdin: preset.stdin,
        events: preset.events,
        stop: preset.stop.to_vec(),
        max: None,
        env: BTreeMap::new(),
        model: None,
        accounts: Vec::new(),
        price: None,
        mcp: false,
        permissions: PermissionPolicy::default(),
        report: None,
        executor: None,
    }
}

/// The agent that a table defines; none when its command is unknown, which is reported to the ledger.
pub(super) fn read(name: &AgentName, raw: &Located<RawAgent>, ledger: &mut Ledger) -> Option<Agent> {
    let Located { value: raw, place } = raw;
    let named = raw.preset.as_ref().map(|preset| preset.value.row());
    // A table with the name of a preset and without a command means that preset.
    let preset = named.or_else(|| Preset::named(name.as_str()).filter(|_| raw.command.is_none()));
    let mut agent = match (&raw.command, preset) {
        (Some(command), _) => own_command(name, command, preset, ledger),
        (None, Some(preset)) => {
            let permissions =
                options(raw).map(|(_, list)| list.iter().map(|part| part.value.clone()).collect::<Vec<_>>());
            let args = raw.args.as_ref().map(words).unwrap_or_default();
            let line =
                |goes_on| preset.command_line(permissions.as_deref(), &args, raw.model.is_some(), goes_on);
            Agent {
                command: line(false).unwrap_or_default(),
                resume: line(true),
                ..of_preset(name.clone(), preset)
            }
        }
        (None, None) => {
            // An invalid preset was already reported at its position.
            let written = format!("`agents.{name}.preset`");
            if ledger
                .diagnostics
                .iter()
                .any(|diagnostic| diagnostic.message.starts_with(&written))
            {
                return None;
            }
            let message = format!("agent `{name}` has no `command`");
            let hint = "write command = [\"my-agent\", \"{prompt_file}\"], or preset = \"claude\"".to_owned();
            ledger.at(*place, message, hint);
            return None;
        }
    };
    let args = raw.args.as_ref().map(|list| (list.place, list.value.as_slice()));
    for (key, list) in [("permissions", options(raw)), ("args", args)] {
        let Some((place, list)) = list else { continue };
        check_words(name, list, key, COMMAND_PLACEHOLDERS, ledger);
        if raw.command.is_some() {
            let message =
                format!("agent `{name}`: `{key}` adds to a preset's command, and there is a `command`");
            ledger.at(place, message, "write them into the `command`".to_owned());
        }
    }
    if let Some(resume) = &raw.resume {
        agent.resume = conversation(name, resume, "resume", ledger);
    }
    match (&raw.attach, agent.known.filter(|_| raw.model.is_some())) {
        (Some(attach), _) => agent.attach = conversation(name, attach, "attach", ledger),
        (None, Some(known)) => {
            let model = known.model.iter().map(|word| (*word).to_owned());
            agent
                .attach
                .iter_mut()
                .for_each(|line| line.extend(model.clone()));
        }
        (None, None) => {}
    }
    match raw.stdin.as_ref().map(|stdin| stdin.value) {
        Some(Stdin::Prompt) => agent.stdin = AgentStdin::Prompt,
        Some(Stdin::None) => agent.stdin = AgentStdin::None,
        None => {}
    }
    if let Some(events) = &raw.events {
        agent.events = events.value.into();
    }
    of_protocol(name, raw, &mut agent, ledger);
    if let Some(stop) = &raw.stop {
        agent.stop = stop.value.iter().map(|signal| signal.value.into()).collect();
    }
    agent.mcp = raw.mcp.as_ref().is_some_and(|mcp| mcp.value);
    if let Some(mcp) = raw.mcp.as_ref().filter(|mcp| mcp.value && !can_be_told(&agent)) {
        let message = format!("`orch` does not know how the program of agent `{name}` is told of tools");
        let hint = "give it a server of its own: `orch mcp` speaks over standard input and output".to_owned();
        ledger.at(mcp.place, message, hint);
    }
    agent.report = raw.report.as_ref().map(|report| report.value.into());
    agent.executor = executors::named(raw.executor.as_ref());
    agent.max = raw.max.as_ref().map(|max| max.value.0 as usize);
    agent.model = raw.model.as_ref().map(|model| model.value.0.clone());
    agent.env = raw
        .env
        .as_ref()
        .map(|env| variables(&env.value, ledger))
        .unwrap_or_default();
    for (key, env) in raw.accounts.iter().flat_map(|accounts| &accounts.value.entries) {
        let name = key.value.clone();
        agent.accounts.push(Account {
            name,
            env: variables(&env.value, ledger),
        });
    }
    agent.price = raw.price.as_ref().and_then(|price| price_of(name, price, ledger));
    Some(agent)
}

/// Applies what follows from the Agent Client Protocol, or from its absence.
fn of_protocol(name: &AgentName, raw: &RawAgent, agent: &mut Agent, ledger: &mut Ledger) {
    if agent.events == EventFormat::Acp {
        // The protocol names the conversation, and INT ends the turn in that conversation.
        if raw.resume.is_none() {
            agent.resume = Some(agent.command.clone());
        }
        agent.stop = vec![StopSignal::Int, StopSignal::Term];
    }
    if let Some(&Located {
        value: Permissions::Policy(policy),
        place,
    }) = raw.permissions.as_ref()
    {
        agent.permissions = policy;
        if agent.events != EventFormat::Acp {
            let message =
                format!("agent `{name}` does not ask for permission in a way that `orch` can answer");
            let hint =
                "write its options as a list, or events = \"acp\" where it speaks that protocol".to_owned();
            ledger.at(place, message, hint);
        }
    }
}

/// The price of an agent's tokens; none when a part is missing, which is reported to the ledger.
fn price_of(name: &AgentName, price: &Located<RawPrice>, ledger: &mut Ledger) -> Option<Price> {
    let amount =
        |amount: &Option<Located<super::written::values::Amount>>| amount.as_ref().map(|at| at.value.0);
    match (amount(&price.value.input), amount(&price.value.output)) {
        (Some(input), Some(output)) => Some(Price {
            input,
            cached: amount(&price.value.cached).unwrap_or(input),
            output,
        }),
        _ => {
            let message = format!("the `price` of agent `{name}` needs both `input` and `output`");
            ledger.at(
                price.place,
                message,
                "money for a million tokens of each".to_owned(),
            );
            None
        }
    }
}

/// An agent with a custom command. Known behaviour of its program still applies.
fn own_command(
    name: &AgentName,
    command: &Located<Vec<Located<String>>>,
    preset: Option<&'static Preset>,
    ledger: &mut Ledger,
) -> Agent {
    let line = words(command);
    if line.first().is_none_or(String::is_empty) {
        let message = format!("the `command` of agent `{name}` names no program");
        let hint = "write command = [\"my-agent\", \"{prompt_file}\"]".to_owned();
        ledger.at(command.place, message, hint);
    }
    check_words(name, &command.value, "command", COMMAND_PLACEHOLDERS, ledger);
    let known = preset.or_else(|| Preset::of_program(line.first()?));
    Agent {
        name: name.clone(),
        known,
        stdin: preset.map_or(AgentStdin::None, |preset| preset.stdin),
        events: known.map_or(EventFormat::None, |known| known.events),
        stop: known.map_or_else(|| vec![StopSignal::Term], |known| known.stop.to_vec()),
        command: line,
        resume: None,
        attach: known.and_then(attach_of),
        max: None,
        env: BTreeMap::new(),
        model: None,
        accounts: Vec::new(),
        price: None,
        mcp: false,
        permissions: PermissionPolicy::default(),
        report: None,
        executor: None,
    }
}

/// True for programs that take MCP servers in a known way.
fn can_be_told(agent: &Agent) -> bool {
    let known = agent.known.filter(|known| MCP_PROGRAMS.contains(&known.name));
    agent.events == EventFormat::Acp || known.is_some()
}

/// The options that let an agent work without asking, with their position.
fn options(raw: &RawAgent) -> Option<(Place, &[Located<String>])> {
    let written = raw.permissions.as_ref()?;
    match &written.value {
        Permissions::Words(words) => Some((written.place, words)),
        Permissions::Policy(_) => None,
    }
}

/// The command with which a person continues a conversation of this program.
fn attach_of(preset: &'static Preset) -> Option<Vec<String>> {
    let words = preset.attach.iter().map(|word| (*word).to_owned());
    Some(words.collect()).filter(|line: &Vec<String>| !line.is_empty())
}

/// A command that continues a conversation; none when the command is empty.
fn conversation(
    name: &AgentName,
    list: &Located<Vec<Located<String>>>,
    key: &str,
    ledger: &mut Ledger,
) -> Option<Vec<String>> {
    check_words(name, &list.value, key, RESUME_PLACEHOLDERS, ledger);
    let line = words(list);
    if !line.is_empty() && !line.iter().any(|part| part.contains("{session}")) {
        let message = format!("`{key}` of agent `{name}` does not say which conversation");
        ledger.at(list.place, message, "it needs {session}".to_owned());
    }
    Some(line).filter(|line| !line.is_empty())
}

fn words(list: &Located<Vec<Located<String>>>) -> Vec<String> {
    list.value.iter().map(|part| part.value.clone()).collect()
}

fn check_words(
    name: &AgentName,
    list: &[Located<String>],
    key: &str,
    known: &'static [&'static str],
    ledger: &mut Ledger,
) {
    for part in list {
        if let Err(error) = Template::parse(&part.value, known) {
            ledger.at(part.place, format!("{key} of agent `{name}`: {error}"), None);
        }
    }
}

fn variables(table: &NamedTable<String>, ledger: &mut Ledger) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for (variable, value) in &table.entries {
        if variable.value.is_empty() || variable.value.contains(['=', '\0']) {
            let message = format!(
                "`{}` cannot be the name of an environment variable",
                variable.value
            );
            ledger.at(variable.place, message, None);
        }
        variables.insert(variable.value.clone(), value.value.clone());
    }
    variables
}
