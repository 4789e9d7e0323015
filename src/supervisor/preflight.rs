//! What must be true before anything is created.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::plan::{AgentName, PlanName};

use super::{Campaign, SupervisorError};

/// Refuses a run whose agents cannot be started: their programs are looked up as a shell would. A program given by a
/// relative path lies in the worktree, which does not exist yet, and is left to the attempt.
///
/// # Errors
///
/// With every agent whose program is missing or not executable.
pub fn check_agents(campaign: &Campaign, only: &[PlanName]) -> Result<(), SupervisorError> {
    let driven = campaign
        .set
        .plans
        .iter()
        .filter(|plan| only.is_empty() || only.contains(&plan.name));
    let used: BTreeSet<&AgentName> = driven
        .flat_map(|plan| {
            let own = plan.phases.values().filter_map(|phase| phase.agent.as_ref());
            own.chain([&plan.agent])
        })
        .collect();
    let mut missing = Vec::new();
    for name in used {
        let Some(program) = campaign
            .set
            .agents
            .get(name)
            .and_then(|agent| agent.command.first())
        else {
            continue;
        };
        if let Err(why) = find(program) {
            let known = campaign.set.agents.get(name).and_then(|agent| agent.known);
            let install = known
                .map(|known| known.install)
                .filter(|install| !install.is_empty());
            let why = install.map_or(why.clone(), |install| format!("{why} ({install})"));
            missing.push(format!("the agent `{name}` cannot be started: {why}"));
        }
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(SupervisorError::Unfit(missing.join("\n")))
    }
}

fn find(program: &str) -> Result<(), String> {
    if program.contains('{') {
        return Ok(());
    }
    if program.contains('/') {
        let path = Path::new(program);
        return if path.is_relative() {
            Ok(())
        } else {
            executable(path)
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| executable(&folder.join(program)).is_ok());
    if found || program == "orch" {
        Ok(())
    } else {
        Err(format!(
            "`{program}` was not found on PATH: install it, or change `command` in the manifest"
        ))
    }
}

fn executable(path: &Path) -> Result<(), String> {
    match path.metadata() {
        Err(_) => Err(format!("`{}` does not exist", path.display())),
        Ok(found) if !found.is_file() => Err(format!("`{}` is not a file", path.display())),
        Ok(found) if found.permissions().mode() & 0o111 == 0 => {
            Err(format!("`{}` is not executable: chmod +x it", path.display()))
        }
        Ok(_) => Ok(()),
    }
}
