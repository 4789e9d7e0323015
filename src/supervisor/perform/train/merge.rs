//! The merge train's first step: building a candidate and verifying exactly the tree that would land.

use std::time::Duration;

use crate::agent::JobFolder;
use crate::failpoint;
use crate::git::{self, GitError, again_if_killed};
use crate::journal::{KnownVerdict, VerdictKey, Verdicts};
use crate::plan::{CommitId, MergeStrategy};
use crate::schedule;
use crate::schedule::train::{Build, TrainAnswer, Tried, Verdict, time_limit};
use crate::schedule::{Event, Resolving};

use crate::supervisor::perform::build::candidate::Halt;
use crate::supervisor::perform::build::known::KnownPlans;
use crate::supervisor::perform::build::repair::RepairedMerge;
use crate::supervisor::perform::build::{candidate, repair};
use crate::supervisor::perform::command::verify;
use crate::supervisor::perform::command::verify::VerifyOutcome;
use crate::supervisor::perform::tree::build_context::BuildContext;
use crate::supervisor::perform::tree::candidate_pool::{Chain, TargetTip};
use crate::supervisor::perform::tree::tree_run::{TreeRun, run};
use crate::supervisor::project::environment;
use crate::supervisor::project::repository_plans::Project;

/// The factor by which the time limit grows for the second run of a tree.
pub const SECOND: u32 = 4;

/// Merges and verifies a build. The second value holds further events to record.
pub fn try_out(context: BuildContext<'_>, target: &str, known: &KnownPlans) -> (TrainAnswer, Vec<Event>) {
    let (project, build) = (context.project, context.build);
    let (mut warnings, mut facts) = (Vec::new(), Vec::new());
    let mut tip_green = false;
    let built = chain_of(context, target, known, &mut facts, &mut warnings);
    let tried = match built {
        Err(tried) => tried,
        Ok(chain) => {
            let tried = verdict(context, &chain, &mut warnings);
            tip_green = is_known_green(project, &chain.target_tip);
            tried
        }
    };
    let answer = TrainAnswer::Tried {
        build: build.id,
        tried,
        tip_green,
    };
    let plan = build.batch.last();
    facts.extend(warnings.into_iter().map(|why| Event::warning(plan.cloned(), why)));
    (answer, facts)
}

/// The commits of a build. Conflicts that need nobody are repaired on the way.
fn chain_of(
    context: BuildContext<'_>,
    target: &str,
    known: &KnownPlans,
    facts: &mut Vec<Event>,
    warnings: &mut Vec<String>,
) -> Result<Chain, Tried> {
    let (project, pool, build) = (context.project, context.pool, context.build);
    loop {
        let chain = {
            let mut built = pool.built();
            let settled = |chain: &Result<Chain, Halt>| !matches!(chain, Err(Halt::Tried(_)));
            let chain = again_if_killed(settled, || {
                candidate::chain(project, &mut built, build, target, known)
            });
            if let Ok(chain) = &chain {
                built.builds.insert(build.id, chain.clone());
            }
            chain
        };
        let clash = match chain {
            Ok(chain) => return Ok(chain),
            Err(Halt::Tried(tried)) => return Err(tried),
            Err(Halt::Clash(clash)) => clash,
        };
        // Taken while the built merges are not locked, so that other builds continue.
        let _alone = pool.repair_for(build.id);
        let dealt_with = {
            let built = pool.built();
            built.merges.contains_key(&clash.key()) || built.unrepaired.contains_key(&clash.key())
        };
        if dealt_with {
            continue;
        }
        if context.is_unwanted() {
            return Err(Tried::Stopped);
        }
        let mut told = repair::MergeNotes::default();
        let repaired = again_if_killed(
            |repaired| !matches!(repaired, RepairedMerge::Not(_)),
            || repair::repair(context, &clash, &mut told),
        );
        warnings.extend(told.warnings);
        facts.extend(
            told.repaired
                .map(|repaired| Event::Resolve(Resolving::Reused(repaired))),
        );
        let mut built = pool.built();
        match repaired {
            RepairedMerge::Merged(commit, tree) => {
                built.merges.insert(clash.key(), Some((commit, tree)));
            }
            RepairedMerge::Not(tried) => {
                built.unrepaired.insert(clash.key(), tried);
            }
            RepairedMerge::Stopped => return Err(Tried::Stopped),
        }
    }
}

/// The key of a verdict: a tree, a command, and the command's environment including the target's name.
pub fn key(target: &str, tree: &str, line: &str) -> VerdictKey {
    VerdictKey {
        tree: tree.to_owned(),
        command: line.to_owned(),
        environment: environment::print(target),
    }
}

fn is_known_green(project: &Project, target_tip: &TargetTip) -> bool {
    let Some(line) = project.set.merge.verify.as_deref() else {
        return true;
    };
    let known = || {
        let tree = project.repo.tree_of(&target_tip.commit).ok()?;
        Verdicts::open(&project.dir)
            .ok()?
            .find(&key(&target_tip.target, &tree, line))
            .ok()?
    };
    known().is_some_and(|known| known.green)
}

fn plain_verdict(green: bool, runs: u32, known: bool) -> Verdict {
    Verdict {
        green,
        why: String::new(),
        timed_out: false,
        runs,
        known,
        took: Duration::ZERO,
        ran: None,
    }
}

/// The verdict on a build: on its last commit, and, where every commit has to be green, on those below it that join the
/// target's first-parent line.
pub fn verdict(context: BuildContext<'_>, chain: &Chain, warnings: &mut Vec<String>) -> Tried {
    let project = context.project;
    let below = match replayed_below(project, chain) {
        Ok(below) => below,
        Err(error) => return Tried::Refused(error.to_string()),
    };
    for commit in below {
        let tree = match project.repo.tree_of(&commit) {
            Ok(tree) => tree,
            Err(error) => return Tried::Refused(error.to_string()),
        };
        let part = Chain {
            target_tip: TargetTip {
                commit: commit.clone(),
                ..chain.target_tip.clone()
            },
            links: Vec::new(),
            tree,
        };
        match verdict_on(context, &part, warnings) {
            Tried::Verdict(verdict) if verdict.green => {}
            Tried::Verdict(mut verdict) => {
                let subject = project.repo.subject(&commit).unwrap_or_default();
                verdict.why = format!(
                    "with `strategy = \"rebase\"` each commit of it has to pass, and {} ({subject}) does not: {}",
                    commit.short(),
                    verdict.why
                );
                return Tried::Verdict(verdict);
            }
            other => return other,
        }
    }
    verdict_on(context, chain, warnings)
}

/// The rebased commits of the last plan except its last one, oldest first; empty where not every commit has to be green.
fn replayed_below(project: &Project, chain: &Chain) -> Result<Vec<CommitId>, GitError> {
    let last = chain.links.last().and_then(|link| project.plan(&link.plan));
    let replayed = last.is_some_and(|plan| plan.merge_strategy == MergeStrategy::Rebase);
    if !replayed || !project.set.merge.every_commit_green {
        return Ok(Vec::new());
    }
    let before = chain.links.iter().rev().nth(1);
    let before = before.map_or(&chain.target_tip.commit, |link| &link.commit);
    let mut line = git::repo::first_parents(&project.repo, before, chain.top())?;
    line.pop();
    Ok(line)
}

fn verdict_on(context: BuildContext<'_>, chain: &Chain, warnings: &mut Vec<String>) -> Tried {
    let (project, pool, build) = (context.project, context.pool, context.build);
    let nothing_new =
        !chain.links.is_empty() && *chain.top() == chain.target_tip.commit && build.again.is_none();
    let Some(line) = project.set.merge.verify.as_deref().filter(|_| !nothing_new) else {
        return Tried::Verdict(Verdict::unasked());
    };
    let ran = |verdict: Verdict| {
        let ran = Box::new(schedule::Ran {
            line: line.to_owned(),
            commit: chain.top().clone(),
            tree: chain.tree.clone(),
            took_ms: u64::try_from(verdict.took.as_millis()).unwrap_or(u64::MAX),
        });
        Tried::Verdict(Verdict {
            ran: Some(ran),
            ..verdict
        })
    };
    let _alone = pool.alone_with(&chain.tree);
    let key = key(&chain.target_tip.target, &chain.tree, line);
    let store = match Verdicts::open(&project.dir) {
        Ok(store) => Some(store),
        Err(error) => {
            warnings.push(format!("verdicts cannot be kept: {error}"));
            None
        }
    };
    let known = store.as_ref().and_then(|store| store.find(&key).ok().flatten());
    let before = match known.map(|known| known_verdict(build, known)) {
        Some(Ok(verdict)) => return ran(verdict),
        Some(Err(reds)) => reds,
        None => 0,
    };
    let limit = time_for(context, store.as_ref(), line, before);
    let (said, took, fresh, taken) = match run(context, chain, &TreeRun { line, limit, before }, warnings) {
        Ok(ran) => ran,
        Err(why) => return Tried::Refused(why),
    };
    let (red, timed_out) = match said {
        VerifyOutcome::Passed => (None, false),
        VerifyOutcome::Failed { why, timed_out } => (Some(why), timed_out),
        VerifyOutcome::Stopped => return Tried::Stopped,
    };
    let noted = store.map(|store| {
        if fresh && red.is_none() {
            let known = fresh_key(&chain.target_tip.target, &chain.tree, line);
            store.note(&known, None, took)?;
        }
        failpoint::around("verdict.note", || store.note(&key, red.as_deref(), took))
    });
    if let Some(Err(error)) = noted {
        warnings.push(format!("a verdict was not kept: {error}"));
    }
    if let Some(taken) = &taken {
        verify::forget_end(&JobFolder::new(project.dir.train_verification(taken.slot)));
    }
    let again = red.is_some() && build.again.is_none();
    ran(Verdict {
        timed_out,
        took,
        why: red.clone().unwrap_or_default(),
        ..plain_verdict(red.is_none(), if again { before + 1 } else { 1 }, false)
    })
}

/// The verdict from earlier runs of a tree, or the number of its red runs.
fn known_verdict(build: &Build, known: KnownVerdict) -> Result<Verdict, u32> {
    let red = !known.green;
    if red && known.reds < 2 {
        return Err(known.reds);
    }
    let runs = if red && build.again.is_none() {
        known.reds
    } else {
        1
    };
    Ok(Verdict {
        why: if red { known.why } else { String::new() },
        took: known.took,
        ..plain_verdict(!red, runs, true)
    })
}

/// The time limit for verifying a tree that was red `before` times.
fn time_for(context: BuildContext<'_>, store: Option<&Verdicts>, line: &str, before: u32) -> Duration {
    let (project, build) = (context.project, context.build);
    let plans = project.set.plans.iter();
    let own = plans.filter(|plan| build.batch.is_empty() || build.batch.contains(&plan.name));
    let cap = own
        .map(|plan| plan.attempts.timeout)
        .max()
        .unwrap_or(verify::LONGEST);
    let earlier = store.and_then(|store| store.took(line).ok()).unwrap_or_default();
    let usual = time_limit(&earlier, cap);
    match project.set.merge.verify_timeout {
        Some(stated) => stated,
        // The previous run may have been slow by chance.
        None if before > 0 => usual.saturating_mul(SECOND).min(cap),
        None => usual,
    }
}

/// The key of a verdict in a worktree without files of earlier verifications.
pub fn fresh_key(target: &str, tree: &str, line: &str) -> VerdictKey {
    let known = key(target, tree, line);
    VerdictKey {
        environment: format!("fresh {}", known.environment),
        ..known
    }
}
