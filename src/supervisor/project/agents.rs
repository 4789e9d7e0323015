//! The agents that plans use: whether their programs are installed, which versions they have, and whether they are logged in. A
//! program is only asked for its version; no model is called.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::agent::Environment;
use crate::plan::{Agent, AgentName, PRESETS, Preset};

use crate::supervisor::project::error::in_words;
use crate::supervisor::project::repository_plans::Project;

/// How long a program may take to print its version: on a busy machine some need half a minute just to load.
const PATIENCE: Duration = Duration::from_secs(20);

/// One agent, or one known program that no plan uses.
#[derive(Debug, Clone, Serialize)]
pub struct AgentFacts {
    /// Its name.
    pub name: String,
    /// True when a plan of the manifest uses it.
    pub used: bool,
    /// Its program as the command names it.
    pub program: String,
    /// The program's path; `None` when it does not exist, or lies in the worktrees.
    pub path: Option<PathBuf>,
    /// The version that the program prints.
    pub version: Option<String>,
    /// The version with which its preset was tested; `None` for an unknown program.
    pub tried: Option<&'static str>,
    /// Whether there is a sign of a login; `None` where that cannot be determined.
    pub logged_in: Option<bool>,
    /// The problems, in words.
    pub off: Vec<String>,
    /// Remarks for a person.
    pub remarks: Vec<String>,
}

/// Gathers the facts about every agent of the manifest, and about other installed programs that are known.
pub fn agent_facts(project: &Project) -> Vec<AgentFacts> {
    let plans = project.set.plans.iter();
    let used: BTreeSet<&AgentName> = plans
        .flat_map(|plan| {
            let own = plan.phases.values().filter_map(|phase| phase.agent.as_ref());
            own.chain([&plan.agent])
        })
        .collect();
    let (used, program) = (&used, project.program.as_path());
    // In parallel, because each calls a slow program.
    let mut facts: Vec<AgentFacts> = std::thread::scope(|scope| {
        let agents = project.set.agents.values();
        let looks = agents
            .map(|agent| scope.spawn(move || of_agent(agent, used.contains(&agent.name), program)))
            .collect::<Vec<_>>();
        looks.into_iter().filter_map(|look| look.join().ok()).collect()
    });
    let known: Vec<String> = facts.iter().map(|fact| fact.program.clone()).collect();
    for preset in PRESETS.iter().filter(|preset| !preset.tried.is_empty()) {
        let named = facts.iter().any(|fact| fact.name == preset.name);
        if !named && !known.iter().any(|program| program == preset.name) && find(preset.name).is_some() {
            facts.push(look(
                preset.name,
                preset.name,
                Some(preset),
                &|_| None,
                false,
                false,
            ));
        }
    }
    facts
}

/// Gathers the facts about installed known programs, for a person who has no manifest yet.
pub fn installed_facts() -> Vec<AgentFacts> {
    let installed = PRESETS
        .iter()
        .filter(|preset| installed_agents().contains(&preset.name));
    std::thread::scope(|scope| {
        let looks = installed
            .map(|preset| {
                scope.spawn(|| look(preset.name, preset.name, Some(preset), &|_| None, false, true))
            })
            .collect::<Vec<_>>();
        looks.into_iter().filter_map(|look| look.join().ok()).collect()
    })
}

/// The known agent programs that are on `PATH`.
pub fn installed_agents() -> Vec<&'static str> {
    let known = PRESETS.iter().filter(|preset| !preset.tried.is_empty());
    known
        .map(|preset| preset.name)
        .filter(|name| find(name).is_some())
        .collect()
}

/// The version that an agent's program prints; `None` for a program that is unknown or missing.
pub fn agent_version(agent: &Agent) -> Option<String> {
    agent.known.filter(|known| !known.tried.is_empty())?;
    version_of(&find(agent.command.first()?)?).ok()
}

fn of_agent(agent: &Agent, used: bool, own: &Path) -> AgentFacts {
    let program = agent.command.first().map_or("", String::as_str);
    let variable = |name: &str| agent.env.get(name).map(OsString::from);
    let mut facts = look(agent.name.as_str(), program, agent.known, &variable, used, used);
    let by_login_shell = agent.known.is_some_and(|known| known.login_shell);
    let told_not_to = agent
        .command
        .iter()
        .any(|word| word.contains("allow_login_shell=false"));
    if used && by_login_shell && !told_not_to && facts.path.is_some() {
        facts.off.extend(login_shell_trouble(own, agent.name.as_str()));
    }
    if let Some(known) = agent.known {
        for account in &agent.accounts {
            let variable = |name: &str| account.env.get(name).or(agent.env.get(name)).map(OsString::from);
            match logged_in(known, &variable) {
                Some(false) => facts
                    .off
                    .push(format!("account {}: {}", account.name, not_logged_in(known))),
                Some(true) => facts.remarks.push(format!(
                    "account {}: logged in, as far as can be seen without asking",
                    account.name
                )),
                None => facts.remarks.push(format!(
                    "account {}: whether it is logged in cannot be seen",
                    account.name
                )),
            }
        }
        // Each account has its own login.
        if !agent.accounts.is_empty() {
            facts.off.retain(|off| *off != not_logged_in(known));
            facts.logged_in = None;
        }
    }
    facts
}

fn not_logged_in(preset: &Preset) -> String {
    format!("nothing shows that it is logged in: {}", preset.login.how)
}

fn look(
    name: &str,
    program: &str,
    known: Option<&'static Preset>,
    variable: &dyn Fn(&str) -> Option<OsString>,
    used: bool,
    ask: bool,
) -> AgentFacts {
    let mut facts = AgentFacts {
        name: name.to_owned(),
        used,
        program: program.to_owned(),
        path: find(program),
        version: None,
        tried: known.map(|known| known.tried).filter(|tried| !tried.is_empty()),
        logged_in: None,
        off: Vec::new(),
        remarks: Vec::new(),
    };
    // A program in a worktree, or one that depends on the plan, does not exist yet.
    let elsewhere = program.contains('{') || (program.contains('/') && !Path::new(program).is_absolute());
    let Some(path) = facts.path.clone() else {
        if !elsewhere && program != "orch" {
            let install = known
                .map(|known| known.install)
                .filter(|install| !install.is_empty());
            let how = install.map(|install| format!(": {install}")).unwrap_or_default();
            facts.off.push(format!("`{program}` is not installed{how}"));
        }
        return facts;
    };
    let Some(known) = known.filter(|known| !known.tried.is_empty()) else {
        return facts;
    };
    // Programs that no plan uses are listed, but not started.
    let asked = ask.then(|| version_of(&path));
    match asked {
        None => {}
        Some(Ok(version)) => {
            if number_in(&version).as_deref() != Some(known.tried) {
                facts.remarks.push(format!(
                    "the preset was tried with {}: should an option have changed, `command` and `args` in [agents.{name}] say how it is \
                     called",
                    known.tried
                ));
            }
            facts.version = Some(version);
        }
        Some(Err(why)) => facts.off.push(format!("`{program} --version` {why}")),
    }
    facts.logged_in = logged_in(known, variable);
    if facts.logged_in == Some(false) {
        // For a program that no plan uses this is no problem.
        let list = if used { &mut facts.off } else { &mut facts.remarks };
        list.push(not_logged_in(known));
    }
    if rustix::process::geteuid().is_root() {
        for (name, value) in known.root_env {
            facts.remarks.push(format!(
                "it is started with {name}={value}, because this is the superuser"
            ));
        }
    }
    facts
}

/// The problem with commands that run in a login shell: its profile may reset `PATH`, as Debian's does, and then `orch` is not
/// found. `None` where `orch` is found, or where there is no such shell.
fn login_shell_trouble(own: &Path, agent: &str) -> Option<String> {
    let shell = find("bash")?;
    let environment = Environment::new(own).into_map();
    let output = said_by(
        Command::new(shell)
            .args(["-lc", "command -v orch"])
            .env("PATH", environment.get("PATH")?),
    );
    let text = output.ok()?.1;
    if text.lines().any(|line| line.starts_with('/')) {
        return None;
    }
    let folder = own.parent().unwrap_or(own).display();
    Some(format!(
        "it runs its commands in a login shell, whose profile sets PATH anew, and there `orch` is not found: it cannot report. \
         Give [agents.{agent}] `args = [\"-c\", \"allow_login_shell=false\"]`, or add `export PATH={folder}:$PATH` to ~/.profile"
    ))
}

fn find(program: &str) -> Option<PathBuf> {
    let executable =
        |path: &PathBuf| path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    if program.contains('/') {
        return Some(PathBuf::from(program))
            .filter(|path| path.is_absolute())
            .filter(executable);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(executable)
}

/// The first line of `PROGRAM --version` that contains a number.
fn version_of(path: &Path) -> Result<String, String> {
    let (status, text) = said_by(Command::new(path).arg("--version"))?;
    let line = text.lines().find(|line| number_in(line).is_some());
    match line {
        Some(line) => Ok(line.trim().to_owned()),
        None if status.success() => Err("prints no version".to_owned()),
        None => Err(format!("fails ({status})")),
    }
}

/// The status of a short command, and its standard output.
fn said_by(command: &mut Command) -> Result<(ExitStatus, String), String> {
    let output = tempfile::tempfile().map_err(in_words)?;
    let copy = output.try_clone().map_err(in_words)?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(copy)
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot be started: {error}"))?;
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(20)),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("does not answer within {} s", PATIENCE.as_secs()));
            }
        }
    };
    Ok((status, read_all(output)))
}

fn read_all(mut file: std::fs::File) -> String {
    use std::io::{Read, Seek};
    let mut bytes = Vec::new();
    let _ = file
        .rewind()
        .and_then(|()| file.take(64 << 10).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `2.1.197` out of `2.1.197 (Claude Code)` or `codex-cli 0.169.0`.
fn number_in(text: &str) -> Option<String> {
    let mut words = text.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    let number = words.find(|word| word.contains('.') && word.starts_with(|c: char| c.is_ascii_digit()))?;
    Some(number.trim_end_matches('.').to_owned())
}

fn logged_in(preset: &Preset, variable: &dyn Fn(&str) -> Option<OsString>) -> Option<bool> {
    let login = &preset.login;
    if login.variables.is_empty() && login.files.is_empty() {
        return None;
    }
    let value = |name: &str| {
        variable(name)
            .or_else(|| env::var_os(name))
            .filter(|value| !value.is_empty())
    };
    let by_variable = login.variables.iter().any(|name| value(name).is_some());
    let home = value("HOME").map(PathBuf::from).unwrap_or_default();
    let by_file = login.files.iter().any(|(own, place, file)| {
        let folder = Some(*own).filter(|own| !own.is_empty()).and_then(value);
        let folder = folder.map_or_else(|| home.join(place), PathBuf::from);
        folder.join(file).metadata().is_ok_and(|found| found.len() > 0)
    });
    Some(by_variable || by_file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        assert_eq!(number_in("2.1.197 (Claude Code)").as_deref(), Some("2.1.197"));
        assert_eq!(number_in("codex-cli 0.169.0").as_deref(), Some("0.169.0"));
        assert_eq!(number_in("aider 0.86.2.").as_deref(), Some("0.86.2"));
        assert_eq!(number_in("no number 7"), None);
    }
}
