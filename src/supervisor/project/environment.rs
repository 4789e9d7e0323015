//! The `ORCH_*` variables of a plan's agents and verifications.

use std::path::Path;

use crate::agent::Environment;
use crate::plan::{LaneId, Plan};

use super::ports;
use super::repository_plans::Project;

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The environment of a process that belongs to no plan.
pub fn for_run(project: &Project) -> Environment {
    let mut variables = Environment::new(&project.program);
    variables
        .set("ORCH_REPO", text(project.repo.top()))
        .set("ORCH_BASE", project.base_name.as_str())
        .set("ORCH_TARGET", project.target.as_str())
        .set("ORCH_MANIFEST", text(&project.manifest));
    variables
}

/// The environment of a plan's process that works in the plan's own worktree, or in none of its worktrees.
pub fn for_plan(project: &Project, plan: &Plan, worktree: &Path) -> Environment {
    for_lane(project, plan, 0, worktree)
}

/// The environment of a process in a worktree of a plan. Each worktree has ports and containers of its own, because tasks of
/// one plan run in parallel.
pub fn for_lane(project: &Project, plan: &Plan, lane: u32, worktree: &Path) -> Environment {
    let mut variables = for_run(project);
    let key = LaneId::new(&plan.name, lane).to_string();
    variables
        .set("ORCH_WORKTREE", text(worktree))
        .set("ORCH_PLAN", plan.name.as_str())
        .set("ORCH_BRANCH", plan.branch.as_str())
        .set("ORCH_STATUS_FILE", text(&worktree.join(".orch/status.json")))
        .set("ORCH_PLAN_FILE", text(&worktree.join(".orch/plan.md")))
        .set("ORCH_PHASE", "")
        .set("ORCH_TASK", "")
        .set(
            "COMPOSE_PROJECT_NAME",
            compose_name(project.repo.name(), &key.replace('@', "-lane")),
        );
    if let Some(port) = ports::block_of(&project.dir, &key) {
        variables.set("ORCH_PORT", port.to_string());
    }
    variables
}

/// The environment of a verification in one of the merge train's worktrees: that of the plan's processes, if there is a
/// plan, but with ports and containers of its own, because several verifications run in parallel.
pub fn for_train(project: &Project, plan: Option<&Plan>, key: &str, worktree: &Path) -> Environment {
    let mut variables = match plan {
        Some(plan) => for_plan(project, plan, worktree),
        None => for_run(project),
    };
    variables.set("ORCH_WORKTREE", text(worktree)).set(
        "COMPOSE_PROJECT_NAME",
        compose_name(project.repo.name(), &key.replace('@', "-")),
    );
    if let Some(port) = ports::block_of(&project.dir, key) {
        variables.set("ORCH_PORT", port.to_string());
    }
    variables
}

/// Inherited variables that differ between terminals or logins and do not influence a verification.
const OF_A_SESSION: &[&str] = &[
    "COLUMNS",
    "DBUS_",
    "DISPLAY",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "LINES",
    "LS_COLORS",
    "OLDPWD",
    "ORCH_",
    "PWD",
    "SHLVL",
    "SSH_",
    "STY",
    "TERM",
    "TMUX",
    "WAYLAND_",
    "WINDOWID",
    "XAUTHORITY",
    "XDG_SESSION",
    "XDG_VTNR",
    "_",
];

/// A fingerprint of everything inherited that may influence a verification of a merge: two verifications with the same
/// fingerprint may share a verdict.
pub fn print(target: &str) -> String {
    let of_a_session = |name: &str| {
        let mut known = OF_A_SESSION.iter();
        known.any(|known| name == *known || (known.len() > 1 && name.starts_with(known)))
            || crate::agent::is_scrubbed(name)
    };
    let inherited = std::env::vars_os().filter(|(name, _)| !name.to_str().is_some_and(of_a_session));
    let mut all: Vec<_> = inherited.collect();
    all.sort();
    let mut text = format!("{}\0{}\0", std::env::consts::ARCH, target).into_bytes();
    for (name, value) in all {
        use std::os::unix::ffi::OsStrExt;
        text.extend([name.as_bytes(), b"=", value.as_bytes(), b"\0"].concat());
    }
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&text))
}

/// A project name that docker compose accepts: lower case, digits, `-` and `_`, starting with a letter or digit.
fn compose_name(repo: &str, plan: &str) -> String {
    let clean: String = format!("{repo}-{plan}")
        .to_lowercase()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect();
    let clean = clean.trim_start_matches(['-', '_']);
    if clean.is_empty() {
        plan.to_owned()
    } else {
        clean.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compose_names_are_acceptable_whatever_the_folder_is_called() {
        assert_eq!(compose_name("My Repo", "auth"), "my-repo-auth");
        assert_eq!(compose_name("_ö", "auth"), "auth");
    }
}
