//! Settings of the repository's own configuration that make git run hooks or overlook changed files. Agents can write
//! that configuration. So orch's own git commands keep using the earlier settings, and changed hooks are reported.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use crate::git::files::registration::pointed_to;

/// The configuration at the start of a run.
#[derive(Debug)]
struct Trusted {
    common_dir: PathBuf,
    before: HookSettings,
    /// The configuration now, with the fingerprint of its file.
    seen: (HookFileLooks, HookSettings),
}

/// The values that a configuration has for [`HOOKS`] and for each of [`SIGHT`]. A key without a value is absent.
type HookSettings = BTreeMap<&'static str, String>;

const HOOKS: &str = "core.hooksPath";

/// The settings by which git looks for changes, with git's defaults.
const SIGHT: &[(&str, &str)] = &[
    ("core.trustctime", "true"),
    ("core.checkStat", "default"),
    ("core.fileMode", "true"),
    ("core.symlinks", "true"),
    ("core.autocrlf", "false"),
    ("core.eol", "native"),
    ("core.ignoreCase", "false"),
    ("core.precomposeUnicode", "false"),
    ("core.excludesFile", "~/.config/git/ignore"),
    ("core.attributesFile", "~/.config/git/attributes"),
];

/// Inode, size, and the time of the last change in seconds and nanoseconds.
type HookFileLooks = (u64, u64, i64, i64);

static TRUSTED: RwLock<Option<Trusted>> = RwLock::new(None);

/// Makes this process use, from now on, the hooks that the repository's configuration names now.
pub fn trust_hooks(common_dir: &Path) {
    let before = named(common_dir);
    let trusted = Trusted {
        common_dir: common_dir.to_owned(),
        before: before.clone(),
        seen: (looks(common_dir), before),
    };
    *TRUSTED.write().unwrap_or_else(PoisonError::into_inner) = Some(trusted);
}

/// The hooks that the configuration named when the run began and names now, in words; `None` while they are the same.
pub fn changed_hooks() -> Option<(String, String)> {
    let words = |said: &HookSettings| said.get(HOOKS).cloned().unwrap_or_else(|| "git's own".to_owned());
    look_again();
    let trusted = TRUSTED.read().unwrap_or_else(PoisonError::into_inner);
    let trusted = trusted
        .as_ref()
        .filter(|trusted| trusted.before.get(HOOKS) != trusted.seen.1.get(HOOKS))?;
    Some((words(&trusted.before), words(&trusted.seen.1)))
}

/// The settings, for `-c`, that restore the earlier configuration for a place in the repository. Empty when nothing has
/// changed.
pub(in crate::git) fn brought_back(place: &Path) -> Vec<OsString> {
    changed_at(place).unwrap_or_default()
}

fn changed_at(place: &Path) -> Option<Vec<OsString>> {
    let is_of = |trusted: &Trusted| {
        place == trusted.common_dir
            || place.join(".git") == trusted.common_dir
            || pointed_to(place).is_some_and(|admin| admin.starts_with(&trusted.common_dir))
    };
    TRUSTED
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .as_ref()
        .filter(|trusted| is_of(trusted))?;
    look_again();
    let trusted = TRUSTED.read().unwrap_or_else(PoisonError::into_inner);
    let trusted = trusted
        .as_ref()
        .filter(|trusted| trusted.before != trusted.seen.1)?;
    let (before, now) = (&trusted.before, &trusted.seen.1);
    let keys = SIGHT.iter().map(|(key, _)| *key).chain([HOOKS]);
    let changed = keys.filter(|key| before.get(key) != now.get(key));
    Some(
        changed
            .map(|key| setting(key, before, &trusted.common_dir))
            .collect(),
    )
}

/// `KEY=VALUE`, with the value of this repository configuration, otherwise of the person's, otherwise git's default.
fn setting(key: &str, said: &HookSettings, common_dir: &Path) -> OsString {
    let mut setting = OsString::from(format!("{key}="));
    let own = || {
        git2::Config::open_default()
            .and_then(|own| own.get_string(key))
            .ok()
    };
    let default = SIGHT.iter().find(|(known, _)| *known == key);
    match (said.get(key).cloned().or_else(own), default) {
        (Some(value), _) => setting.push(value),
        (None, Some((_, default))) => setting.push(default),
        (None, None) => setting.push(common_dir.join("hooks")),
    }
    setting
}

/// The settings that override a worktree's own settings (`config.worktree`), for the keys in [`SIGHT`].
pub(in crate::git) fn undone_of(own: &git2::Config, common_dir: &Path) -> Vec<OsString> {
    let keys = SIGHT.iter().map(|(key, _)| *key);
    let set: Vec<&str> = keys.filter(|key| own.get_entry(key).is_ok()).collect();
    let said = if set.is_empty() {
        HookSettings::new()
    } else {
        named(common_dir)
    };
    set.into_iter()
        .map(|key| setting(key, &said, common_dir))
        .collect()
}

/// Reads the configuration again when its file has changed.
fn look_again() {
    let common_dir = {
        let trusted = TRUSTED.read().unwrap_or_else(PoisonError::into_inner);
        let Some(trusted) = trusted.as_ref() else { return };
        if looks(&trusted.common_dir) == trusted.seen.0 {
            return;
        }
        trusted.common_dir.clone()
    };
    let seen = (looks(&common_dir), named(&common_dir));
    if let Some(trusted) = &mut *TRUSTED.write().unwrap_or_else(PoisonError::into_inner) {
        trusted.seen = seen;
    }
}

fn looks(common_dir: &Path) -> HookFileLooks {
    let found = fs::metadata(common_dir.join("config"));
    found.map_or_else(
        |_| HookFileLooks::default(),
        |found| (found.ino(), found.size(), found.ctime(), found.ctime_nsec()),
    )
}

fn named(common_dir: &Path) -> HookSettings {
    let Ok(config) = git2::Config::open(&common_dir.join("config")) else {
        return HookSettings::new();
    };
    let keys = SIGHT.iter().map(|(key, _)| *key).chain([HOOKS]);
    keys.filter_map(|key| Some((key, config.get_string(key).ok()?)))
        .collect()
}
