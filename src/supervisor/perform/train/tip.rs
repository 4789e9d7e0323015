//! The last check of a run: the landed tip again, in a worktree without files of earlier verifications.

use crate::git::{self, WorktreeAdmin};
use crate::journal::Verdicts;
use crate::plan::CommitId;
use crate::schedule::train::{Build, BuildId, time_limit};
use crate::schedule::{FirstBad, TargetChecked};

use super::merge::{SECOND, fresh_key};
use crate::supervisor::perform::command::verify;
use crate::supervisor::perform::command::verify::VerifyOutcome;
use crate::supervisor::perform::tree::build_context::BuildContext;
use crate::supervisor::perform::tree::candidate_pool::{CandidatePool, Chain, TargetTip};
use crate::supervisor::perform::tree::tree_run::{TreeRun, run};
use crate::supervisor::project::error::in_words;
use crate::supervisor::project::repository_plans::Project;

/// Verifies the commits that this run has put on its targets, where they passed in worktrees with ignored files. A red tip is
/// verified twice, and a binary search finds the first red commit on the target's first-parent line. The second value holds warnings
/// about what could not be determined.
pub fn check_tips(
    project: &Project,
    admin: &WorktreeAdmin,
    pool: &CandidatePool,
) -> (Vec<TargetChecked>, Vec<String>) {
    let (mut told, mut warnings) = (Vec::new(), Vec::new());
    let Some(line) = project.set.merge.verify.as_deref() else {
        return (told, warnings);
    };
    let moved: Vec<(String, CommitId, CommitId)> = {
        let built = pool.built();
        let ours = built.seen.iter().filter(|(_, tip)| built.own.contains(*tip));
        ours.filter_map(|(target, tip)| Some((target.clone(), built.began.get(target)?.clone(), tip.clone())))
            .collect()
    };
    for (target, began, tip) in moved {
        let look = TipLook {
            project,
            admin,
            pool,
            line,
            target: &target,
        };
        match look.at(&began, &tip, &mut warnings) {
            Ok(checked) => told.extend(checked),
            Err(why) => warnings.push(format!(
                "whether {target} passes in a fresh worktree is not known: {why}"
            )),
        }
    }
    (told, warnings)
}

struct TipLook<'a> {
    project: &'a Project,
    admin: &'a WorktreeAdmin,
    pool: &'a CandidatePool,
    line: &'a str,
    target: &'a str,
}

impl TipLook<'_> {
    fn at(
        &self,
        began: &CommitId,
        tip: &CommitId,
        warnings: &mut Vec<String>,
    ) -> Result<Option<TargetChecked>, String> {
        let tree = self.project.repo.tree_of(tip).map_err(in_words)?;
        let key = fresh_key(self.target, &tree, self.line);
        let known = Verdicts::open(&self.project.dir).and_then(|store| store.find(&key));
        if known.is_ok_and(|known| known.is_some_and(|known| known.green)) {
            return Ok(None);
        }
        let told = |red: Option<(String, Option<FirstBad>)>| {
            let (why, first_bad) = red.unzip();
            TargetChecked {
                target: self.target.to_owned(),
                commit: tip.clone(),
                why,
                first_bad: first_bad.flatten(),
            }
        };
        let Some(why) = self.red(tip, warnings)? else {
            return Ok(Some(told(None)));
        };
        let line = git::repo::first_parents(&self.project.repo, began, tip).map_err(in_words)?;
        // The last commit is red. The commit before the run is checked first, because it may have been red already.
        let mut red = line.len().saturating_sub(1);
        let mut green = None;
        if self.red(began, warnings)?.is_some() {
            return Ok(Some(told(Some((why, None)))));
        }
        while red > green.map_or(0, |green: usize| green + 1) {
            let middle = green.map_or(0, |green| green + 1).midpoint(red);
            match self.red(&line[middle], warnings)? {
                Some(_) => red = middle,
                None => green = Some(middle),
            }
        }
        let first = line.get(red).map(|commit| FirstBad {
            commit: commit.clone(),
            plan: self.plan_of(commit),
        });
        Ok(Some(told(Some((why, first)))))
    }

    /// The plan that landed with a commit.
    fn plan_of(&self, commit: &CommitId) -> Option<crate::plan::PlanName> {
        let built = self.pool.built();
        let mut links = built.builds.values().flat_map(|chain| &chain.links);
        links
            .find(|link| link.commit == *commit)
            .map(|link| link.plan.clone())
    }

    /// The failure of a commit in a fresh worktree. A red commit is tried again.
    fn red(&self, commit: &CommitId, warnings: &mut Vec<String>) -> Result<Option<String>, String> {
        let tree = self.project.repo.tree_of(commit).map_err(in_words)?;
        let chain = Chain {
            target_tip: TargetTip {
                target: self.target.to_owned(),
                tip: Some(commit.clone()),
                commit: commit.clone(),
            },
            links: Vec::new(),
            tree,
        };
        let build = Build {
            id: BuildId::default(),
            target_tip: 0,
            slot: 0,
            batch: Vec::new(),
            again: None,
        };
        let context = BuildContext {
            project: self.project,
            admin: self.admin,
            pool: self.pool,
            build: &build,
        };
        let earlier = Verdicts::open(&self.project.dir).and_then(|store| store.took(self.line));
        let usual = time_limit(&earlier.unwrap_or_default(), verify::LONGEST);
        let stated = self.project.set.merge.verify_timeout;
        let limit = stated.unwrap_or(usual.saturating_mul(SECOND));
        let mut why = None;
        for before in [FRESH, FRESH + 1] {
            let what = TreeRun {
                line: self.line,
                limit,
                before,
            };
            let (said, took, _, _taken) = run(context, &chain, &what, warnings)?;
            match said {
                VerifyOutcome::Passed => {
                    let key = fresh_key(self.target, &chain.tree, self.line);
                    let noted =
                        Verdicts::open(&self.project.dir).and_then(|store| store.note(&key, None, took));
                    warnings.extend(
                        noted
                            .err()
                            .map(|error| format!("a verdict was not kept: {error}")),
                    );
                    return Ok(None);
                }
                VerifyOutcome::Failed { why: said, .. } => why = Some(said),
                VerifyOutcome::Stopped => return Err("its verification was stopped".to_owned()),
            }
        }
        Ok(why)
    }
}

/// Numbers start here, because no verification of the train is repeated so often.
const FRESH: u32 = 1_000;
