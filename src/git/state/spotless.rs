//! The proof, without a process, that a checkout is clean.

use std::collections::HashMap;
use std::fs;
use std::ops::Deref;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use git2::IndexEntry;

use super::plain_index::PlainIndex;
use crate::git::files::names::ORCH_DIR;
use crate::git::files::registration::written_head;
use crate::plan::CommitId;

/// Above this number of files git's own check, which uses several threads, is as fast.
const MOST_FILES: usize = 10_000;

/// The commit of a checkout for which `git status` would certainly show nothing. `None` only means that git has to find
/// out.
///
/// The answer is certain when every file in the checkout is in the index and unchanged ([`PlainIndex::is_unchanged`]),
/// and the index is equal to the commit. Then neither ignore rules nor filters can make a difference. With a single
/// file beyond the index, ignored or not, git has to decide.
///
/// `repo` returns any handle of the repository. Only objects and settings are read through the handle, so an open
/// handle serves all worktrees of its repository. A handle is taken only while it is needed, not while files are
/// inspected.
pub(in crate::git) fn spotless<R: Deref<Target = git2::Repository>>(
    repo: impl Fn() -> R,
    path: &Path,
    git_dir: &Path,
) -> Option<CommitId> {
    if is_settled_elsewhere(&repo(), git_dir)? {
        return None;
    }
    let index = PlainIndex::read(git_dir, MOST_FILES)?;
    let entries = index.entries.iter().filter(|entry| !is_orchs(&entry.path));
    let mut known: HashMap<&[u8], &IndexEntry> =
        entries.map(|entry| (entry.path.as_slice(), entry)).collect();
    if !same_files(&index, path, &mut Vec::new(), &mut known)? || !known.is_empty() {
        return None;
    }
    let head = written_head(git_dir)?;
    index.differing(&repo(), &head)?.is_empty().then_some(head)
}

/// The commit of a checkout for which `git status --untracked-files=no` would certainly show nothing. Like
/// [`spotless`], but files beyond the index do not matter.
pub(in crate::git) fn spotless_as_tracked(
    repo: &git2::Repository,
    path: &Path,
    git_dir: &Path,
) -> Option<CommitId> {
    if is_settled_elsewhere(repo, git_dir)? {
        return None;
    }
    let index = PlainIndex::read(git_dir, MOST_FILES)?;
    let head = written_head(git_dir)?;
    (index.is_shown_in(path) && index.differing(repo, &head)?.is_empty()).then_some(head)
}

/// True when settings say that the files are elsewhere, or may let git leave some files out.
fn is_settled_elsewhere(repo: &git2::Repository, git_dir: &Path) -> Option<bool> {
    let elsewhere = repo.config().ok()?.get_entry("core.worktree").is_ok();
    Some(elsewhere || git_dir.join("config.worktree").exists())
}

/// True when every file below a folder is known and unchanged. Removes each file found from `known`.
fn same_files(
    index: &PlainIndex,
    folder: &Path,
    prefix: &mut Vec<u8>,
    known: &mut HashMap<&[u8], &IndexEntry>,
) -> Option<bool> {
    for entry in fs::read_dir(folder).ok()? {
        let entry = entry.ok()?;
        let name = entry.file_name();
        if prefix.is_empty() && (name == ".git" || name == ORCH_DIR) {
            continue;
        }
        let above = prefix.len();
        prefix.extend_from_slice(name.as_bytes());
        let unchanged = if entry.file_type().ok()?.is_dir() {
            prefix.push(b'/');
            same_files(index, &entry.path(), prefix, known)?
        } else {
            let noted = known.remove(prefix.as_slice())?;
            index.is_unchanged(noted, &entry.path(), &entry.metadata().ok()?)
        };
        if !unchanged {
            return Some(false);
        }
        prefix.truncate(above);
    }
    Some(true)
}

fn is_orchs(file: &[u8]) -> bool {
    file.strip_prefix(ORCH_DIR.as_bytes())
        .is_some_and(|rest| rest.first().is_none_or(|next| *next == b'/'))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::git::repo::ids::commit_id;

    #[test]
    fn a_settled_checkout_is_proved_clean_and_any_file_more_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path();
        let repo = git2::Repository::init(top).unwrap();
        fs::create_dir(top.join("src")).unwrap();
        fs::write(top.join("src/a.txt"), "a").unwrap();
        let mut index = repo.index().unwrap();
        index.add_path(Path::new("src/a.txt")).unwrap();
        index.write().unwrap();
        let tree = repo.find_tree(index.write_tree().unwrap()).unwrap();
        let who = git2::Signature::new("T", "t@example.org", &git2::Time::new(0, 0)).unwrap();
        let head = repo
            .commit(Some("HEAD"), &who, &who, "first", &tree, &[])
            .unwrap();
        let look = || spotless(|| &repo, top, &top.join(".git"));
        let set_index_time = |shift: Duration| {
            let file = fs::File::options()
                .append(true)
                .open(top.join(".git/index"))
                .unwrap();
            let written = fs::metadata(top.join("src/a.txt")).unwrap().modified().unwrap();
            file.set_modified(written + shift).unwrap();
        };
        set_index_time(Duration::ZERO);
        assert_eq!(look(), Some(commit_id(head)), "its bytes are the commit's");
        // As young as the index, of the same size, and changed since: only the bytes show the change.
        let noted = fs::metadata(top.join("src/a.txt")).unwrap();
        fs::write(top.join("src/a.txt"), "b").unwrap();
        let file = fs::File::options()
            .append(true)
            .open(top.join("src/a.txt"))
            .unwrap();
        file.set_modified(noted.modified().unwrap()).unwrap();
        assert_eq!(look(), None);
        fs::write(top.join("src/a.txt"), "a").unwrap();
        index.add_path(Path::new("src/a.txt")).unwrap();
        index.write().unwrap();
        set_index_time(Duration::from_secs(1));
        assert_eq!(look(), Some(commit_id(head)));
        fs::create_dir(top.join(ORCH_DIR)).unwrap();
        fs::write(top.join(ORCH_DIR).join("status.json"), "{}").unwrap();
        assert_eq!(look(), Some(commit_id(head)));
        fs::write(top.join("src/b.txt"), "b").unwrap();
        assert_eq!(look(), None);
    }
}
