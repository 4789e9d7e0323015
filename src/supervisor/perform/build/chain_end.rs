//! The end of a chain of candidates that is being built.

use crate::git::{self, CandidateBuilder, GitError, GitVersion, Repository};
use crate::plan::{CommitId, PlanName};

/// The end of a chain. Only the builder knows its commit so far.
pub struct ChainEnd {
    pub commit: CommitId,
    pub tree: String,
    pub builder: CandidateBuilder,
    repo: Repository,
}

impl ChainEnd {
    /// A chain that starts at this commit.
    pub fn at(repo: &Repository, git: GitVersion, commit: &CommitId) -> Result<Self, GitError> {
        Ok(Self {
            commit: commit.clone(),
            tree: repo.tree_of(commit)?,
            builder: CandidateBuilder::new(repo, git),
            repo: repo.clone(),
        })
    }

    /// Makes everything that was built visible to other readers of the repository.
    pub fn save(&self) -> Result<(), GitError> {
        self.builder.save()
    }

    /// True when the branch changes something that the target contains already: the merge resulted in the
    /// target's tree.
    pub fn gains_nothing(&self, head: &CommitId, merged: &str) -> Result<bool, GitError> {
        if self.tree != merged {
            return Ok(false);
        }
        self.save()?;
        Ok(match self.repo.merge_base(&self.commit, head)? {
            Some(base) => self.repo.tree_of(&base)? != self.repo.tree_of(head)?,
            None => false,
        })
    }

    /// The commit that reverted the whole plan after it was merged here; `None` when the plan is still there.
    pub fn took_back(&self, plan: &PlanName) -> Result<Option<CommitId>, GitError> {
        self.save()?;
        git::repo::taken_back_by(&self.repo, plan, &self.commit)
    }
}
