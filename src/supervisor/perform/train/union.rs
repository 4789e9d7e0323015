//! Trying branches together that may never land as they are: merged off every checkout, and verified in a worktree of
//! the train's while the train does not need it. The results are kept apart from verdicts, and nothing lands because of
//! them.

use crate::agent::JobFolder;
use crate::git::{self, BuildOutcome, Candidate, WorktreeAdmin};
use crate::journal::{KnownVerdict, Verdicts};
use crate::plan::{CommitId, FinishCheck, Plan};
use crate::schedule::train::time_limit;
use crate::schedule::{UnionBuild, UnionSaid};

use super::merge::key;
use crate::supervisor::perform::command::verify;
use crate::supervisor::perform::command::verify::VerifyOutcome;
use crate::supervisor::perform::tree::candidate_pool::{CandidatePool, train_key};
use crate::supervisor::perform::tree::worktree::provision_own;
use crate::supervisor::project::environment;
use crate::supervisor::project::error::in_words;
use crate::supervisor::project::repository_plans::Project;

/// Merges and verifies a build. The second value holds warnings.
pub fn try_union(
    project: &Project,
    admin: &WorktreeAdmin,
    pool: &CandidatePool,
    build: &UnionBuild,
) -> (UnionSaid, Option<String>) {
    match tried(project, admin, pool, build) {
        Ok(said) => (said, None),
        Err(why) => {
            let plans: Vec<&str> = build.plans().map(|plan| plan.as_str()).collect();
            let why = format!("{} could not be tried together: {why}", plans.join(", "));
            (UnionSaid::Nothing, Some(why))
        }
    }
}

fn tried(
    project: &Project,
    admin: &WorktreeAdmin,
    pool: &CandidatePool,
    build: &UnionBuild,
) -> Result<UnionSaid, String> {
    let Some(line) = project.set.merge.verify.as_deref() else {
        return Ok(UnionSaid::Nothing);
    };
    let heads: Vec<&CommitId> = build.heads.iter().map(|(_, head)| head).collect();
    let built = git::candidate::unions(&project.repo).and_then(|unions| unions.union(&build.target, &heads));
    let Candidate { commit, tree } = match built.map_err(in_words)? {
        BuildOutcome::Candidate(candidate) => candidate,
        BuildOutcome::AlreadyContained | BuildOutcome::Conflict { .. } => return Ok(UnionSaid::Nothing),
    };
    if let Some(said) = pool.early_word(&tree, line).filter(|_| !build.again) {
        return Ok(said);
    }
    let verdicts = Verdicts::open(&project.dir).ok();
    let known = verdicts
        .as_ref()
        .and_then(|store| store.find(&key(&project.target, &tree, line)).ok().flatten());
    match known {
        Some(KnownVerdict { green: true, .. }) => return Ok(UnionSaid::Green),
        Some(KnownVerdict { reds, why, .. }) if reds > 1 => return Ok(UnionSaid::Red(why)),
        _ => {}
    }
    let plans: Vec<&Plan> = build.plans().filter_map(|plan| project.plan(plan)).collect();
    let cap = plans.iter().map(|plan| plan.attempts.timeout).max();
    let earlier = verdicts
        .and_then(|store| store.took(line).ok())
        .unwrap_or_default();
    let run = UnionRun {
        line,
        commit: &commit,
        tree: &tree,
        top: plans.last().copied(),
        limit: time_limit(&earlier, cap.unwrap_or(verify::LONGEST)),
    };
    let said = run.through(project, admin, pool, build)?;
    if matches!(said, UnionSaid::Green | UnionSaid::Red(_)) {
        pool.keep_early_word(&tree, line, &said);
    }
    Ok(said)
}

struct UnionRun<'a> {
    line: &'a str,
    commit: &'a CommitId,
    tree: &'a str,
    top: Option<&'a Plan>,
    limit: std::time::Duration,
}

impl UnionRun<'_> {
    fn through(
        &self,
        project: &Project,
        admin: &WorktreeAdmin,
        pool: &CandidatePool,
        build: &UnionBuild,
    ) -> Result<UnionSaid, String> {
        let unwanted = || pool.is_unwanted(build.id);
        let tag = format!(
            "early-{}-{}",
            &self.tree[..self.tree.len().min(12)],
            u8::from(build.again)
        );
        let taken = pool.take_slot(project, build.id, &tag);
        if unwanted() {
            return Ok(UnionSaid::Stopped);
        }
        let name = train_key(taken.slot);
        let folder = JobFolder::new(project.dir.train_verification(taken.slot));
        verify::end(&folder)?;
        let path = project.worktree_path(&name);
        let ignored = project.set.merge.cleans_ignored;
        let ready =
            git::worktree::ensure_exact(admin, &name, &path, self.commit, ignored).map_err(in_words)?;
        if let Some(plan) = self.top {
            provision_own(project, plan, &name, &ready.path)?;
        }
        let check = verify::Check {
            tag,
            checks: &[FinishCheck::verify(self.line)],
            worktree: &ready.path,
            timeout: self.limit,
            grace: self.top.map_or(verify::GRACE, |plan| plan.attempts.grace),
            gently: true,
        };
        let variables = environment::for_train(project, self.top, &name, &ready.path);
        let said = verify::run(project, &folder, variables, &check, None, &unwanted);
        // An unusable worktree is created again when it is needed.
        let _ = admin.record_left(&name);
        // Nobody may take the record for a verdict on a candidate.
        verify::forget_end(&folder);
        Ok(match said? {
            VerifyOutcome::Passed => UnionSaid::Green,
            // At the lowest priority the verification may take any time.
            VerifyOutcome::Failed { timed_out: true, .. } => UnionSaid::Nothing,
            VerifyOutcome::Failed { why, .. } => UnionSaid::Red(why),
            VerifyOutcome::Stopped => UnionSaid::Stopped,
        })
    }
}
