//! The folder of hooks that the repository's own configuration names. Agents can write that configuration: what it names while they
//! run is told of, and orch's own git commands go on with what it named before.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use crate::git::files::registration::pointed_to;

/// What the configuration said when a run began.
#[derive(Debug)]
struct Trusted {
    common_dir: PathBuf,
    hooks: Option<String>,
    /// What it says now, and what its file looked like then.
    seen: (Looks, Option<String>),
}

/// Inode, size, seconds and nanoseconds of the last change.
type Looks = (u64, u64, i64, i64);

static TRUSTED: RwLock<Option<Trusted>> = RwLock::new(None);

/// From now on this process goes by the hooks that the repository's configuration names now.
pub fn trust_hooks(common_dir: &Path) {
    let hooks = named(common_dir);
    let trusted = Trusted {
        common_dir: common_dir.to_owned(),
        hooks: hooks.clone(),
        seen: (looks(common_dir), hooks),
    };
    *TRUSTED.write().unwrap_or_else(PoisonError::into_inner) = Some(trusted);
}

/// What the configuration named when the run began and what it names now, in words; none while that is the same.
pub fn changed_hooks() -> Option<(String, String)> {
    let words = |hooks: &Option<String>| hooks.clone().unwrap_or_else(|| "git's own".to_owned());
    look_again();
    let trusted = TRUSTED.read().unwrap_or_else(PoisonError::into_inner);
    let trusted = trusted
        .as_ref()
        .filter(|trusted| trusted.hooks != trusted.seen.1)?;
    Some((words(&trusted.hooks), words(&trusted.seen.1)))
}

/// The setting, for `-c`, that brings back the hooks of a place of the repository; none where it names them itself.
pub(in crate::git) fn brought_back(place: &Path) -> Option<OsString> {
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
        .filter(|trusted| trusted.hooks != trusted.seen.1)?;
    let mut setting = OsString::from("core.hooksPath=");
    match &trusted.hooks {
        Some(hooks) => setting.push(hooks),
        None => setting.push(trusted.common_dir.join("hooks")),
    }
    Some(setting)
}

/// Reads the configuration again where its file has changed.
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

fn looks(common_dir: &Path) -> Looks {
    let found = fs::metadata(common_dir.join("config"));
    found.map_or_else(
        |_| Looks::default(),
        |found| (found.ino(), found.size(), found.ctime(), found.ctime_nsec()),
    )
}

fn named(common_dir: &Path) -> Option<String> {
    let config = git2::Config::open(&common_dir.join("config")).ok()?;
    config.get_string("core.hookspath").ok()
}
