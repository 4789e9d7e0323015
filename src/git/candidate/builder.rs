//! Merge candidates, built from the object database, outside every checkout.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::git::files::error::GitError;
use crate::git::files::version::GitVersion;
use crate::git::merging::{ConflictFile, MergeTally, Merged, Merger, Replayed, UndoneChange};
use crate::git::repo::repository::Repository;
use crate::plan::CommitId;

/// A commit that the target could move to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The commit. The first parent of a merge is the target, the second the branch.
    pub commit: CommitId,
    /// The id of the commit's tree. Verdicts are stored under this id.
    pub tree: String,
}

/// The result of building a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildOutcome {
    /// The commit exists, on no branch yet.
    Candidate(Candidate),
    /// The target already contains the branch.
    AlreadyContained,
    /// The two commits conflict.
    Conflict {
        /// The files, sorted by path, each once.
        files: Vec<ConflictFile>,
    },
}

/// Builds candidates of one repository, one after the other. Clones share their caches. Git's settings are read on
/// first use.
#[derive(Clone)]
pub struct CandidateBuilder {
    repo: Repository,
    git: GitVersion,
    merger: Arc<Mutex<Option<Merger>>>,
}

impl fmt::Debug for CandidateBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CandidateBuilder")
            .field("repo", &self.repo)
            .finish_non_exhaustive()
    }
}

impl CandidateBuilder {
    /// `git` is the version that [`crate::git::program::require::require_git`] returned.
    pub fn new(repo: &Repository, git: GitVersion) -> Self {
        Self {
            repo: repo.clone(),
            git,
            merger: Arc::default(),
        }
    }

    /// Merges `head` into `onto` as `git merge --no-ff` would (same tree, same conflicts, attributes and drivers as
    /// on a checkout of `onto`) and commits the result. No ref and no checkout changes.
    pub fn build(&self, onto: &CommitId, head: &CommitId, message: &str) -> Result<BuildOutcome, GitError> {
        let built = self.draft(onto, head, message)?;
        self.save()?;
        Ok(built)
    }

    /// Announces heads that will be merged onto a commit, one on top of the other, so that their data can be read while
    /// earlier heads are merged. Only a hint: other heads may come, and some of these may not.
    pub fn expect(&self, onto: &CommitId, heads: &[CommitId]) -> Result<(), GitError> {
        self.with(|merger| merger.expect(onto, heads))
    }

    /// Like [`CandidateBuilder::build`], but only this builder knows the candidate until [`CandidateBuilder::save`].
    /// Many candidates, each on top of the one before, cost least when they are written together.
    pub fn draft(&self, onto: &CommitId, head: &CommitId, message: &str) -> Result<BuildOutcome, GitError> {
        self.with(|merger| match merger.merge(onto, head)? {
            Merged::Contained => Ok(BuildOutcome::AlreadyContained),
            Merged::Conflict(files) => Ok(BuildOutcome::Conflict { files }),
            Merged::Tree(tree) => {
                let commit = merger.commit(&tree, &[onto, head], message)?;
                Ok(BuildOutcome::Candidate(Candidate { commit, tree }))
            }
        })
    }

    /// Like [`CandidateBuilder::build`], but makes one commit on `onto` with the whole change, as `git merge --squash`
    /// does. With `since`, the commit has only the change since that commit.
    pub fn squash(
        &self,
        onto: &CommitId,
        since: Option<&CommitId>,
        head: &CommitId,
        message: &str,
    ) -> Result<BuildOutcome, GitError> {
        let built = self.with(|merger| match merger.merge_since(onto, since, head)? {
            Merged::Contained => Ok(BuildOutcome::AlreadyContained),
            Merged::Conflict(files) => Ok(BuildOutcome::Conflict { files }),
            Merged::Tree(tree) => {
                let commit = merger.commit(&tree, &[onto], message)?;
                Ok(BuildOutcome::Candidate(Candidate { commit, tree }))
            }
        })?;
        self.save()?;
        Ok(built)
    }

    /// Like [`CandidateBuilder::build`], but replays the head's own commits on `onto`, as `git rebase` does: without
    /// merges, and without commits that change nothing there. With `since`, replays only the commits after that commit.
    pub fn rebase(
        &self,
        onto: &CommitId,
        since: Option<&CommitId>,
        head: &CommitId,
    ) -> Result<BuildOutcome, GitError> {
        let replayed = self.with(|merger| merger.replay(onto, since, head))?;
        self.save()?;
        Ok(match replayed {
            Replayed::Conflict(files) => BuildOutcome::Conflict { files },
            Replayed::Tip(tip) if tip == *onto => BuildOutcome::AlreadyContained,
            Replayed::Tip(commit) => BuildOutcome::Candidate(Candidate {
                tree: self.repo.tree_of(&commit)?,
                commit,
            }),
        })
    }

    /// Makes one commit on `onto` that reverts changes, one after the other. Each change goes from a commit to a later
    /// one.
    pub fn take_back(
        &self,
        onto: &CommitId,
        changes: &[(CommitId, CommitId)],
        message: &str,
    ) -> Result<BuildOutcome, GitError> {
        let before = self.repo.tree_of(onto)?;
        let built = self.with(|merger| {
            let mut tip = onto.clone();
            let mut tree = before.clone();
            for (from, to) in changes {
                match merger.undo(&tip, from, to)? {
                    UndoneChange::Conflict(files) => return Ok(BuildOutcome::Conflict { files }),
                    UndoneChange::Tree(undone) => {
                        tip = merger.commit(&undone, &[&tip], message)?;
                        tree = undone;
                    }
                }
            }
            if tree == before {
                return Ok(BuildOutcome::AlreadyContained);
            }
            let commit = merger.commit(&tree, &[onto], message)?;
            Ok(BuildOutcome::Candidate(Candidate { commit, tree }))
        })?;
        self.save()?;
        Ok(built)
    }

    /// Commits a tree that was merged elsewhere.
    pub fn seal(&self, tree: &str, parents: &[&CommitId], message: &str) -> Result<CommitId, GitError> {
        let commit = self.with(|merger| merger.commit_of(tree, parents, message))?;
        self.save()?;
        Ok(commit)
    }

    /// Writes all drafts, so that git commands and other processes see them.
    pub fn save(&self) -> Result<(), GitError> {
        self.with(Merger::save)
    }

    /// Counts of how merges were made so far.
    pub fn tally(&self) -> Result<MergeTally, GitError> {
        self.with(|merger| Ok(merger.tally()))
    }

    /// The files in which two commits conflict; empty when they merge. Writes nothing that a ref shows.
    pub fn conflicts(&self, one: &CommitId, other: &CommitId) -> Result<Vec<ConflictFile>, GitError> {
        self.with(|merger| match merger.merge(one, other)? {
            Merged::Contained | Merged::Tree(_) => Ok(Vec::new()),
            Merged::Conflict(files) => Ok(files),
        })
    }

    /// The id of the tree that merging `head` into `onto` gives; `None` when they conflict. The tree may remain
    /// unwritten.
    pub fn rehearse(&self, onto: &CommitId, head: &CommitId) -> Result<Option<String>, GitError> {
        self.rehearse_since(onto, None, head)
    }

    /// Like [`CandidateBuilder::rehearse`], for the changes since a commit below the head.
    pub fn rehearse_since(
        &self,
        onto: &CommitId,
        since: Option<&CommitId>,
        head: &CommitId,
    ) -> Result<Option<String>, GitError> {
        match self.with(|merger| merger.merge_since(onto, since, head))? {
            Merged::Contained => self.repo.tree_of(onto).map(Some),
            Merged::Tree(tree) => Ok(Some(tree)),
            Merged::Conflict(_) => Ok(None),
        }
    }

    /// The repository of this builder.
    pub(in crate::git) fn repo(&self) -> &Repository {
        &self.repo
    }

    pub(in crate::git) fn with<T>(
        &self,
        work: impl FnOnce(&mut Merger) -> Result<T, GitError>,
    ) -> Result<T, GitError> {
        let mut merger = self.merger.lock().unwrap_or_else(PoisonError::into_inner);
        let merger = match &mut *merger {
            Some(merger) => merger,
            none => none.insert(Merger::new(&self.repo, self.git)?),
        };
        work(merger)
    }
}
