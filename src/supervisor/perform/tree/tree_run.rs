//! One run of a verification on a tree, in a worktree of the train's own.

use std::fs;
use std::time::{Duration, Instant};

use crate::agent::JobFolder;
use crate::git;
use crate::plan::{FinishCheck, Plan};

use super::build_context::BuildContext;
use super::candidate_pool::{Chain, TakenSlot, train_key};
use crate::supervisor::perform::command::verify;
use crate::supervisor::perform::command::verify::VerifyOutcome;
use crate::supervisor::project::environment;
use crate::supervisor::project::error::in_words;
use crate::supervisor::project::repository_plans::Project;

/// One run of a verification.
pub struct TreeRun<'a> {
    pub line: &'a str,
    pub limit: Duration,
    /// The number of earlier red runs of this tree.
    pub before: u32,
}

/// The outcome, the duration, whether the worktree had no ignored files before, and the worktree, still taken.
pub type TreeRunEnd<'a> = (VerifyOutcome, Duration, bool, Option<TakenSlot<'a>>);

pub fn run<'a>(
    context: BuildContext<'a>,
    chain: &Chain,
    what: &TreeRun<'_>,
    warnings: &mut Vec<String>,
) -> Result<TreeRunEnd<'a>, String> {
    let (project, admin, pool, build) = (context.project, context.admin, context.pool, context.build);
    if context.is_unwanted() {
        return Ok((VerifyOutcome::Stopped, Duration::ZERO, false, None));
    }
    let tag = format!(
        "merge-{}-{}",
        &chain.tree[..chain.tree.len().min(12)],
        what.before
    );
    let taken = pool.take_slot(project, build.id, &tag);
    let name = train_key(taken.slot);
    let path = project.worktree_path(&name);
    let folder = JobFolder::new(project.dir.train_verification(taken.slot));
    let top = build.batch.last().and_then(|plan| project.plan(plan));
    // Beside the folder, because the folder is emptied when a verification begins.
    let note = folder.path().with_extension("fresh");
    let was_fresh = || fs::read_to_string(&note).is_ok_and(|noted| noted == tag);
    // Look for a running verification first: it may end before the second check.
    let checks = [FinishCheck::verify(what.line)];
    let at_work = verify::at_work(&folder, &tag, &checks);
    if at_work.is_none()
        && let Some((said, took)) = verify::finished_before(&folder, &tag, what.line)
    {
        keep_log(project, top, &folder);
        return Ok((said, took, was_fresh(), Some(taken)));
    }
    let mut fresh = was_fresh();
    let worktree = if at_work.is_some() {
        // The files under a running verification must not change.
        path
    } else {
        verify::end(&folder)?;
        // Ignored files may have caused the earlier red verdict.
        let ignored = what.before > 0 || project.set.merge.cleans_ignored;
        let ready = git::worktree::ensure_exact(admin, &name, &path, chain.top(), ignored);
        let ready = ready.map_err(in_words)?;
        warnings.extend(ready.warnings);
        fresh = ignored || ready.spotless || git::worktree::is_fresh(admin, &ready.path).map_err(in_words)?;
        // Before the very first verification the folder does not exist.
        if let Some(all) = note.parent() {
            let _ = fs::create_dir_all(all);
        }
        let noted = match fresh {
            true => fs::write(&note, &tag),
            false => fs::remove_file(&note),
        };
        // If this record is lost, the tree is verified again.
        let _ = noted;
        if let Some(plan) = top.or(project.set.plans.first()) {
            warnings.extend(super::worktree::provision_own(project, plan, &name, &ready.path)?);
        }
        ready.path
    };
    let mut variables = environment::for_train(project, top, &name, &worktree);
    variables.set("ORCH_TARGET", chain.target_tip.target.as_str());
    let check = verify::Check {
        tag,
        checks: &checks,
        worktree: &worktree,
        timeout: what.limit,
        grace: top.map_or(verify::GRACE, |plan| plan.attempts.grace),
        gently: false,
    };
    let began = Instant::now();
    let said = verify::run(project, &folder, variables, &check, at_work, &|| {
        context.is_unwanted()
    });
    let took = began.elapsed();
    keep_log(project, top, &folder);
    // An unusable worktree is created again when it is needed.
    let _ = git::worktree::unhide(admin, &name, &worktree);
    let _ = admin.record_left(&name);
    Ok((said?, took, fresh, Some(taken)))
}

/// Keeps the log for `orch logs --verify`, because the worktree goes to another build.
pub fn keep_log(project: &Project, top: Option<&Plan>, folder: &JobFolder) {
    let Some(plan) = top else { return };
    let kept = JobFolder::new(project.dir.merge_verification(&plan.name));
    let _ = fs::create_dir_all(kept.path()).and_then(|()| fs::copy(folder.log(), kept.log()));
}
