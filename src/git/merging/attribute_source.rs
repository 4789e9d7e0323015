//! The tree from which git reads attributes.

use git2::build::TreeUpdateBuilder;
use git2::{FileMode, Oid, TreeWalkMode, TreeWalkResult};

use super::attributes::MARK;
use crate::git::files::error::GitError;
use crate::git::files::version::{ATTRIBUTE_SOURCE, GitVersion};
use crate::git::program::command::Git;
use crate::git::repo::repository::Repository;
use crate::plan::CommitId;

/// Makes a git command read attributes as on a checkout of `onto`. Git before 2.41 has no option for this, and then
/// does not see attribute files below the top folder.
pub(in crate::git) fn with_attributes_of(
    git: Git,
    version: GitVersion,
    repo: &Repository,
    onto: &CommitId,
) -> Result<Git, GitError> {
    if version < ATTRIBUTE_SOURCE {
        return Ok(git);
    }
    let source = match without_marks(repo, onto)? {
        Some(tree) => tree.to_string(),
        None => onto.to_string(),
    };
    Ok(git.option(format!("--attr-source={source}")))
}

/// The tree of a commit without byte-order marks at the start of its attribute files; `None` when no file has such a
/// mark. Git skips such a mark in the file of a checkout, but takes it for a part of the first pattern in a tree
/// (`read_attr_from_file` and `read_attr_from_blob` in git's `attr.c`).
fn without_marks(repo: &Repository, commit: &CommitId) -> Result<Option<Oid>, GitError> {
    let repo = repo.handle();
    let write = || -> Result<Option<Oid>, git2::Error> {
        let tree = repo.find_commit(Oid::from_str(commit.as_str())?)?.tree()?;
        let (mut update, mut marked) = (TreeUpdateBuilder::new(), false);
        tree.walk(TreeWalkMode::PreOrder, |folder, entry| {
            if entry.name_bytes() == b".gitattributes"
                && let Ok(blob) = repo.find_blob(entry.id())
                && let Some(rest) = blob.content().strip_prefix(MARK)
                && let Ok(blob) = repo.blob(rest)
            {
                marked = true;
                let path = [folder.as_bytes(), entry.name_bytes()].concat();
                update.upsert(path, blob, FileMode::Blob);
            }
            TreeWalkResult::Ok
        })?;
        match marked {
            true => update.create_updated(&repo, &tree).map(Some),
            false => Ok(None),
        }
    };
    write().map_err(GitError::library("read the attribute files of a commit"))
}
