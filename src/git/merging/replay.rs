//! Replaying a head's own commits on another commit, one after the other, as `git rebase` does.

use git2::{ObjectType, Oid};

use super::ConflictFile;
use super::answer::Answered;
use super::merger::{Merged, Merger};
use super::three_way::{Leave, ThreeWay};
use crate::git::files::error::GitError;
use crate::git::program::command::Git;
use crate::git::repo::ids::{commit_id, oid};
use crate::git::repo::raw_commit::RawCommit;
use crate::plan::CommitId;

/// The result of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git) enum Replayed {
    /// The tip of the replayed commits. The commit replayed onto, when none of them changed anything.
    Tip(CommitId),
    /// One of the commits conflicts.
    Conflict(Vec<ConflictFile>),
}

/// The result of reverting a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git) enum UndoneChange {
    /// The id of the tree.
    Tree(String),
    /// A later change is in the way.
    Conflict(Vec<ConflictFile>),
}

impl Merger {
    /// Replays the commits of `head` that neither `onto` nor `since` has, oldest first, without merges. A commit that
    /// no longer changes anything is left out. Commits that are already on top of `onto` are kept as they are.
    pub(in crate::git) fn replay(
        &mut self,
        onto: &CommitId,
        since: Option<&CommitId>,
        head: &CommitId,
    ) -> Result<Replayed, GitError> {
        self.save()?;
        let list = Git::on(self.common_dir())
            .args(["rev-list", "--reverse", "--topo-order", "--no-merges"])
            .arg(format!("{onto}..{head}"))
            .args(since.map(|since| format!("^{since}")))
            .run()?;
        let mut tip = onto.clone();
        for line in String::from_utf8_lossy(&list).lines() {
            let commit = oid_of(line)?;
            let original = self.original(commit)?;
            let parent = original.parents.first().cloned();
            if parent.as_ref() == Some(&tip) {
                tip = commit_id(commit);
                continue;
            }
            let tree = match self.apply(&tip, commit, parent.as_ref())? {
                Answered::Tree(tree) => tree,
                Answered::Conflict(files) => return Ok(Replayed::Conflict(files)),
            };
            if self.tree_of(&tip)?.to_string() == tree {
                continue;
            }
            tip = self.commit_again(&tree, &tip, original)?;
        }
        Ok(Replayed::Tip(tip))
    }

    /// Applies a commit's change to `tip`.
    fn apply(
        &mut self,
        tip: &CommitId,
        commit: Oid,
        parent: Option<&CommitId>,
    ) -> Result<Answered, GitError> {
        let Some(parent) = parent else {
            return self.apply_by_git(tip, &commit_id(commit), None);
        };
        self.apply_change(tip, parent, &commit_id(commit))
    }

    /// Reverts the change from `from` to `to` on `tip`.
    pub(in crate::git) fn undo(
        &mut self,
        tip: &CommitId,
        from: &CommitId,
        to: &CommitId,
    ) -> Result<UndoneChange, GitError> {
        Ok(match self.apply_change(tip, to, from)? {
            Answered::Tree(tree) => UndoneChange::Tree(tree),
            Answered::Conflict(files) => UndoneChange::Conflict(files),
        })
    }

    /// Merges `head`. With `since`, merges only the changes since that commit.
    pub(in crate::git) fn merge_since(
        &mut self,
        onto: &CommitId,
        since: Option<&CommitId>,
        head: &CommitId,
    ) -> Result<Merged, GitError> {
        let Some(since) = since else {
            return self.merge(onto, head);
        };
        let before = self.tree_of(onto)?.to_string();
        Ok(match self.apply_change(onto, since, head)? {
            Answered::Tree(tree) if tree == before => Merged::Contained,
            Answered::Tree(tree) => Merged::Tree(tree),
            Answered::Conflict(files) => Merged::Conflict(files),
        })
    }

    /// Applies the change from `from` to `to` to `tip`.
    pub(super) fn apply_change(
        &mut self,
        tip: &CommitId,
        from: &CommitId,
        to: &CommitId,
    ) -> Result<Answered, GitError> {
        let (base, ours, theirs) = (self.tree_of(from)?, self.tree_of(tip)?, self.tree_of(to)?);
        let (objects, rules) = self.parts();
        let merged = ThreeWay { objects, rules }.merge(base, ours, theirs);
        match merged {
            Ok(tree) => Ok(Answered::Tree(tree.to_string())),
            Err(Leave::ToGit) => self.apply_by_git(tip, to, Some(from)),
            Err(Leave::Failed(error)) => Err(error),
        }
    }

    fn apply_by_git(
        &mut self,
        tip: &CommitId,
        to: &CommitId,
        from: Option<&CommitId>,
    ) -> Result<Answered, GitError> {
        self.save()?;
        let empty = match from {
            Some(_) => None,
            // A root commit changed the empty tree.
            None => Some(self.empty_commit()?),
        };
        self.by_git().merge_from(from.or(empty.as_ref()), tip, to)
    }

    fn empty_commit(&mut self) -> Result<CommitId, GitError> {
        let (objects, _) = self.parts();
        let tree = objects.put(ObjectType::Tree, Vec::new())?;
        let commit = self.commit_of(&tree.to_string(), &[], "empty")?;
        self.save()?;
        Ok(commit)
    }

    fn tree_of(&mut self, commit: &CommitId) -> Result<Oid, GitError> {
        let id = oid(commit)?;
        self.tree(id).ok_or_else(|| unreadable(commit))
    }

    fn original(&mut self, commit: Oid) -> Result<RawCommit, GitError> {
        let (objects, _) = self.parts();
        let data = objects.get(commit, ObjectType::Commit);
        let read = data.as_deref().and_then(RawCommit::parse);
        read.ok_or_else(|| unreadable(&commit_id(commit)))
    }
}

fn oid_of(text: &str) -> Result<Oid, GitError> {
    Oid::from_str(text).map_err(GitError::library(format!("read the id `{text}`")))
}

fn unreadable(commit: &CommitId) -> GitError {
    GitError::Unreadable {
        command: format!("git cat-file commit {commit}"),
        what: "no commit that is read here".to_owned(),
    }
}
