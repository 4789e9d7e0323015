//! Git's records of worktrees: the folders below `worktrees/` in the common directory.
//!
//! They are read as files, as `gitrepository-layout` documents them, because orch must also see half-made worktrees,
//! which `git worktree list` leaves out.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use super::error::GitError;
use super::regular;
use super::settled_reads::SettledReads;
use crate::plan::CommitId;

/// One worktree in git's worktree administration.
#[derive(Debug, Clone)]
pub(in crate::git) struct Registration {
    /// The worktree's admin dir: `COMMON/worktrees/ID`.
    pub(in crate::git) admin: PathBuf,
    /// The folder where the worktree's files are, or should be.
    pub(in crate::git) path: PathBuf,
}

impl Registration {
    /// The checked-out branch, or `Some(None)` when HEAD is detached. `None` when HEAD is not usable, as in a worktree
    /// whose making was interrupted.
    pub(in crate::git) fn head(&self) -> Option<Option<String>> {
        head_in(&self.admin)
    }

    /// True when the folder at `path` points back to this registration.
    pub(in crate::git) fn is_connected(&self) -> bool {
        let Some(admin) = pointed_to(&self.path) else {
            return false;
        };
        // Equal paths lead to the same place.
        if admin == self.admin && admin.exists() {
            return true;
        }
        let same = |admin| self.admin.canonicalize().is_ok_and(|own| own == admin);
        admin.canonicalize().is_ok_and(same)
    }

    /// True when the folder's `.git` belongs to something else. The beginning of this worktree's own link, left by an
    /// interrupted write, is not foreign.
    pub(in crate::git) fn is_foreign(&self) -> bool {
        let link = self.path.join(".git");
        match regular::read(&link) {
            Ok(found) => !self.link().starts_with(&found) && !self.is_connected(),
            Err(_) => link.symlink_metadata().is_ok(),
        }
    }

    /// Writes the worktree's `.git` file, creating the folder when it is missing.
    pub(in crate::git) fn connect(&self) -> Result<(), GitError> {
        fs::create_dir_all(&self.path).map_err(GitError::io("create the folder", &self.path))?;
        let link = self.path.join(".git");
        fs::write(&link, self.link()).map_err(GitError::io("write", &link))
    }

    /// The content of a `.git` file that points to this admin dir.
    fn link(&self) -> Vec<u8> {
        [b"gitdir: ", self.admin.as_os_str().as_bytes(), b"\n"].concat()
    }
}

/// The result of [`Registration::head`] for the entry in this folder.
pub(in crate::git) fn head_in(admin: &Path) -> Option<Option<String>> {
    read_head(&admin.join("HEAD")).filter(|_| admin.join("commondir").exists())
}

/// Like [`head_in`], for many entries that change rarely.
pub(in crate::git) fn known_head_in(reads: &SettledReads, admin: &Path) -> Option<Option<String>> {
    let head = parse_head(&reads.read(&admin.join("HEAD"))?)?;
    admin.join("commondir").exists().then_some(head)
}

/// The branch in a HEAD file: `Some(None)` for a commit, `None` for neither a branch nor a commit.
pub(in crate::git) fn read_head(file: &Path) -> Option<Option<String>> {
    parse_head(&regular::read_to_string(file).ok()?)
}

/// Like [`read_head`], for the text of the file.
pub(in crate::git) fn parse_head(text: &str) -> Option<Option<String>> {
    let text = text.trim();
    if let Some(branch) = text.strip_prefix("ref: refs/heads/") {
        return Some(Some(branch.to_owned()));
    }
    let is_commit = text.len() >= 40 && text.bytes().any(|b| b != b'0');
    is_commit.then_some(None)
}

/// The commit of HEAD, if it is written in a file: in HEAD itself, or in the branch's own file, which takes precedence
/// over `packed-refs`. `None` only means that the ref has to be looked up by other means.
pub(in crate::git) fn written_head(git_dir: &Path) -> Option<CommitId> {
    let id = |file: &Path| regular::read_to_string(file).ok()?.trim().parse().ok();
    match read_head(&git_dir.join("HEAD"))? {
        None => id(&git_dir.join("HEAD")),
        Some(branch) => {
            let common = match regular::read(&git_dir.join("commondir")) {
                Ok(content) => path_in(&content, git_dir)?,
                Err(_) => git_dir.to_owned(),
            };
            id(&common.join("refs/heads").join(branch))
        }
    }
}

/// All worktrees in git's worktree administration, in no particular order. Entries without a path are skipped.
pub(in crate::git) fn registrations(common_dir: &Path) -> Result<Vec<Registration>, GitError> {
    registrations_with(common_dir, |_| true)
}

/// The registrations whose admin dir passes the filter. Paths are read and resolved only for these, because resolving
/// is the slowest part when there are many worktrees.
pub(in crate::git) fn registrations_with(
    common_dir: &Path,
    asked: impl Fn(&Path) -> bool,
) -> Result<Vec<Registration>, GitError> {
    let settled = |(admin, path): (PathBuf, PathBuf)| Registration {
        path: settle(&path),
        admin,
    };
    Ok(written_paths(common_dir, asked)?.map(settled).collect())
}

/// The entry in git's worktree administration for a resolved path. Cheaper than searching all entries: with many
/// worktrees, resolving all their paths would cost more than making another worktree.
pub(in crate::git) fn registration_at(
    common_dir: &Path,
    path: &Path,
) -> Result<Option<Registration>, GitError> {
    let found = |admin: PathBuf| Registration {
        path: path.to_owned(),
        admin,
    };
    let back = |admin: &Path| -> Option<bool> {
        let link = path_in(&regular::read(&admin.join("gitdir")).ok()?, admin)?;
        Some(settle(link.parent()?) == path)
    };
    let admin_dirs = common_dir.join("worktrees");
    if let Some(admin) = pointed_to(path).and_then(|admin| entry_in(&admin_dirs, admin))
        && let Some(name) = admin.file_name()
        && back(&admin) == Some(true)
    {
        return Ok(Some(found(admin_dirs.join(name))));
    }
    // Only a path with the same last part, or a path whose last part is a symbolic link, can lead to the same folder.
    let may_be =
        |written: &Path| written == path || written.file_name() == path.file_name() || written.is_symlink();
    Ok(written_paths(common_dir, |_| true)?
        .find(|(_, written)| written == path || (may_be(written) && settle(written) == path))
        .map(|(admin, _)| found(admin)))
}

/// Admin dirs with the worktrees' paths as they are written there, unresolved.
fn written_paths(
    common_dir: &Path,
    asked: impl Fn(&Path) -> bool,
) -> Result<impl Iterator<Item = (PathBuf, PathBuf)>, GitError> {
    let folder = common_dir.join("worktrees");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => Some(entries),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(GitError::io("read", &folder)(error)),
    };
    Ok(entries.into_iter().flatten().flatten().filter_map(move |entry| {
        let admin = entry.path();
        if !asked(&admin) {
            return None;
        }
        let link = path_in(&regular::read(&admin.join("gitdir")).ok()?, &admin)?;
        Some((admin, link.parent()?.to_owned()))
    }))
}

/// True for an existing entry of this administration that is written plainly: a name directly in this folder, and no
/// symbolic link. Such an entry is in the folder wherever the folder's own path leads, so no path has to be resolved
/// part by part.
pub(in crate::git) fn is_plainly_in(admin_dirs: &Path, admin: &Path) -> bool {
    let is_name_in = admin.parent() == Some(admin_dirs) && admin.file_name().is_some();
    is_name_in && admin.symlink_metadata().is_ok_and(|found| !found.is_symlink())
}

/// The entry of this administration that the path means, under its own name there; `None` when the entry is in another
/// administration.
fn entry_in(admin_dirs: &Path, admin: PathBuf) -> Option<PathBuf> {
    if is_plainly_in(admin_dirs, &admin) {
        return Some(admin);
    }
    let admin = admin.canonicalize().ok()?;
    let admin_dirs = admin_dirs.canonicalize().ok()?;
    (admin.parent() == Some(admin_dirs.as_path())).then_some(admin)
}

/// The admin dir that a worktree's `.git` file names; `None` when there is no such file.
pub(in crate::git) fn pointed_to(worktree: &Path) -> Option<PathBuf> {
    let content = regular::read(&worktree.join(".git")).ok()?;
    path_in(content.strip_prefix(b"gitdir: ")?, worktree)
}

fn path_in(content: &[u8], relative_to: &Path) -> Option<PathBuf> {
    let content = content.trim_ascii_end();
    (!content.is_empty()).then(|| relative_to.join(OsStr::from_bytes(content)))
}

/// A path without `.`, `..` and symbolic links, whether or not its last parts exist yet.
pub(in crate::git) fn settle(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut settled = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                settled.pop();
            }
            Component::RootDir | Component::Prefix(_) | Component::Normal(_) => {
                settled.push(component);
                // Links are resolved part by part, so that `..` after a link means the same as for the system.
                if let Ok(real) = settled.canonicalize() {
                    settled = real;
                }
            }
        }
    }
    settled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_settles_whether_or_not_it_exists() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().canonicalize().unwrap();
        std::os::unix::fs::symlink(&real, real.join("link")).unwrap();
        assert_eq!(
            settle(&real.join("link/../x/./y")),
            real.parent().unwrap().join("x/y")
        );
        assert_eq!(settle(&real.join("link/new/deep")), real.join("new/deep"));
    }
}
