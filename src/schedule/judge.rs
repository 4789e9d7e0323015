//! Whether an attempt completed its leg. An exit code proves nothing alone: see section "completion" of the docs.

use crate::plan::{ItemId, OnStuck, TaskId, TaskState, UnitId};

use super::attempt::{Attempt, Stage};
use super::failure::Failure;
use super::plan_run::PlanRun;
use super::work::PlanWork;
use super::{Evidence, Exit, Obstacle};

/// The judgement over an attempt of which all is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Its leg is done. The tasks are those that count as done although nobody reported them, because the agent used
    /// none of the protocol.
    Done(Vec<TaskId>),
    /// It did not complete its leg.
    Incomplete(Failure),
    /// It did not, and a person has to look at it.
    Held(String),
    /// Something that passes stood in its way.
    Parked(Obstacle),
    /// Something stood in its way that only a person can take away.
    Needs(Obstacle),
}

/// So many attempts at one leg may vanish before it counts as the agent's failure.
const VANISHED_AT_MOST: u32 = 5;

/// Judges the plan's attempt; none while something about it is still unknown.
pub fn judge(work: &PlanWork, run: &PlanRun, attempt: &Attempt) -> Option<Verdict> {
    let Stage::Checked(exit, evidence) = &attempt.stage else {
        return None;
    };
    let incomplete = |why: String| Some(Verdict::Incomplete(Failure::counted(why)));
    let facts = &attempt.facts;
    let obstacle = facts.obstacle.as_ref().filter(|_| !attempt.is_given_up());
    // What stood in the way came when everything was done: nothing is gained by coming back for its last words.
    let excused = obstacle.is_some() && is_complete(work, run, attempt, evidence);
    if let Some(obstacle) = obstacle
        && !excused
    {
        return Some(match obstacle.kind.passes() {
            true => Verdict::Parked(obstacle.clone()),
            false => Verdict::Needs(obstacle.clone()),
        });
    }
    // What was found besides is nothing that the next one, or a person, finds by itself.
    let besides = evidence.trouble.as_ref().map(|trouble| format!("; {trouble}"));
    let besides = besides.unwrap_or_default();
    match exit {
        Exit::Code { code: 0 } => {}
        _ if excused => {}
        // Everything was done and only the end was cut off: nothing is gained by doing it again.
        Exit::Stopped | Exit::Lost if is_complete(work, run, attempt, evidence) => {}
        Exit::Stopped | Exit::Lost if attempt.is_given_up() => {
            let stuck = attempt.stuck.as_ref()?;
            return match stuck.acted? {
                OnStuck::Hold => Some(Verdict::Held(stuck.why())),
                OnStuck::Notice | OnStuck::Nudge | OnStuck::Restart => incomplete(stuck.why()),
            };
        }
        Exit::Stopped | Exit::Lost => {
            return Some(Verdict::Incomplete(Failure {
                why: format!("the agent {}{besides}", exit.describe()),
                // Neither is the agent's fault; but one that vanishes again and again must not be started for ever.
                counted: *exit == Exit::Lost && attempt.number > VANISHED_AT_MOST,
                hopeless: false,
                nothing_made: false,
            }));
        }
        Exit::NotStarted { .. } => {
            return Some(Verdict::Incomplete(Failure {
                hopeless: true,
                ..Failure::counted(format!("the agent {}", exit.describe()))
            }));
        }
        Exit::Code { .. } | Exit::Signal { .. } | Exit::TimedOut => {
            return incomplete(format!(
                "the agent {}{}{}{besides}",
                exit.describe(),
                facts.last_words(),
                failed_tasks(work, run, attempt)
            ));
        }
    }
    if let (false, Exit::Code { code: 0 }, Some(why)) = (excused, exit, facts.fault()) {
        return incomplete(format!("the agent exited with code 0, but {why}"));
    }
    if let Some(trouble) = &evidence.trouble {
        return incomplete(trouble.clone());
    }
    if !evidence.leftovers.is_empty() {
        return incomplete(format!(
            "the agent left changes uncommitted, and `commit = \"require\"` forbids that: {}",
            listed(&evidence.leftovers)
        ));
    }
    let remaining = remaining(work, run, attempt);
    if attempt.reported && !remaining.is_empty() {
        let open: Vec<String> = remaining.iter().map(TaskId::to_string).collect();
        return incomplete(format!(
            "the agent exited with code 0 with work left: {}{}",
            listed(&open),
            failed_tasks(work, run, attempt)
        ));
    }
    let tries = run.tries_of(attempt.units.first().copied(), attempt.repair);
    if !has_something_to_show(work, run, attempt, evidence) {
        return Some(Verdict::Incomplete(Failure {
            nothing_made: true,
            ..Failure::counted(nothing_shown(attempt, tries.nothing_made && remaining.is_empty()))
        }));
    }
    Some(Verdict::Done(remaining))
}

/// What is wrong with an attempt that has nothing to show. It cannot report again what was reported before.
fn nothing_shown(attempt: &Attempt, reported_before: bool) -> String {
    let reported = attempt.reported || reported_before;
    match attempt.units.as_slice() {
        [UnitId::Task(check)] if check.is_verify() && !reported => format!(
            "the agent exited with code 0 and said nothing about {check}: `orch task done {check}` says that it passes, \
             `orch task fail {check}` that it does not"
        ),
        _ if reported => "the agent reported its tasks done but made no commit".to_owned(),
        _ => "the agent exited with code 0 but made no commit and reported nothing".to_owned(),
    }
}

/// Every task reported, commits made, nothing left over.
fn is_complete(work: &PlanWork, run: &PlanRun, attempt: &Attempt, evidence: &Evidence) -> bool {
    attempt.reported
        && remaining(work, run, attempt).is_empty()
        && evidence.trouble.is_none()
        && evidence.leftovers.is_empty()
        && evidence.leftovers_committed == 0
        && has_something_to_show(work, run, attempt, evidence)
}

/// Commits, or leave to make none, or work that was declared needless task by task.
fn has_something_to_show(work: &PlanWork, run: &PlanRun, attempt: &Attempt, evidence: &Evidence) -> bool {
    let mut tasks = leg_tasks(work, attempt).peekable();
    let needless = tasks.peek().is_some() && tasks.all(|task| run.needs_nothing(task));
    let commits = run
        .tries_of(attempt.units.first().copied(), attempt.repair)
        .commits;
    // To find nothing wrong leaves nothing to commit; but then it says so, whatever is permitted to others.
    let only_checks = attempt.units.iter().all(|unit| unit.is_verify());
    let excused = if only_checks {
        attempt.reported
    } else {
        work.allow_empty
    };
    excused || attempt.repair || evidence.commits > 0 || commits > 0 || needless
}

/// The tasks of the attempt's leg, in document order.
fn leg_tasks<'a>(work: &'a PlanWork, attempt: &'a Attempt) -> impl Iterator<Item = TaskId> + 'a {
    attempt.units.iter().flat_map(|unit| work.unit_tasks(*unit))
}

fn remaining(work: &PlanWork, run: &PlanRun, attempt: &Attempt) -> Vec<TaskId> {
    leg_tasks(work, attempt)
        .filter(|task| !run.is_item_settled(&ItemId::from(*task)))
        .collect()
}

/// `; reported failed: 2.1 (why)`, or nothing.
fn failed_tasks(work: &PlanWork, run: &PlanRun, attempt: &Attempt) -> String {
    let failed: Vec<String> = leg_tasks(work, attempt)
        .filter_map(|task| {
            let item = run.items.get(&task.into())?;
            let note = item
                .note
                .as_deref()
                .map(|note| format!(" ({note})"))
                .unwrap_or_default();
            (item.state == TaskState::Failed).then(|| format!("{task}{note}"))
        })
        .collect();
    if failed.is_empty() {
        String::new()
    } else {
        format!("; reported failed: {}", listed(&failed))
    }
}

/// Up to five names, and how many more there are.
pub fn listed(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
