//! Whether a target has all of a branch, also after a squash or a rebase that left none of its commits.
//!
//! Kinds of evidence, cheapest first: ancestry; the same tree; the same patches (`git patch-id` of each commit, and of the
//! branch as a whole); and last a trial merge that changes nothing. Patches count only while each path that the branch
//! changed is changed on the target too: what was landed and taken back is not there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::PoisonError;

use super::command::{Git, parse_id};
use super::revision::{commit_id, oid};
use super::tree_diff::TreeDiff;
use super::{CandidateBuilder, GitError, Repository, require_git};
use crate::plan::{CommitId, LandedBy};

/// How far back on the target patches are looked for, in commits: a look has to end soon, however far the target has gone.
const LOOK_BACK: usize = 1_000;

/// Patches whole, whatever a person has set for reading them.
const AS_IT_IS: [&str; 4] = ["--no-ext-diff", "--no-textconv", "--full-index", "--binary"];

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
            let there = self.patches_since(&base, target)?;
            if let Some(commits) = self.same_patches(tip, &base, &there)? {
                return Ok(Some(LandedBy::SamePatches { commits }));
            }
            if let Some(commit) = self.squashed(tip, &base, &there)? {
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

    /// How many commits the branch has that the target lacks, when each of them has a twin among the latest of the target. A
    /// merge among them, or a commit that changes nothing, has no patch of its own, so with one nothing is shown.
    fn same_patches(
        &self,
        tip: &CommitId,
        base: &CommitId,
        there: &BTreeMap<String, CommitId>,
    ) -> Result<Option<usize>, GitError> {
        let commits = Git::on(self.common_dir())
            .args(["rev-list", "--count"])
            .arg(format!("--max-count={}", LOOK_BACK + 1))
            .arg(format!("{base}..{tip}"))
            .run()?;
        let commits: usize = String::from_utf8_lossy(&commits).trim().parse().unwrap_or(0);
        if commits == 0 || commits > LOOK_BACK {
            return Ok(None);
        }
        let own = self.patches(&format!("{base}..{tip}"))?;
        let all = own.len() == commits && own.iter().all(|(patch, _)| there.contains_key(patch));
        Ok(all.then_some(commits))
    }

    /// A commit on the target that makes the same change as the whole branch.
    fn squashed(
        &self,
        tip: &CommitId,
        base: &CommitId,
        there: &BTreeMap<String, CommitId>,
    ) -> Result<Option<CommitId>, GitError> {
        let whole = Git::on(self.common_dir())
            .arg("diff")
            .args(AS_IT_IS)
            .args([base.as_str(), tip.as_str()])
            .run()?;
        let wanted = self.patch_ids(whole)?.into_iter().next();
        Ok(wanted.and_then(|(patch, _)| there.get(&patch).cloned()))
    }

    /// The patches of the target's latest commits that are not in the history of `base`. Read once for each tip of the target,
    /// however many branches are looked at.
    fn patches_since(
        &self,
        base: &CommitId,
        target: &CommitId,
    ) -> Result<BTreeMap<String, CommitId>, GitError> {
        let mut known = self.latest_patches.lock().unwrap_or_else(PoisonError::into_inner);
        let read = match known.take().filter(|(of, _)| of == target) {
            Some((_, patches)) => patches,
            None => self.patches(target.as_str())?,
        };
        let (_, patches) = known.insert((target.clone(), read));
        let since = self.since(base, target)?;
        let since = patches.iter().filter(|(_, commit)| since.contains(commit));
        Ok(since.cloned().collect())
    }

    /// The commits of the target that are not in the history of `base`.
    fn since(&self, base: &CommitId, target: &CommitId) -> Result<BTreeSet<CommitId>, GitError> {
        let repo = self.handle();
        let cannot = || GitError::library("read the history of the target");
        let mut walk = repo.revwalk().map_err(cannot())?;
        walk.push(oid(target)?).map_err(cannot())?;
        walk.hide(oid(base)?).map_err(cannot())?;
        walk.map(|found| found.map(commit_id).map_err(cannot())).collect()
    }

    /// The stable ids of the patches of a range's latest commits but its merges, each with its commit.
    fn patches(&self, range: &str) -> Result<Vec<(String, CommitId)>, GitError> {
        let log = Git::on(self.common_dir())
            .args(["log", "--patch", "--no-merges", "--format=commit %H"])
            .args(AS_IT_IS)
            .arg(format!("--max-count={LOOK_BACK}"))
            .arg(range)
            .run()?;
        self.patch_ids(log)
    }

    /// The stable ids of patches, with the commits that they come from.
    fn patch_ids(&self, patches: Vec<u8>) -> Result<Vec<(String, CommitId)>, GitError> {
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
