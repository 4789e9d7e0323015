//! How an agent is called: its command line, the environment for its program and its account, how its output is read and
//! how it is ended.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::agent::{AcpCall, JobInput, OutputReading};
use crate::plan::{
    Account, Agent, AgentStdin, COMMAND_PLACEHOLDERS, EventFormat, Plan, Price, RESUME_PLACEHOLDERS,
    StopSignal, Template,
};
use crate::schedule::{Conversation, Launch, Spent, answer_in};
use crate::supervisor::project::error::in_words;

/// How long an agent may wait because of an obstacle before it is ended, so that it keeps no slot.
const PATIENCE: Duration = Duration::from_secs(30);

/// The paths and names that an attempt's command line may contain.
pub struct Surroundings<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The branch.
    pub branch: &'a str,
    /// The worktree.
    pub worktree: &'a Path,
    /// The worktree's own git folder.
    pub git_dir: PathBuf,
    /// The repository's git folder.
    pub git_common_dir: &'a Path,
    /// The file with the prompt.
    pub prompt_file: &'a Path,
    /// The prompt.
    pub prompt: &'a str,
    /// This program.
    pub program: &'a Path,
    /// The settings file for a program that calls a hook before it ends.
    pub settings_file: PathBuf,
}

/// A call of an agent.
#[derive(Debug)]
pub struct AgentCall {
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Variables on top of those that every agent has.
    pub env: BTreeMap<String, String>,
    /// Standard input.
    pub input: JobInput,
    /// How its output is read.
    pub reading: OutputReading,
    /// The signals with which it is ended.
    pub stop: Vec<StopSignal>,
    /// How long an obstacle may keep it from working.
    pub patience: Option<Duration>,
}

impl AgentCall {
    /// The call for an order.
    ///
    /// # Errors
    ///
    /// When the account is no longer in the manifest, or the command line cannot be built.
    pub fn new(agent: &Agent, order: &Launch, around: &Surroundings<'_>) -> Result<Self, String> {
        let account = match &order.account {
            None => None,
            Some(name) => Some(agent.account(name).ok_or_else(|| {
                format!(
                    "the account `{name}` of agent `{}` is no longer in the manifest",
                    agent.name
                )
            })?),
        };
        let env = environment_of(agent, account);
        let talk = order
            .conversation
            .as_ref()
            .filter(|talk| same_memory(agent, order, talk));
        let line = agent.resume.as_deref().zip(talk);
        let (command, session, placeholders) = match line {
            Some((command, talk)) => (command, Some(talk.session.as_str()), RESUME_PLACEHOLDERS),
            None => (agent.command.as_slice(), None, COMMAND_PLACEHOLDERS),
        };
        let mut argv = command_line(agent, command, session, placeholders, around)?;
        argv.extend(budget_words(agent, order));
        if agent.events == EventFormat::Acp {
            let call = AcpCall {
                prompt: around.prompt_file.to_owned(),
                session: session.map(str::to_owned),
                permissions: agent.permissions,
                answer: answer(order),
                mcp: agent.mcp,
                command: argv,
            };
            argv = call.line(around.program);
        }
        Ok(Self {
            argv,
            env,
            input: match agent.stdin {
                AgentStdin::None => JobInput::Null,
                AgentStdin::Prompt => JobInput::File(around.prompt_file.to_owned()),
            },
            reading: OutputReading {
                format: agent.events,
                before: line.map_or(Spent::default(), |(_, talk)| talk.spent),
                price: agent.price.map(|price| millionths(&price)),
            },
            stop: agent.stop.clone(),
            patience: Some(PATIENCE),
        })
    }
}

/// A person's answer to a program that asked for permission; `None` where nobody was asked.
fn answer(order: &Launch) -> Option<bool> {
    let word = answer_in(&order.answer()?.text)?
        .trim_end_matches('.')
        .to_lowercase();
    Some(matches!(word.as_str(), "allow" | "yes"))
}

/// The variables for the agent's program and its account.
pub fn environment_of(agent: &Agent, account: Option<&Account>) -> BTreeMap<String, String> {
    let known = agent.known;
    let own = known.map_or(&[][..], |known| known.env);
    let root = known.filter(|_| rustix::process::geteuid().is_root());
    let root = root.map_or(&[][..], |known| known.root_env);
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let mut env: BTreeMap<String, String> = own.iter().chain(root).map(pair).collect();
    env.extend(agent.env.clone());
    env.extend(account.into_iter().flat_map(|account| account.env.clone()));
    env
}

/// True when the program continues the conversation of the previous attempt.
pub fn continues_conversation(agent: &Agent, order: &Launch) -> bool {
    let talk = order.conversation.as_ref();
    agent.resume.is_some() && talk.is_some_and(|talk| same_memory(agent, order, talk))
}

/// True when this attempt's account can read what the conversation's account wrote.
fn same_memory(agent: &Agent, order: &Launch, talk: &Conversation) -> bool {
    if order.account == talk.account {
        return true;
    }
    let homes = agent.known.map_or(&[][..], |known| known.homes);
    let home = |account: &Option<String>, name: &str| {
        let account = account.as_deref().and_then(|account| agent.account(account));
        account.and_then(|account| account.env.get(name).cloned())
    };
    homes
        .iter()
        .all(|name| home(&order.account, name) == home(&talk.account, name))
}

/// The arguments that tell a program its remaining budget. A custom command line is left unchanged.
fn budget_words(agent: &Agent, order: &Launch) -> Vec<String> {
    let known = agent.known.filter(|known| {
        let mut own = agent.command.iter().zip(known.command);
        agent.command.len() >= known.command.len() && own.all(|(word, known)| word == known)
    });
    let words = known.map_or(&[][..], |known| known.budget);
    let Some(budget) = order.budget else {
        return Vec::new();
    };
    let money = format!("{:.6}", budget as f64 / 1e6);
    words
        .iter()
        .map(|word| word.replace("{budget}", &money))
        .collect()
}

/// The price of a million tokens, in millionths of money.
fn millionths(price: &Price) -> [u64; 3] {
    [price.input, price.cached, price.output].map(|money| (money * 1e6).round() as u64)
}

fn command_line(
    agent: &Agent,
    command: &[String],
    session: Option<&str>,
    placeholders: &'static [&'static str],
    around: &Surroundings<'_>,
) -> Result<Vec<String>, String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let status_file = text(&around.worktree.join(".orch/status.json"));
    let (prompt_file, worktree) = (text(around.prompt_file), text(around.worktree));
    let (git_dir, git_common_dir) = (text(&around.git_dir), text(around.git_common_dir));
    let settings_file = text(&around.settings_file);
    let value = |name: &str| match name {
        "prompt_file" => Some(prompt_file.as_str()),
        "prompt" => Some(around.prompt),
        "plan" => Some(around.plan.name.as_str()),
        "worktree" => Some(worktree.as_str()),
        "model" => Some(agent.model.as_deref().unwrap_or("")),
        "status_file" => Some(status_file.as_str()),
        "branch" => Some(around.branch),
        "git_dir" => Some(git_dir.as_str()),
        "git_common_dir" => Some(git_common_dir.as_str()),
        "settings_file" => Some(settings_file.as_str()),
        "session" => session,
        _ => None,
    };
    command
        .iter()
        .map(|argument| {
            let template = Template::parse(argument, placeholders).map_err(in_words)?;
            Ok(template.expand(value))
        })
        .collect()
}
