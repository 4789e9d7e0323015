//! An index that hides no change, read without a process.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use git2::IndexEntry;

use crate::git::files::regular;
use crate::plan::CommitId;

const STAGE: u16 = 0x3000;
const ASSUME_VALID: u16 = 0x8000;

/// Above this number of entries git's own comparison is as fast, because git knows which folders are unchanged.
pub(in crate::git) const MOST_FILES: usize = 10_000;

/// The size in bytes above which files are not read.
const MOST_BYTES: u64 = 1 << 20;

/// The entries of an index with plain entries only: no merge, and no flag that hides a change from git.
pub(in crate::git) struct PlainIndex {
    /// Sorted by path, bytewise.
    pub(in crate::git) entries: Vec<IndexEntry>,
    /// When the index was written.
    written: (i64, i64),
}

impl PlainIndex {
    /// Reads the index in this folder. Returns `None` when the index is not plain, or has more than `most` files.
    pub(in crate::git) fn read(git_dir: &Path, most: usize) -> Option<Self> {
        // Read before the index itself. When the index is replaced in between, its files merely look too young.
        let written = mtime(&fs::metadata(git_dir.join("index")).ok()?);
        let index = git2::Index::open(&git_dir.join("index")).ok()?;
        if index.len() > most {
            return None;
        }
        let entries: Vec<IndexEntry> = index.iter().collect();
        let plain =
            |entry: &IndexEntry| entry.flags & (STAGE | ASSUME_VALID) == 0 && entry.flags_extended == 0;
        entries.iter().all(plain).then_some(Self { entries, written })
    }

    /// The files in which the index differs from a commit. `None` when the commit cannot be read.
    pub(in crate::git) fn differing(
        &self,
        repo: &git2::Repository,
        commit: &CommitId,
    ) -> Option<Vec<PathBuf>> {
        let commit = git2::Oid::from_str(commit.as_str()).ok()?;
        let tree = repo.find_commit(commit).ok()?.tree().ok()?;
        let mut committed = Vec::with_capacity(self.entries.len());
        list(repo, &tree, &mut Vec::new(), &mut committed)?;
        let mut ours = self
            .entries
            .iter()
            .map(|entry| (&entry.path, entry.mode, entry.id))
            .peekable();
        let mut theirs = committed
            .iter()
            .map(|(path, mode, id)| (path, *mode, *id))
            .peekable();
        let mut differing = Vec::new();
        loop {
            let (path, differs) = match (ours.peek(), theirs.peek()) {
                (None, None) => return Some(differing),
                (Some(our), Some(their)) if our.0 == their.0 => (our.0, our != their),
                (Some(our), their) if their.is_none_or(|their| our.0 < their.0) => (our.0, true),
                (_, Some(their)) => (their.0, true),
                (Some(our), None) => (our.0, true),
            };
            ours.next_if(|our| our.0 == path);
            theirs.next_if(|their| their.0 == path);
            if differs {
                differing.push(PathBuf::from(OsStr::from_bytes(path)));
            }
        }
    }

    /// True when the file is certainly as the entry says. The test is git's own: times, inode number, size and mode
    /// agree exactly. For a file as young as the index this test proves nothing (git's
    /// `Documentation/technical/racy-git.txt` says why), so the bytes are compared too.
    pub(in crate::git) fn is_unchanged(&self, entry: &IndexEntry, file: &Path, found: &Metadata) -> bool {
        // Git records a size of zero for a file that it could not tell from a changed one.
        let old = (
            i64::from(entry.mtime.seconds()),
            i64::from(entry.mtime.nanoseconds()),
        ) < self.written;
        let empty =
            || git2::Oid::hash_object(git2::ObjectType::Blob, b"").is_ok_and(|empty| empty == entry.id);
        let certain = old && (entry.file_size != 0 || empty());
        is_as_noted(entry, found, certain) && (certain || has_bytes(file, entry))
    }

    /// True when every file of the index is in this checkout, unchanged, and no folder above a file is a link: git writes
    /// nothing behind one.
    pub(in crate::git) fn is_shown_in(&self, checkout: &Path) -> bool {
        let mut seen: Option<PathBuf> = None;
        self.entries.iter().all(|entry| {
            let inside = Path::new(OsStr::from_bytes(&entry.path));
            let above = inside.parent().unwrap_or(Path::new(""));
            if seen.as_deref() != Some(above) {
                let folders = above.ancestors().filter(|folder| *folder != Path::new(""));
                let known = |folder: &&Path| seen.as_ref().is_some_and(|seen| seen.starts_with(folder));
                let mut new = folders.take_while(|folder| !known(folder));
                if !new.all(|folder| {
                    fs::symlink_metadata(checkout.join(folder)).is_ok_and(|found| found.is_dir())
                }) {
                    return false;
                }
                seen = Some(above.to_owned());
            }
            let file = checkout.join(inside);
            fs::symlink_metadata(&file).is_ok_and(|found| self.is_unchanged(entry, &file, &found))
        })
    }
}

/// True when the index in this folder certainly agrees with every file of its checkout.
pub(in crate::git) fn is_fresh(git_dir: &Path, checkout: &Path) -> bool {
    PlainIndex::read(git_dir, MOST_FILES).is_some_and(|index| index.is_shown_in(checkout))
}

/// A file of a commit: path, mode and content.
type Committed = (Vec<u8>, u32, git2::Oid);

/// Lists the files of a commit's folder in index order. The library's own comparison is not used, because it first
/// reads all settings.
fn list(
    repo: &git2::Repository,
    tree: &git2::Tree<'_>,
    prefix: &mut Vec<u8>,
    files: &mut Vec<Committed>,
) -> Option<()> {
    for entry in tree {
        let above = prefix.len();
        prefix.extend_from_slice(entry.name_bytes());
        if entry.kind() == Some(git2::ObjectType::Tree) {
            prefix.push(b'/');
            list(repo, &repo.find_tree(entry.id()).ok()?, prefix, files)?;
        } else {
            files.push((prefix.clone(), u32::try_from(entry.filemode()).ok()?, entry.id()));
        }
        prefix.truncate(above);
    }
    Some(())
}

/// True when a regular file holds exactly the content in the index.
fn has_bytes(path: &Path, noted: &IndexEntry) -> bool {
    let small = fs::symlink_metadata(path).is_ok_and(|found| found.is_file() && found.size() <= MOST_BYTES);
    let bytes = small.then(|| regular::read(path).ok()).flatten();
    let id = bytes.and_then(|bytes| git2::Oid::hash_object(git2::ObjectType::Blob, &bytes).ok());
    id == Some(noted.id)
}

/// The index stores the lower 32 bits of each number.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn is_as_noted(noted: &IndexEntry, found: &Metadata, certain: bool) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::repo::ids::commit_id;

    const FILES: [&str; 8] = ["a", "a-b", "a.txt", "a/b", "a/c/d", "b/a", "b/ä.txt", "c"];

    /// The names of the files for these bits, without those that are folders in this case.
    fn chosen(bits: u32) -> Vec<&'static str> {
        let chosen = FILES.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1);
        let chosen: Vec<&str> = chosen.map(|(_, name)| *name).collect();
        let is_folder = |name: &str| chosen.iter().any(|other| other.starts_with(&format!("{name}/")));
        let files = chosen.iter().filter(|name| !is_folder(name));
        files.copied().collect()
    }

    fn fill(repo: &git2::Repository, bits: u32, changed: u32) -> git2::Index {
        let mut index = repo.index().unwrap();
        index.clear().unwrap();
        for name in chosen(bits) {
            let at = FILES.iter().position(|known| *known == name).unwrap();
            let text = format!("{name} {}", changed >> at & 1);
            fs::create_dir_all(repo.workdir().unwrap().join(name).parent().unwrap()).unwrap();
            fs::write(repo.workdir().unwrap().join(name), text).unwrap();
            index.add_path(Path::new(name)).unwrap();
            fs::remove_file(repo.workdir().unwrap().join(name)).unwrap();
            let _ = fs::remove_dir_all(repo.workdir().unwrap().join("a"));
        }
        index.write().unwrap();
        index
    }

    #[test]
    fn an_index_differs_from_a_commit_in_the_files_that_the_library_finds() {
        let dir = tempfile::tempdir().unwrap();
        let repo = git2::Repository::init(dir.path()).unwrap();
        let who = git2::Signature::new("T", "t@example.org", &git2::Time::new(0, 0)).unwrap();
        let mut seed = 7_u32;
        let mut next = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            seed >> 16
        };
        let mut differed = 0;
        for _ in 0..60 {
            let mut index = fill(&repo, next(), next());
            let tree = repo.find_tree(index.write_tree().unwrap()).unwrap();
            let commit = repo.commit(None, &who, &who, "one", &tree, &[]).unwrap();
            let (bits, changed) = (next(), next());
            let index = fill(&repo, bits, changed);
            let diff = repo.diff_tree_to_index(Some(&tree), Some(&index), None).unwrap();
            let mut expected: Vec<PathBuf> = Vec::new();
            for delta in diff.deltas() {
                expected.push(
                    delta
                        .old_file()
                        .path()
                        .or(delta.new_file().path())
                        .unwrap()
                        .to_owned(),
                );
            }
            expected.sort();
            expected.dedup();
            let plain = PlainIndex::read(repo.path(), 100).unwrap();
            let mut found = plain.differing(&repo, &commit_id(commit)).unwrap();
            found.sort();
            assert_eq!(found, expected);
            differed += usize::from(!found.is_empty());
        }
        assert!(differed > 30);
    }

    #[test]
    fn an_index_that_hides_something_is_not_plain() {
        let dir = tempfile::tempdir().unwrap();
        let repo = git2::Repository::init(dir.path()).unwrap();
        let flagged = |flags: u16, extended: u16| {
            let mut index = fill(&repo, 2, 0);
            let mut entry = index.iter().next().unwrap();
            (entry.flags, entry.flags_extended) = (entry.flags | flags, entry.flags_extended | extended);
            index.add(&entry).unwrap();
            index.write().unwrap();
            PlainIndex::read(repo.path(), 100).is_some()
        };
        assert!(flagged(0, 0));
        assert!(!flagged(ASSUME_VALID, 0));
        let (left_out, intended) = (1 << 14, 1 << 13);
        assert!(!flagged(0, left_out));
        assert!(!flagged(0, intended));
        fill(&repo, 255, 0);
        assert!(PlainIndex::read(repo.path(), 1).is_none());
    }
}
