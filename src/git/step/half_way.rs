//! Leftover changes of a git command that was killed while it updated a checkout.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::git::files::error::GitError;
use crate::git::files::regular;
use crate::git::lock::index_lock::IndexLock;
use crate::git::program::command::{Git, records};
use crate::git::state::inspect::inspect;
use crate::plan::CommitId;

/// Undoes the written part of a move to `new`, in a checkout whose index still shows `old`, so that the move can be
/// repeated. Touches only files that hold the content of `new`, or the beginning of that content, because that content
/// is in the commit. Every other difference is somebody's work, and the move will refuse it.
///
/// `new` names a commit or a tree. `lock` is the lock of the checkout's index, if it is held.
pub(in crate::git) fn undo_half(
    path: &Path,
    old: &CommitId,
    new: &str,
    lock: Option<&IndexLock>,
) -> Result<(), GitError> {
    let differing: BTreeSet<PathBuf> = inspect(path)?.dirty.into_iter().collect();
    let changed = changes(path, old, new)?.into_iter();
    let changed = changed.filter(|change| differing.contains(&change.file));
    let (changed, added): (Vec<ChangedFile>, Vec<ChangedFile>) = changed.partition(|change| change.old);
    // Added files go first: one of their folders may be in the place of an old file.
    for change in added {
        let file = path.join(&change.file);
        if change.is_written(&file, path)? {
            fs::remove_file(&file).map_err(GitError::io("remove", &file))?;
        }
        remove_empty(path, &change.file);
    }
    let mut back = Vec::new();
    for change in changed {
        let file = path.join(&change.file);
        // An empty folder is nobody's work.
        let _ = fs::remove_dir(&file);
        // Git removes a file before it writes the new one. A file that a person has deleted looks the same; bringing it
        // back loses nothing.
        if fs::symlink_metadata(&file).is_err() || change.is_written(&file, path)? {
            back.push(change.file);
        }
    }
    if back.is_empty() {
        return Ok(());
    }
    let list: Vec<u8> = back
        .iter()
        .flat_map(|file| [file.as_os_str().as_bytes(), b"\0"].concat())
        .collect();
    lock.map_or_else(|| Git::within(path), IndexLock::git)
        .args(["checkout-index", "--force", "--quiet", "-z", "--stdin", "-u"])
        .input(list)
        .run()
        .map(drop)
}

/// Undoes a merge of `commit` into `old` whose git command was killed before it moved HEAD: the files it wrote, and the
/// index if it wrote that too. Touches nothing when the two commits do not merge, or when anything else differs.
pub(in crate::git) fn undo_half_merge(
    path: &Path,
    old: &CommitId,
    commit: &CommitId,
    fast_forward: bool,
) -> Result<(), GitError> {
    let merged = if fast_forward {
        let tree = format!("{commit}^{{tree}}");
        Git::within(path)
            .args(["rev-parse", "--verify"])
            .arg(tree)
            .answer()?
    } else {
        let git = Git::within(path).args(["merge-tree", "--write-tree", "--no-messages"]);
        git.args([old.as_str(), commit.as_str()]).answer()?
    };
    if !merged.status.success() {
        return Ok(());
    }
    let merged = String::from_utf8_lossy(&merged.stdout).trim().to_owned();
    let index = Git::within(path).arg("write-tree").answer()?;
    if index.status.success() && String::from_utf8_lossy(&index.stdout).trim() == merged {
        // Git writes the index once all files are there. `read-tree` refuses when a file has changed since.
        return Git::within(path)
            .args(["read-tree", "-m", "-u", &merged])
            .arg(old.as_str())
            .answer()
            .map(drop);
    }
    undo_half(path, old, &merged, None)
}

/// A file that differs between two commits.
struct ChangedFile {
    file: PathBuf,
    /// True when the file is in the old commit.
    old: bool,
    /// The file's blob in the new commit, if it is a regular file or a symbolic link there.
    new: Option<Blob>,
}

enum Blob {
    File(String),
    Link(String),
}

impl ChangedFile {
    /// True when a file holds its content in the new commit, or the beginning of that content.
    fn is_written(&self, file: &Path, path: &Path) -> Result<bool, GitError> {
        let Ok(found) = fs::symlink_metadata(file) else {
            return Ok(false);
        };
        match &self.new {
            Some(Blob::File(blob)) if found.is_file() => begins(file, path, blob),
            Some(Blob::Link(blob)) if found.is_symlink() => {
                let target = fs::read_link(file).map_err(GitError::io("read", file))?;
                let wanted = Git::within(path)
                    .args(["cat-file", "blob", blob.as_str()])
                    .run()?;
                Ok(target.as_os_str().as_bytes() == wanted)
            }
            Some(_) | None => Ok(false),
        }
    }
}

/// Removes the folders above a file, as long as they are empty.
fn remove_empty(path: &Path, file: &Path) {
    for folder in file
        .ancestors()
        .skip(1)
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        if fs::remove_dir(path.join(folder)).is_err() {
            return;
        }
    }
}

fn changes(path: &Path, old: &CommitId, new: &str) -> Result<Vec<ChangedFile>, GitError> {
    let out = Git::within(path)
        .args(["diff-tree", "-r", "-z", "--no-renames", "--raw", "--no-abbrev"])
        .args([old.as_str(), new])
        .run()?;
    let mut fields = records(&out);
    let mut all = Vec::new();
    // `:MODE MODE BLOB BLOB STATUS`, then the path.
    while let (Some(about), Some(file)) = (fields.next(), fields.next()) {
        let about = String::from_utf8_lossy(about);
        let mut words = about.trim_start_matches(':').split(' ');
        let modes = (words.next(), words.next());
        let blob = words.nth(1).map(str::to_owned);
        all.push(ChangedFile {
            file: PathBuf::from(std::ffi::OsStr::from_bytes(file)),
            old: modes.0.is_some_and(|mode| mode != "000000"),
            new: match modes.1 {
                Some("120000") => blob.map(Blob::Link),
                Some(mode) if mode.starts_with("100") => blob.map(Blob::File),
                _ => None,
            },
        });
    }
    Ok(all)
}

/// True when a file holds a blob's content as git would check it out, or the beginning of that content.
fn begins(file: &Path, path: &Path, blob: &str) -> Result<bool, GitError> {
    let found = regular::read(file).map_err(GitError::io("read", file))?;
    let name = file.strip_prefix(path).unwrap_or(file);
    // With the filters and line endings that git would apply.
    let whole = Git::within(path)
        .args(["cat-file", "--filters"])
        .arg(joined("--path=", name))
        .arg(blob)
        .run()?;
    Ok(whole.starts_with(&found))
}

fn joined(option: &str, path: &Path) -> std::ffi::OsString {
    let mut joined = std::ffi::OsString::from(option);
    joined.push(path);
    joined
}
