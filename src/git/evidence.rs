//! Whether a target has all of a branch, also after a squash or a rebase that left none of its commits.
//!
//! Kinds of evidence, cheapest first: ancestry; the same tree; the same patches (`git cherry`, and `git patch-id` for the
//! branch as a whole); and last a trial merge that changes nothing. Patches count only while each path that the branch
//! changed is changed on the target too: what was landed and taken back is not there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::command::{Git, parse_id};
use super::revision::{commit_id, oid};
use super::tree_diff::TreeDiff;
use super::{CandidateBuilder, GitError, Repository, require_git};
use crate::plan::{CommitId, LandedBy};

/// How far back on the target a squash is looked for, in commits.
const LOOK_BACK: usize = 1_000;

impl Repository {
    /// By what `target` is known to have all of `tip`; none when nothing shows that.
    ///
    /// # Errors
    ///
    /// When the repository cannot be read.
    pub fn landed_by(&self, tip: &CommitId, target: &CommitId) -> Result<Option<LandedBy>, GitError> {
        if self.is_ancestor(tip, target)? {
            return Ok(Some(LandedBy::Ancestry));
        }
        let Some(base) = self.merge_base(tip, target)? else {
            return Ok(None);
        };
        if self.tree_of(tip)? != self.tree_of(&base)? {
            if let Some(commit) = self.with_tree_of(tip, &base, target)? {
                return Ok(Some(LandedBy::EqualTree { commit }));
            }
            // Cheap, and true of nearly every branch that has not landed: the rest costs several processes.
            let there = self.changed_paths(&base, target)?;
            if !self.changed_paths(&base, tip)?.is_subset(&there) {
                return Ok(None);
            }
            if let Some(commits) = self.same_patches(tip, target)? {
                return Ok(Some(LandedBy::SamePatches { commits }));
            }
            if let Some(commit) = self.squashed(tip, &base, target)? {
                return Ok(Some(LandedBy::Squash { commit }));
            }
        }
        let builder = CandidateBuilder::new(self, require_git()?);
        let merged = builder.rehearse(target, tip)?;
        let nothing = merged.is_some_and(|tree| self.tree_of(target).is_ok_and(|own| own == tree));
        Ok(nothing.then_some(LandedBy::NothingLeft))
    }

    /// The paths that differ between two commits.
    fn changed_paths(&self, one: &CommitId, other: &CommitId) -> Result<BTreeSet<PathBuf>, GitError> {
        Ok(TreeDiff::between(&self.handle(), one, other)?.paths())
    }

    /// A commit on the target since `base` with the files of `tip`, the latest.
    fn with_tree_of(
        &self,
        tip: &CommitId,
        base: &CommitId,
        target: &CommitId,
    ) -> Result<Option<CommitId>, GitError> {
        let tree = self.tree_of(tip)?;
        let repo = self.handle();
        let cannot = || GitError::library("read the history of the target");
        let mut walk = repo.revwalk().map_err(cannot())?;
        walk.push(oid(target)?).map_err(cannot())?;
        walk.hide(oid(base)?).map_err(cannot())?;
        for found in walk.take(LOOK_BACK) {
            let commit = repo.find_commit(found.map_err(cannot())?).map_err(cannot())?;
            if commit.tree_id().to_string() == tree {
                return Ok(Some(commit_id(commit.id())));
            }
        }
        Ok(None)
    }

    /// How many commits the branch has that the target lacks, when each of them has a twin there. A merge among them has
    /// no patch of its own, so with one nothing is shown.
    fn same_patches(&self, tip: &CommitId, target: &CommitId) -> Result<Option<usize>, GitError> {
        let merges = Git::on(self.common_dir())
            .args([
                "rev-list",
                "--merges",
                "--max-count=1",
                tip.as_str(),
                "--not",
                target.as_str(),
            ])
            .run()?;
        if !merges.is_empty() {
            return Ok(None);
        }
        let out = Git::on(self.common_dir())
            .args(["cherry", target.as_str(), tip.as_str()])
            .run()?;
        let text = String::from_utf8_lossy(&out);
        let commits = text.lines().count();
        Ok((commits > 0 && text.lines().all(|line| line.starts_with('-'))).then_some(commits))
    }

    /// A commit on the target that makes the same change as the whole branch.
    fn squashed(
        &self,
        tip: &CommitId,
        base: &CommitId,
        target: &CommitId,
    ) -> Result<Option<CommitId>, GitError> {
        let whole = Git::on(self.common_dir())
            .args([
                "diff",
                "--no-ext-diff",
                "--no-textconv",
                "--full-index",
                "--binary",
            ])
            .args([base.as_str(), tip.as_str()])
            .run()?;
        let Some(wanted) = self.patch_ids(whole)?.into_keys().next() else {
            return Ok(None);
        };
        let log = Git::on(self.common_dir())
            .args([
                "log",
                "--patch",
                "--no-merges",
                "--no-ext-diff",
                "--no-textconv",
                "--full-index",
            ])
            .args(["--binary", "--format=commit %H"])
            .arg(format!("--max-count={LOOK_BACK}"))
            .arg(format!("{base}..{target}"))
            .run()?;
        Ok(self.patch_ids(log)?.remove(&wanted))
    }

    /// The stable ids of patches, with the commits that they come from.
    fn patch_ids(&self, patches: Vec<u8>) -> Result<BTreeMap<String, CommitId>, GitError> {
        let out = Git::on(self.common_dir())
            .args(["patch-id", "--stable"])
            .input(patches)
            .run()?;
        let text = String::from_utf8_lossy(&out);
        let pairs = text.lines().filter_map(|line| {
            let (patch, commit) = line.split_once(' ')?;
            Some((patch.to_owned(), parse_id(commit.as_bytes())?))
        });
        Ok(pairs.collect())
    }
}
