//! Trees for checks only: several branches merged onto a commit, to find out whether they go together.

use super::builder::{BuildOutcome, Candidate, CandidateBuilder};
use crate::git::files::error::GitError;
use crate::git::merging::Merged;
use crate::git::repo::repository::Repository;
use crate::plan::CommitId;

/// The message of a commit that never lands.
const MESSAGE: &str = "Branches that are tried together; nothing lands with this";

impl CandidateBuilder {
    /// Merges all heads onto a commit, one after the other, as plans would land. The commits are on no branch and are
    /// never signed, whatever is configured, because nobody should be asked for a passphrase for them.
    pub fn union(&self, onto: &CommitId, heads: &[&CommitId]) -> Result<BuildOutcome, GitError> {
        let built = self.with(|merger| {
            merger.sign_nothing();
            let (mut tip, mut last) = (onto.clone(), None);
            for head in heads {
                match merger.merge(&tip, head)? {
                    Merged::Contained => {}
                    Merged::Conflict(files) => return Ok(BuildOutcome::Conflict { files }),
                    Merged::Tree(tree) => {
                        tip = merger.commit(&tree, &[&tip, head], MESSAGE)?;
                        last = Some(tree);
                    }
                }
            }
            Ok(last.map_or(BuildOutcome::AlreadyContained, |tree| {
                BuildOutcome::Candidate(Candidate { commit: tip, tree })
            }))
        })?;
        self.save()?;
        Ok(built)
    }
}

/// A builder for such trees.
pub fn unions(repo: &Repository) -> Result<CandidateBuilder, GitError> {
    Ok(CandidateBuilder::new(
        repo,
        crate::git::program::require::require_git()?,
    ))
}
