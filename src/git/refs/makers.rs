//! The plans that made a commit, from the reflogs of worktrees and branches.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::unit::marks;
use crate::git::admin::spec::owner_of;
use crate::git::admin::worktree_admin::WorktreeAdmin;
use crate::git::files::error::GitError;
use crate::git::files::names::UNITS;
use crate::git::files::reflog::{LogEntry, entries, head_log};
use crate::git::repo::ids::branch_ref;
use crate::git::repo::repository::Repository;
use crate::git::state::inspect::git_dir;
use crate::plan::{CommitId, PlanName};

/// The plans in whose worktrees, or on whose branches, commits were made. A commit that only came there, by a
/// fast-forward or a reset, was not made there. A missing reflog says nothing.
#[derive(Debug, Default)]
pub struct Makers {
    made: BTreeMap<CommitId, BTreeSet<PlanName>>,
}

impl Makers {
    /// Reads the logs of these plans, each given with its branch.
    ///
    /// # Errors
    ///
    /// When git's worktree administration or the refs cannot be read.
    pub fn read<'a>(
        repo: &Repository,
        plans: impl IntoIterator<Item = (&'a PlanName, &'a str)>,
    ) -> Result<Self, GitError> {
        let admin = WorktreeAdmin::new(repo);
        let (keys, units) = (admin.keys()?, marks(repo, UNITS)?);
        let mut makers = Self::default();
        for (plan, branch) in plans {
            for key in keys.iter().filter(|key| owner_of(key) == plan.as_str()) {
                let worktree = admin.read_record(key)?.map(|record| record.path);
                let admin_dir = worktree.and_then(|worktree| git_dir(&worktree).ok());
                makers.note(
                    plan,
                    admin_dir.map_or_else(Vec::new, |admin_dir| head_log(&admin_dir)),
                );
            }
            let of_units = units.iter().filter_map(|unit| {
                let (of, branch) = unit.split_once('/')?;
                (of == plan.as_str()).then_some(branch)
            });
            for branch in of_units.chain([branch]) {
                let log = repo.common_dir().join("logs").join(branch_ref(branch));
                makers.note(plan, entries(&fs::read(log).unwrap_or_default()));
            }
        }
        Ok(makers)
    }

    /// The plans that made a commit. There are several when one plan took the commit over from another by making it
    /// again.
    pub fn of(&self, commit: &CommitId) -> impl Iterator<Item = &PlanName> {
        self.made.get(commit).into_iter().flatten()
    }

    fn note(&mut self, plan: &PlanName, log: Vec<LogEntry>) {
        for entry in log.into_iter().filter(makes) {
            let makers = entry.new.map(|new| self.made.entry(new).or_default());
            makers.into_iter().for_each(|makers| {
                makers.insert(plan.clone());
            });
        }
    }
}

/// The commits that were made in the checkout with this git folder, in order.
pub fn made_in(git_dir: &Path) -> Vec<CommitId> {
    let log = head_log(git_dir).into_iter().filter(makes);
    log.filter_map(|entry| entry.new).collect()
}

/// True for an entry that says that its commit was made at that moment.
fn makes(entry: &LogEntry) -> bool {
    const MOVES: [&str; 5] = ["checkout:", "reset:", "branch:", "Branch:", "clone:"];
    const ENDS: [&str; 2] = ["fast-forward", "Fast-forward"];
    const STEPS: [&str; 2] = ["(start)", "(finish)"];
    // Landing a lane's commits on the plan's branch makes commits there, and so does removing `orch`'s own folder from
    // a commit.
    const OWN: [&str; 2] = ["orch: land", "orch: take"];
    let what = entry.what.as_str();
    let begins = |words: &[&str]| words.iter().any(|word| what.starts_with(word));
    let makes = match what.starts_with("orch:") {
        true => begins(&OWN),
        false => !what.is_empty() && !begins(&MOVES),
    };
    makes
        && entry.old.is_some()
        && !ENDS.iter().any(|word| what.ends_with(word))
        && !STEPS.iter().any(|word| what.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_merely_moves_makes_no_commit() {
        let entry = |what: &str| LogEntry {
            old: Some("1".repeat(40).parse().unwrap()),
            new: Some("2".repeat(40).parse().unwrap()),
            time: 1,
            what: what.to_owned(),
        };
        for what in [
            "commit: x",
            "commit (amend): x",
            "commit (merge): x",
            "cherry-pick: x",
            "revert: Revert \"x\"",
            "rebase (pick): x",
            "merge orch/p: Merge made by the 'ort' strategy.",
            "orch: land 2222222222",
        ] {
            assert!(makes(&entry(what)), "{what}");
        }
        for what in [
            "",
            "checkout: moving from a to b",
            "reset: moving to orch/p",
            "branch: Reset to orch/p",
            "merge orch/p: Fast-forward",
            "cherry-pick: fast-forward",
            "pull --rebase (start): checkout 1",
            "rebase (finish): returning to refs/heads/x",
            "orch: put the branch back",
            "orch: enter",
        ] {
            assert!(!makes(&entry(what)), "{what}");
        }
    }
}
