//! Checks before anything is created.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::git::{self, ExpectedTree, Strayed, TreePlace, WorktreeAdmin};
use crate::plan::{AgentName, Diagnostic, Diagnostics, Place as TextPlace, Plan, PlanName, is_same_title};
use crate::schedule::{Outcome, State};

use crate::supervisor::doctor::facts::expected;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;

/// Refuses a run whose agents cannot be started. Programs are looked up as a shell does. A program with a relative path lies
/// in the worktree, which does not exist yet, so the attempt checks that program.
///
/// # Errors
///
/// With every agent whose program is missing or not executable.
pub fn check_agents(project: &Project, only: &[PlanName]) -> Result<(), SupervisorError> {
    let missing = missing_agents(project, only);
    if missing.is_empty() {
        Ok(())
    } else {
        Err(SupervisorError::Unfit(missing.join("\n")))
    }
}

/// The agents that plans use, each once.
pub fn agents_of<'p>(plans: impl Iterator<Item = &'p Plan>) -> BTreeSet<&'p AgentName> {
    plans
        .flat_map(|plan| {
            let own = plan.phases.values().filter_map(|phase| phase.agent.as_ref());
            own.chain([&plan.agent])
        })
        .collect()
}

/// Agents that plans need and that cannot be started here, one sentence each. A plan's own agent is not needed when the plan names
/// another one that takes over.
pub fn missing_agents(project: &Project, only: &[PlanName]) -> Vec<String> {
    let agents = &project.set.agents;
    let program = |name: &AgentName| agents.get(name).and_then(|agent| agent.command.first());
    let starts = |name: &AgentName| program(name).map_or(Ok(()), |program| find(program).map(drop));
    let plans = project.set.plans.iter();
    let driven: Vec<&Plan> = plans
        .filter(|plan| only.is_empty() || only.contains(&plan.name))
        .collect();
    let needs = |plan: &Plan, name: &AgentName| {
        let mut of_phases = plan.phases.values().filter_map(|phase| phase.agent.as_ref());
        let mut others = plan.fallback.agents.iter().filter(|other| *other != name);
        of_phases.any(|agent| agent == name)
            || (plan.agent == *name && !others.any(|other| starts(other).is_ok()))
    };
    let mut missing = Vec::new();
    for name in agents_of(driven.iter().copied()) {
        let Err(why) = starts(name) else { continue };
        if !driven.iter().any(|plan| needs(plan, name)) {
            continue;
        }
        let known = agents.get(name).and_then(|agent| agent.known);
        let install = known.map(|known| known.install);
        let install = install.filter(|install| !install.is_empty());
        let why = install.map_or(why.clone(), |install| format!("{why} ({install})"));
        missing.push(format!("the agent `{name}` cannot be started: {why}"));
    }
    missing
}

/// Refuses plans whose work began on another branch than the manifest names now: the run would look for the work on the wrong branch.
///
/// # Errors
///
/// With each such plan, and what to do.
pub fn check_branches(project: &Project, state: &State) -> Result<(), SupervisorError> {
    let mut changed = Vec::new();
    for plan in &project.set.plans {
        let run = state.plan(&plan.name);
        let is_over = !run.landed.is_empty() || run.outcome == Some(Outcome::Cancelled);
        let made = run.worktree().filter(|made| made.branch != plan.branch);
        if let Some(made) = made.filter(|_| !is_over && !run.history.is_empty()) {
            changed.push(format!(
                "plan {name} was begun on the branch `{}`, and the manifest now names `{}`: name the first one again, or \
                 `git branch -m {0} {1}` once no agent works on it",
                made.branch,
                plan.branch,
                name = plan.name,
            ));
        }
    }
    match changed.is_empty() {
        true => Ok(()),
        false => Err(SupervisorError::Unfit(changed.join("\n"))),
    }
}

/// Refuses documents in which the id of a task that was reported done or skipped belongs to another task now: the report was
/// about the old task.
///
/// # Errors
///
/// With every such task.
pub fn check_documents(project: &Project, state: &State) -> Result<(), SupervisorError> {
    let mut diagnostics = Vec::new();
    for plan in &project.set.plans {
        let run = state.plan(&plan.name);
        let Some(file) = plan.file.as_ref().filter(|_| run.landed.is_empty()) else {
            continue;
        };
        let said = run.items.iter().filter(|(item, known)| {
            // A VERIFY block that has changed is open again.
            known.state.is_settled() && !item.task.is_verify()
        });
        for (item, known) in said {
            let (Some(before), Some(now)) = (&known.title, plan.document.title_of(item)) else {
                continue;
            };
            if is_same_title(before, &now) {
                continue;
            }
            let elsewhere = plan.document.tasks().find(|task| task.title == *before);
            let (line, is, hint) = match elsewhere {
                Some(task) => (
                    task.line,
                    format!("is {} now", task.id),
                    format!("give it its number, `{item} {before}`, and new tasks numbers that no other has"),
                ),
                None => (
                    plan.document.task(item.task).map_or(1, |task| task.line),
                    format!("that is `{now}` now"),
                    format!("give `{now}` a number that no other task had, or put the title back"),
                ),
            };
            let why = format!(
                "`{before}` was task {item} when it was reported {}, and {is}",
                known.state
            );
            diagnostics.push(Diagnostic::at(file, TextPlace { line, column: 1 }, why).hint(hint));
        }
    }
    match diagnostics.is_empty() {
        true => Ok(()),
        false => Err(Diagnostics::sorted(diagnostics).into()),
    }
}

/// What to do when git does not know the committer's name.
pub const NAME_YOURSELF: &str =
    "git config --global user.name \"Your Name\" && git config --global user.email you@example.org";

/// Refuses a repository whose worktrees are not where they were created: a run would take another repository's worktrees for its own,
/// or create existing ones a second time.
///
/// # Errors
///
/// With each such worktree, and what to do.
pub fn check_places(project: &Project) -> Result<(), SupervisorError> {
    let known = OnceCell::new();
    let expected = |key: &str| {
        let known: &Vec<ExpectedTree> = known.get_or_init(|| expected(project));
        let found = known.iter().find(|wanted| wanted.key == key)?;
        Some(found.path.clone())
    };
    let strayed = git::worktree::strayed(&WorktreeAdmin::new(&project.repo), &expected)?;
    if strayed.is_empty() {
        return Ok(());
    }
    let mut lines: Vec<String> = strayed.iter().take(NAMED).map(told).collect();
    if strayed.len() > NAMED {
        lines.push(format!("and {} more", strayed.len() - NAMED));
    }
    let elsewhere = || {
        strayed.iter().filter_map(|one| match &one.place {
            TreePlace::Elsewhere(admin_dir) => Some(admin_dir),
            _ => None,
        })
    };
    let of_a_worktree = |admin_dir: &PathBuf| {
        admin_dir
            .parent()
            .is_some_and(|folder| folder.ends_with("worktrees"))
    };
    lines.push(if elsewhere().any(|admin_dir| !of_a_worktree(admin_dir)) {
        "move what is there away, then try again".to_owned()
    } else if elsewhere().next().is_some() {
        format!(
            "is this a copy of a repository? To begin anew in it, which leaves its branches alone: `rm -r {} {}`, and other `worktrees` in [run]",
            project.dir.path().display(),
            project.repo.common_dir().join("worktrees").display()
        )
    } else {
        "was the repository moved? `orch doctor` says what it would do about it, `orch doctor --fix` does it".to_owned()
    });
    Err(SupervisorError::Unfit(lines.join("\n")))
}

/// How many worktrees are named.
const NAMED: usize = 4;

fn told(one: &Strayed) -> String {
    let (key, path) = (&one.key, one.path.display());
    match (&one.moved_to, &one.place) {
        (Some(to), _) => format!(
            "the worktree of {key} is no longer at {path}, but at {}",
            to.display()
        ),
        (None, TreePlace::Elsewhere(admin_dir)) => format!(
            "{path}, where the worktree of {key} belongs, belongs to another repository ({})",
            admin_dir.display()
        ),
        (None, _) => format!("the worktree of {key} at {path} has lost the repository"),
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
