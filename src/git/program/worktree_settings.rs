//! Settings that a worktree has for itself alone (`config.worktree`), by which git would run a program or look for its files elsewhere. Whoever works in the
//! worktree can write them; in orch's own git commands they have no say. What the repository or a person has set stays in force.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::git::files::registration::pointed_to;
use crate::git::files::regular;

/// The settings that undo them, for `-c`. None for a worktree without settings of its own, as nearly all are.
pub(in crate::git) fn undone(worktree: &Path) -> Vec<OsString> {
    let Some((admin, own)) = own(worktree) else {
        return Vec::new();
    };
    let mut undone = Vec::new();
    if own.get_entry("core.hookspath").is_ok() {
        let mut setting = OsString::from("core.hooksPath=");
        setting.push(hooks_of_all(&admin));
        undone.push(setting);
    }
    undone
}

/// True where they say that the files lie elsewhere: git would take all of its own for deleted.
pub(in crate::git) fn names_another_place(worktree: &Path) -> bool {
    own(worktree).is_some_and(|(_, own)| own.get_entry("core.worktree").is_ok())
}

fn own(worktree: &Path) -> Option<(PathBuf, git2::Config)> {
    let admin = pointed_to(worktree)?;
    let file = admin.join("config.worktree");
    let own = file.exists().then(|| git2::Config::open(&file).ok())??;
    Some((admin, own))
}

/// Where the hooks of all other worktrees are.
fn hooks_of_all(admin: &Path) -> OsString {
    let common = match regular::read_to_string(&admin.join("commondir")) {
        Ok(common) => admin.join(common.trim_end()),
        Err(_) => admin.to_owned(),
    };
    let of = |config: Result<git2::Config, git2::Error>| {
        config.and_then(|config| config.get_path("core.hookspath"))
    };
    of(git2::Config::open(&common.join("config")))
        .or_else(|_| of(git2::Config::open_default()))
        .unwrap_or_else(|_| common.join("hooks"))
        .into_os_string()
}
