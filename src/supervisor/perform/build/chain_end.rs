//! The end of a chain of candidates that is being built.

use crate::git::{self, CandidateBuilder, GitError, GitVersion, Repository};
use crate::plan::{CommitId, PlanName};

/// See the module. Only the builder knows the commit so far.
pub struct ChainEnd {
    pub commit: CommitId,
    pub tree: String,
    pub builder: CandidateBuilder,
    repo: Repository,
}

impl ChainEnd {
    /// A chain that begins with this commit.
    pub fn at(repo: &Repository, git: GitVersion, commit: &CommitId) -> Result<Self, GitError> {
        Ok(Self {
            commit: commit.clone(),
            tree: repo.tree_of(commit)?,
            builder: CandidateBuilder::new(repo, git),
            repo: repo.clone(),
        })
    }

    /// Makes everything that was built visible outside the builder.
    pub fn save(&self) -> Result<(), GitError> {
        self.builder.save()
    }

    /// True when the branch changes something, but merging gave this tree, because the target has the change already.
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

    /// The commit that took all of the plan off again, which had been merged here; none when that is there.
    pub fn took_back(&self, plan: &PlanName) -> Result<Option<CommitId>, GitError> {
        self.save()?;
        git::repo::taken_back_by(&self.repo, plan, &self.commit)
    }
}
