//! Names and ancestry of commits.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use globset::GlobSet;

use super::ids::{branch_ref, commit_id, oid};
use super::repository::Repository;
use super::tree_diff::tree_at;
use crate::git::files::error::GitError;
use crate::plan::CommitId;

/// The mode of a symbolic link in a tree.
const LINK: i32 = 0o120_000;
/// The most symbolic links in a row; more count as a cycle, as in the kernel.
const MOST_LINKS: usize = 40;

/// The most common ancestors that are cached.
const MOST_BASES: usize = 10_000;

/// How far two commits have diverged, in commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AheadBehind {
    /// Commits in the first that the second lacks.
    pub ahead: usize,
    /// Commits in the second that the first lacks.
    pub behind: usize,
}

impl Repository {
    /// The commit that a name stands for, as git reads names: branch, tag, remote branch, id, `HEAD~2`. A short name
    /// that a branch and a tag share is refused when they differ.
    pub fn resolve(&self, rev: &str) -> Result<CommitId, GitError> {
        let repo = self.handle();
        let commit_of = |name: &str| {
            let object = repo.revparse_single(name)?;
            object.peel_to_commit().map(|commit| commit_id(commit.id()))
        };
        let full = [format!("refs/heads/{rev}"), format!("refs/tags/{rev}")];
        if let [Ok(branch), Ok(tag)] = [commit_of(&full[0]), commit_of(&full[1])]
            && branch != tag
        {
            return Err(GitError::AmbiguousRevision {
                rev: rev.to_owned(),
                choices: full.to_vec(),
            });
        }
        commit_of(rev).map_err(|source| match source.code() {
            git2::ErrorCode::NotFound
            | git2::ErrorCode::InvalidSpec
            | git2::ErrorCode::Peel
            | git2::ErrorCode::UnbornBranch => GitError::UnknownRevision {
                rev: rev.to_owned(),
                near: near_branches(&repo, rev),
            },
            _ => GitError::Library {
                action: format!("resolve `{rev}`"),
                source,
            },
        })
    }

    /// The commit of a local branch; `None` when there is no such branch.
    pub fn branch_tip(&self, branch: &str) -> Result<Option<CommitId>, GitError> {
        self.ref_target(&branch_ref(branch))
    }

    /// The names of all local branches, sorted.
    pub fn branches(&self) -> Result<Vec<String>, GitError> {
        let repo = self.handle();
        let mut names = branch_names(&repo, git2::BranchType::Local);
        names.sort();
        Ok(names)
    }

    /// The commit of a ref, given the ref's full name; `None` when there is no such ref.
    pub fn ref_target(&self, name: &str) -> Result<Option<CommitId>, GitError> {
        let repo = self.handle();
        let peeled = repo.find_reference(name).and_then(|found| found.peel_to_commit());
        match peeled {
            Ok(commit) => Ok(Some(commit_id(commit.id()))),
            Err(error)
                if matches!(
                    error.code(),
                    git2::ErrorCode::NotFound | git2::ErrorCode::InvalidSpec
                ) =>
            {
                Ok(None)
            }
            Err(source) => Err(GitError::Library {
                action: format!("read `{name}`"),
                source,
            }),
        }
    }

    /// True when `ancestor` is `descendant` or is in its history.
    pub fn is_ancestor(&self, ancestor: &CommitId, descendant: &CommitId) -> Result<bool, GitError> {
        if ancestor == descendant {
            return Ok(true);
        }
        if let Some(base) = self.merge_base(ancestor, descendant)? {
            return Ok(base == *ancestor);
        }
        let (ancestor, descendant) = (oid(ancestor)?, oid(descendant)?);
        self.handle()
            .graph_descendant_of(descendant, ancestor)
            .map_err(GitError::library("compare two histories"))
    }

    /// The commits that are not in the history of `tip`, found in one walk. A commit that cannot be looked up counts as
    /// not in it.
    pub fn not_in(
        &self,
        tip: &CommitId,
        commits: &BTreeSet<CommitId>,
    ) -> Result<BTreeSet<CommitId>, GitError> {
        let cannot = || GitError::library(format!("walk the history of `{tip}`"));
        let repo = self.handle();
        let mut walk = repo.revwalk().map_err(cannot())?;
        walk.hide(oid(tip)?).map_err(cannot())?;
        let mut gone = BTreeSet::new();
        for commit in commits {
            if walk.push(oid(commit)?).is_err() {
                gone.insert(commit.clone());
            }
        }
        for id in walk {
            let id = commit_id(id.map_err(cannot())?);
            if commits.contains(&id) {
                gone.insert(id);
            }
        }
        Ok(gone)
    }

    /// The number of commits that `one` and `other` each have and the other lacks.
    pub fn ahead_behind(&self, one: &CommitId, other: &CommitId) -> Result<AheadBehind, GitError> {
        if one == other {
            return Ok(AheadBehind { ahead: 0, behind: 0 });
        }
        let (ahead, behind) = self
            .handle()
            .graph_ahead_behind(oid(one)?, oid(other)?)
            .map_err(GitError::library("count the commits between two"))?;
        Ok(AheadBehind { ahead, behind })
    }

    /// The best common ancestor of two commits; `None` when their histories are unrelated.
    pub fn merge_base(&self, one: &CommitId, other: &CommitId) -> Result<Option<CommitId>, GitError> {
        let of = (oid(one)?, oid(other)?);
        let known = || self.merge_bases.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(base) = known().get(&of) {
            return Ok(Some(commit_id(*base)));
        }
        let found = self.handle().merge_base(of.0, of.1);
        match found {
            Ok(base) => {
                let mut known = known();
                if known.len() >= MOST_BASES {
                    known.clear();
                }
                known.insert(of, base);
                Ok(Some(commit_id(base)))
            }
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(source) => Err(GitError::Library {
                action: "find the common ancestor of two commits".to_owned(),
                source,
            }),
        }
    }

    /// The first line of a commit's message.
    pub fn subject(&self, commit: &CommitId) -> Result<String, GitError> {
        let repo = self.handle();
        let found = repo
            .find_commit(oid(commit)?)
            .map_err(GitError::library("read a commit"))?;
        Ok(String::from_utf8_lossy(found.summary_bytes().unwrap_or_default()).into_owned())
    }

    /// True when a commit has this file or folder. The path is relative to the top of the repository.
    pub fn has_file(&self, commit: &CommitId, path: &Path) -> Result<bool, GitError> {
        let repo = self.handle();
        match tree_at(&repo, commit)?.get_path(path) {
            Ok(_) => Ok(true),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(false),
            Err(source) => Err(GitError::Library {
                action: format!("look for {} in a commit", path.display()),
                source,
            }),
        }
    }

    /// The files of a commit that one of these globs matches, sorted; paths that are not UTF-8 are left out.
    pub fn files_like(&self, commit: &CommitId, globs: &GlobSet) -> Result<Vec<String>, GitError> {
        let repo = self.handle();
        let mut found = Vec::new();
        let tree = tree_at(&repo, commit)?;
        let walked = tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            let is_file = entry.kind() == Some(git2::ObjectType::Blob);
            if let Some(name) = entry.name().ok().filter(|_| is_file) {
                let path = format!("{folder}{name}");
                if globs.is_match(&path) {
                    found.push(path);
                }
            }
            git2::TreeWalkResult::Ok
        });
        walked.map_err(GitError::library("list the files of a commit"))?;
        found.sort();
        Ok(found)
    }

    /// The id of a commit's tree. Equal trees hold equal files.
    pub fn tree_of(&self, commit: &CommitId) -> Result<String, GitError> {
        let repo = self.handle();
        let found = repo
            .find_commit(oid(commit)?)
            .map_err(GitError::library("read a commit"))?;
        Ok(found.tree_id().to_string())
    }
}

impl Repository {
    /// The text of a file in a commit. Follows symbolic links as in a checkout. `None` when there is no such file, or
    /// it is not UTF-8.
    pub fn text_at(&self, commit: &CommitId, path: &Path) -> Option<String> {
        let repo = self.handle();
        let tree = repo.find_commit(oid(commit).ok()?).ok()?.tree().ok()?;
        let text = |id| String::from_utf8(repo.find_blob(id).ok()?.content().to_vec()).ok();
        let parts = |path: &Path| -> Vec<_> {
            let parts = path.iter().map(OsStr::to_owned);
            parts.rev().collect()
        };
        let (mut left, mut at, mut links) = (parts(path), PathBuf::new(), 0);
        while let Some(part) = left.pop() {
            match part.to_str() {
                Some(".") => continue,
                Some("..") => {
                    at.pop().then_some(())?;
                    continue;
                }
                Some(_) | None => at.push(part),
            }
            let entry = tree.get_path(&at).ok()?;
            if entry.filemode() == LINK {
                links += 1;
                at.pop();
                left.extend(parts(Path::new(
                    &text(entry.id()).filter(|_| links <= MOST_LINKS)?,
                )));
            }
        }
        text(tree.get_path(&at).ok()?.id())
    }
}

/// True when git would accept the text as the name of a branch.
pub fn is_branch_name(name: &str) -> bool {
    git2::Branch::name_is_valid(name).unwrap_or(false) && name != "HEAD"
}

fn branch_names(repo: &git2::Repository, kind: git2::BranchType) -> Vec<String> {
    let Ok(branches) = repo.branches(Some(kind)) else {
        return Vec::new();
    };
    branches
        .flatten()
        .filter_map(|(branch, _)| Some(branch.name().ok()??.to_owned()))
        .collect()
}

/// Up to three branches with names close to `rev`, nearest first. One letter in three may differ.
fn near_branches(repo: &git2::Repository, rev: &str) -> Vec<String> {
    let mut near: Vec<(usize, String)> = [git2::BranchType::Local, git2::BranchType::Remote]
        .into_iter()
        .flat_map(|kind| branch_names(repo, kind))
        .map(|name| {
            let last = name.rsplit('/').next().unwrap_or(&name);
            let distance =
                strsim::damerau_levenshtein(&name, rev).min(strsim::damerau_levenshtein(last, rev));
            (distance, name)
        })
        .filter(|(distance, _)| *distance <= 1.max(rev.chars().count() / 3))
        .collect();
    near.sort();
    near.into_iter().map(|(_, name)| name).take(3).collect()
}
