//! Settings that a worktree has for itself alone (`config.worktree`), by which git would run a program, look for its files
//! elsewhere or overlook that they have changed. An agent in the worktree can write them; orch's own git commands ignore them.
//! What the repository or a person has set stays in force.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::shared_hooks::undone_of;
use crate::git::files::registration::pointed_to;
use crate::git::files::regular;

/// The options that override them in a git command.
#[derive(Debug, Default)]
pub(in crate::git) struct UndoneSettings {
    /// Settings, for `-c`.
    pub(in crate::git) settings: Vec<OsString>,
    /// True where they say that the files lie elsewhere: git would take all of its own for deleted, and has to be told the place.
    pub(in crate::git) place: bool,
}

/// Nothing for a worktree without settings of its own, as nearly all are.
pub(in crate::git) fn undone(worktree: &Path) -> UndoneSettings {
    let Some(admin) = pointed_to(worktree) else {
        return UndoneSettings::default();
    };
    let file = admin.join("config.worktree");
    let own = file.exists().then(|| git2::Config::open(&file));
    let Some(Ok(own)) = own else {
        return UndoneSettings::default();
    };
    let mut settings = undone_of(&own, &common_of(&admin));
    if own.get_entry("core.hookspath").is_ok() {
        let mut setting = OsString::from("core.hooksPath=");
        setting.push(hooks_of_all(&admin));
        settings.push(setting);
    }
    UndoneSettings {
        settings,
        place: own.get_entry("core.worktree").is_ok(),
    }
}

/// The folder that a worktree shares with the others.
fn common_of(admin: &Path) -> PathBuf {
    match regular::read_to_string(&admin.join("commondir")) {
        Ok(common) => admin.join(common.trim_end()),
        Err(_) => admin.to_owned(),
    }
}

/// Where the hooks of all other worktrees are.
fn hooks_of_all(admin: &Path) -> OsString {
    let common = common_of(admin);
    let of = |config: Result<git2::Config, git2::Error>| {
        config.and_then(|config| config.get_path("core.hookspath"))
    };
    of(git2::Config::open(&common.join("config")))
        .or_else(|_| of(git2::Config::open_default()))
        .unwrap_or_else(|_| common.join("hooks"))
        .into_os_string()
}
