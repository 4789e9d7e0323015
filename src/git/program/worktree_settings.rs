//! A worktree's own settings (`config.worktree`) that would make git run a program, look for the worktree's files
//! elsewhere, or overlook changed files. An agent in the worktree can write these settings, so orch's own git commands
//! ignore them. Settings of the repository or of a person stay in force.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::shared_hooks::undone_of;
use crate::git::files::registration::pointed_to;
use crate::git::files::regular;

/// The options that override a worktree's own settings in a git command.
#[derive(Debug, Default)]
pub(in crate::git) struct UndoneSettings {
    /// Settings, for `-c`.
    pub(in crate::git) settings: Vec<OsString>,
    /// True when the settings say that the files are elsewhere. Git would then take all files of the worktree for
    /// deleted, so it has to be told the place.
    pub(in crate::git) place: bool,
}

/// The overrides for a worktree. Empty for a worktree without settings of its own; nearly all worktrees have none.
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

/// The common directory that a worktree shares with the others.
fn common_of(admin: &Path) -> PathBuf {
    match regular::read_to_string(&admin.join("commondir")) {
        Ok(common) => admin.join(common.trim_end()),
        Err(_) => admin.to_owned(),
    }
}

/// The hooks folder of all other worktrees.
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
