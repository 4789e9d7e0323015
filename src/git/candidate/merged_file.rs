//! The files of a merge in its two sides, their common ancestor and the merge itself.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use git2::Tree;

use crate::git::files::error::GitError;
use crate::git::repo::repository::Repository;
use crate::git::repo::tree_diff::{TreeDiff, tree_at};
use crate::plan::CommitId;

/// The size in bytes above which files are not read.
const LARGEST: usize = 4 << 20;

/// One file. The text is empty where a side does not have the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedFile {
    /// Its path.
    pub path: PathBuf,
    /// The text in the common ancestor.
    pub base: String,
    /// The text on the target.
    pub ours: String,
    /// The text on the plan's branch.
    pub theirs: String,
    /// The text in the merge. When the merge has no such file, the text of all files that came with the merge.
    pub merged: String,
}

/// All text files that a side of a merge changed and that the merge does not simply take from that side.
///
/// # Errors
///
/// When commits cannot be read.
pub fn merged_files(
    repo: &Repository,
    ours: &CommitId,
    theirs: &CommitId,
    merged: &CommitId,
) -> Result<Vec<MergedFile>, GitError> {
    let base = repo.merge_base(ours, theirs)?;
    let handle = repo.handle();
    let base = base.as_ref().map(|base| tree_at(&handle, base)).transpose()?;
    let (ours, theirs) = (tree_at(&handle, ours)?, tree_at(&handle, theirs)?);
    let merged = tree_at(&handle, merged)?;
    let changed = |to: &Tree<'_>| -> Result<BTreeSet<PathBuf>, GitError> {
        Ok(TreeDiff::from_tree(&handle, base.as_ref(), to)?.paths())
    };
    let id = |tree: Option<&Tree<'_>>, path: &Path| Some(tree?.get_path(path).ok()?.id());
    let text = |tree: Option<&Tree<'_>>, path: &Path| -> Option<String> {
        let blob = handle.find_blob(id(tree, path)?).ok()?;
        let readable = !blob.is_binary() && blob.size() <= LARGEST;
        readable.then(|| String::from_utf8_lossy(blob.content()).into_owned())
    };
    let (by_ours, by_theirs) = (changed(&ours)?, changed(&theirs)?);
    let mut came = String::new();
    for path in changed(&merged)? {
        if id(base.as_ref(), &path).is_none() {
            came += &text(Some(&merged), &path).unwrap_or_default();
            came.push('\n');
        }
    }
    let mut files = Vec::new();
    for path in by_ours.union(&by_theirs) {
        let now = id(Some(&merged), path);
        let taken = match (by_ours.contains(path), by_theirs.contains(path)) {
            (true, false) => now == id(Some(&ours), path),
            (false, true) => now == id(Some(&theirs), path),
            _ => false,
        };
        if taken {
            continue;
        }
        let read = |tree: Option<&Tree<'_>>| text(tree, path).unwrap_or_default();
        files.push(MergedFile {
            path: path.clone(),
            base: read(base.as_ref()),
            ours: read(Some(&ours)),
            theirs: read(Some(&theirs)),
            merged: match now {
                Some(_) => read(Some(&merged)),
                None => came.clone(),
            },
        });
    }
    Ok(files)
}
