//! The proof, without a process, that a checkout is clean.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::ops::Deref;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::git::files::names::ORCH_DIR;
use crate::git::files::registration::written_head;
use crate::git::files::regular;
use crate::plan::CommitId;

/// Above this many files git's own look, which takes several threads, is as fast.
const MOST_FILES: usize = 1_000;
const STAGE: u16 = 0x3000;
const ASSUME_VALID: u16 = 0x8000;

/// The commit of a checkout for which it is certain that `git status` would show nothing. None says only that this needs
/// git to find out.
///
/// Certain it is when each file there is one of the index, with the same times, number, size and mode to the last digit,
/// and the index holds what the commit holds. That is git's own test for an unchanged file. Of a file as young as the index
/// that says nothing (git's `Documentation/technical/racy-git.txt` says why), so its bytes are compared too, and must be
/// those of the commit. Neither ignore rules nor filters can then make a difference: a single file beyond the index,
/// ignored or not, is left to git.
///
/// `repo` gives any handle of the repository: only its objects and settings are read, so one that is open already serves
/// all of its worktrees. It is asked for one only while it is needed, and not while files are looked at.
pub(in crate::git) fn spotless<R: Deref<Target = git2::Repository>>(
    repo: impl Fn() -> R,
    path: &Path,
    git_dir: &Path,
) -> Option<CommitId> {
    // Settings may send git elsewhere for the files, or let it leave some of them out.
    let settled_elsewhere =
        repo().config().ok()?.get_entry("core.worktree").is_ok() || git_dir.join("config.worktree").exists();
    if settled_elsewhere {
        return None;
    }
    // Before the index is read: a newer one then only makes its files look too young.
    let index_time = fs::metadata(git_dir.join("index"))
        .ok()
        .map(|index| mtime(&index))?;
    let index = git2::Index::open(&git_dir.join("index")).ok()?;
    if index.len() > MOST_FILES {
        return None;
    }
    let empty = git2::Oid::hash_object(git2::ObjectType::Blob, b"").ok()?;
    let mut known = HashMap::with_capacity(index.len());
    for entry in index.iter() {
        let plain = entry.flags & (STAGE | ASSUME_VALID) == 0 && entry.flags_extended == 0;
        if !plain {
            return None;
        }
        // Git notes a size of nothing for a file that it could not tell from a changed one.
        let told = entry.file_size != 0 || entry.id == empty;
        let old = (
            i64::from(entry.mtime.seconds()),
            i64::from(entry.mtime.nanoseconds()),
        ) < index_time;
        let noted = Noted {
            certain: told && old,
            entry,
        };
        known.insert(noted.entry.path.clone(), noted);
    }
    known.retain(|file, _| !is_orchs(file));
    if !same_files(path, b"", &mut known)? || !known.is_empty() {
        return None;
    }
    let head = written_head(git_dir)?;
    let staged = index.iter().map(|entry| (entry.path, (entry.mode, entry.id)));
    let mut staged: HashMap<_, _> = staged.collect();
    let repo = repo();
    let tree = repo
        .find_commit(git2::Oid::from_str(head.as_str()).ok()?)
        .ok()?
        .tree()
        .ok()?;
    (holds(&repo, &tree, b"", &mut staged)? && staged.is_empty()).then_some(head)
}

/// True when an index has every file of a commit's folder, with the same mode and content; each is struck off the list. Not
/// by git's comparison of both, which reads all settings first.
fn holds(
    repo: &git2::Repository,
    tree: &git2::Tree<'_>,
    prefix: &[u8],
    staged: &mut HashMap<Vec<u8>, (u32, git2::Oid)>,
) -> Option<bool> {
    for entry in tree {
        let file = [prefix, entry.name_bytes()].concat();
        let same = match entry.kind() {
            Some(git2::ObjectType::Tree) => {
                let below = repo.find_tree(entry.id()).ok()?;
                holds(repo, &below, &[file.as_slice(), b"/"].concat(), staged)?
            }
            _ => {
                let mode = u32::try_from(entry.filemode()).ok()?;
                staged.remove(&file) == Some((mode, entry.id()))
            }
        };
        if !same {
            return Some(false);
        }
    }
    Some(true)
}

/// True when every file below a folder is known and unchanged; each is struck off the list.
fn same_files(folder: &Path, prefix: &[u8], known: &mut HashMap<Vec<u8>, Noted>) -> Option<bool> {
    for entry in fs::read_dir(folder).ok()? {
        let entry = entry.ok()?;
        let name = entry.file_name();
        let file = [prefix, name.as_bytes()].concat();
        if prefix.is_empty() && (name == ".git" || name == ORCH_DIR) {
            continue;
        }
        let unchanged = if entry.file_type().ok()?.is_dir() {
            same_files(&entry.path(), &[file.as_slice(), b"/"].concat(), known)?
        } else {
            let noted = known.remove(&file)?;
            is_unchanged(&noted, &entry.metadata().ok()?)
                && (noted.certain || has_bytes(&entry.path(), &noted.entry))
        };
        if !unchanged {
            return Some(false);
        }
    }
    Some(true)
}

/// The index entry of a file, and whether its times prove it unchanged.
struct Noted {
    entry: git2::IndexEntry,
    certain: bool,
}

/// Files larger than this are not read, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// True when a plain file holds exactly what the index has for it.
fn has_bytes(path: &Path, noted: &git2::IndexEntry) -> bool {
    let small = fs::symlink_metadata(path).is_ok_and(|found| found.is_file() && found.size() <= MOST_BYTES);
    let bytes = small.then(|| regular::read(path).ok()).flatten();
    let id = bytes.and_then(|bytes| git2::Oid::hash_object(git2::ObjectType::Blob, &bytes).ok());
    id == Some(noted.id)
}

/// The index keeps the lower 32 bits of each number.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn is_unchanged(noted: &Noted, found: &Metadata) -> bool {
    let certain = noted.certain;
    let noted = &noted.entry;
    let mode = match found.mode() & 0o170_000 {
        0o100_000 if found.mode() & 0o100 != 0 => 0o100_755,
        0o100_000 => 0o100_644,
        kind => kind,
    };
    noted.mode == mode
        && noted.mtime.seconds() == found.mtime() as i32
        && noted.mtime.nanoseconds() == found.mtime_nsec() as u32
        && noted.ctime.seconds() == found.ctime() as i32
        && noted.ctime.nanoseconds() == found.ctime_nsec() as u32
        && noted.ino == found.ino() as u32
        && (noted.file_size == found.size() as u32 || !certain)
}

fn mtime(file: &Metadata) -> (i64, i64) {
    (file.mtime(), file.mtime_nsec())
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
        // As young as the index, of the same size, and changed since: only its bytes tell.
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
