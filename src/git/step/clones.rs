//! Clones of submodules that orch makes in a worktree. They are recorded before they begin, because git can do nothing
//! in a worktree with half a clone, and would take a clone that is not checked out for a change.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::git::files::error::GitError;
use crate::git::files::place::replace_file;
use crate::git::files::regular;
use crate::git::keep::gate::SparedTree;
use crate::git::program::command::{Git, GitAnswer, records};
use crate::git::state::inspect::git_dir;

/// A submodule listed in the `.gitmodules` of a checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git) struct ListedSubmodule {
    /// The submodule's name, which is also the name of its repository below `modules`.
    pub(in crate::git) name: OsString,
    /// The submodule's path in the checkout.
    pub(in crate::git) path: OsString,
}

/// The record `orch-clones` in the folder that holds HEAD and index of a worktree. While the record exists, everything
/// at the paths of these submodules is orch's own: nothing was there when the record was written, and nobody was let in
/// since.
#[derive(Debug, Serialize, Deserialize)]
struct ClonesRecord {
    /// The paths of the submodules to check out.
    wanted: Vec<Vec<u8>>,
    /// The name and path of each submodule without a clone.
    fresh: Vec<(Vec<u8>, Vec<u8>)>,
}

/// The submodules of a checkout.
pub(in crate::git) fn listed(path: &Path) -> Result<Vec<ListedSubmodule>, GitError> {
    let file = path.join(".gitmodules");
    if !file.exists() {
        return Ok(Vec::new());
    }
    let answer = Git::within(path)
        .args(["config", "-z", "--file"])
        .arg(&file)
        .args(["--get-regexp", r"^submodule\..*\.path$"])
        .answer()?;
    // `submodule.NAME.path<LF>PATH<NUL>`. Without submodules git prints nothing and fails.
    let listed = records(&answer.stdout).filter_map(|record| {
        let line = record.iter().position(|byte| *byte == b'\n')?;
        let name = record[..line]
            .strip_prefix(b"submodule.")?
            .strip_suffix(b".path")?;
        Some(ListedSubmodule {
            name: OsStr::from_bytes(name).to_owned(),
            path: OsStr::from_bytes(&record[line + 1..]).to_owned(),
        })
    });
    Ok(listed.collect())
}

/// Checks out these submodules, and clones the missing ones. A failure leaves no new clone behind.
pub(in crate::git) fn update(
    path: &Path,
    wanted: &[OsString],
    alone: Option<&File>,
) -> Result<GitAnswer, GitError> {
    let (admin, record) = (git_dir(path)?, record(path)?);
    let fresh: Vec<ListedSubmodule> = listed(path)?
        .into_iter()
        .filter(|one| is_plain(&one.name) && is_plain(&one.path))
        .filter(|one| !admin.join("modules").join(&one.name).exists() && is_empty(&path.join(&one.path)))
        .collect();
    if !fresh.is_empty() {
        let bytes = |text: &OsString| text.clone().into_vec();
        let text = serde_json::to_vec(&ClonesRecord {
            wanted: wanted.iter().map(bytes).collect(),
            fresh: fresh
                .iter()
                .map(|one| (bytes(&one.name), bytes(&one.path)))
                .collect(),
        });
        let text = text.map_err(|error| GitError::io("write", &record)(error.into()))?;
        replace_file(&record, &text)?;
    }
    let answer = Git::within(path)
        .args(["submodule", "--quiet", "update", "--init", "--recursive", "--"])
        .args(wanted)
        .holding_any(alone)?
        .answer()?;
    if !answer.status.success() {
        forget(path)?;
    } else if !fresh.is_empty() {
        remove(&record)?;
    }
    Ok(answer)
}

/// Removes interrupted clones, as if they had never begun. Returns the paths of the submodules that were to be checked
/// out; `None` when nothing was interrupted. That case costs only a look for the record.
pub(in crate::git) fn forget(path: &Path) -> Result<Option<Vec<OsString>>, GitError> {
    let record = record(path)?;
    let Ok(text) = regular::read(&record) else {
        return Ok(None);
    };
    let mut wanted = None;
    if let Ok(recorded) = serde_json::from_slice::<ClonesRecord>(&text) {
        let modules = git_dir(path)?.join("modules");
        for (name, place) in &recorded.fresh {
            let (name, place) = (OsStr::from_bytes(name), OsStr::from_bytes(place));
            if is_plain(name) && is_plain(place) {
                SparedTree::half_cloned(path).forget_clone(&modules.join(name), &path.join(place))?;
            }
        }
        wanted = Some(recorded.wanted.into_iter().map(OsString::from_vec).collect());
    }
    remove(&record)?;
    Ok(wanted)
}

fn remove(record: &Path) -> Result<(), GitError> {
    match fs::remove_file(record) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(GitError::io("remove", record)(error)),
        _ => Ok(()),
    }
}

/// True for a relative path that only leads down.
fn is_plain(path: &OsStr) -> bool {
    let mut parts = Path::new(path).components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn is_empty(folder: &Path) -> bool {
    match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

fn record(path: &Path) -> Result<PathBuf, GitError> {
    Ok(git_dir(path)?.join("orch-clones"))
}
