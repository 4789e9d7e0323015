//! Likely problems of a run, and advice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::git::{self, WorktreeAdmin};
use crate::graph::{Durations, Graph, Of};
use crate::plan::{
    Dependency, Dispatch, Document, FinishCheck, Lint, LintId, PhaseId, Plan, PlanName, PlanSet,
    ResourceName, format_duration,
};
use crate::schedule::{Scheduler, Simulation, TooLong, red_unions};

use super::lint::rewritten;
use super::shared_files::SharedFiles;
use super::worktree_lints as worktrees;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::view::conflicts::conflicts;
use crate::supervisor::view::situation::Situation;

/// From this many tasks on, one phase is too coarse for others to wait for.
const COARSE: usize = 5;

/// All lints: of the repository first, then of the plans.
///
/// # Errors
///
/// When the repository cannot be read.
pub(crate) fn of_preview(
    project: &Project,
    situation: &Situation,
    set: &PlanSet,
    graph: &Graph,
    path: &[usize],
    overlaps: &[SharedFiles],
) -> Result<Vec<Lint>, SupervisorError> {
    let mut found = Vec::new();
    of_repository(project, situation, set, &mut found)?;
    of_conflicts(project, situation, &mut found)?;
    let landed = |plan: &Plan| situation.scheduler.state().is_landed(&plan.name);
    let open = set.plans.iter().filter(|plan| !landed(plan));
    found.extend(project.set.warnings.iter().cloned());
    found.extend(open.flat_map(|plan| project.set.lints_of(plan)));
    found.extend(set.unused_parallel_words(|plan| !landed(plan)));
    found.extend(rewritten(situation, |name| set.plan(name).is_some()));
    found.extend(overlaps.iter().filter_map(SharedFiles::lint));
    for plan in &set.plans {
        of_plan(set, plan, &mut found);
    }
    of_path(set, graph, path, &mut found);
    of_resources(set, &mut found);
    of_durations(set, &situation.durations, &mut found);
    Ok(found)
}

fn of_repository(
    project: &Project,
    situation: &Situation,
    set: &PlanSet,
    found: &mut Vec<Lint>,
) -> Result<(), SupervisorError> {
    let names: Vec<_> = set.plans.iter().map(|plan| plan.name.clone()).collect();
    found.extend(worktrees::agents(project, &names));
    found.extend(worktrees::missing_in_worktrees(project, &names)?);
    if project.repo.head_branch()?.is_none() {
        found.push(
            Lint::of(
                LintId::DetachedHead,
                project.repo.here().display().to_string(),
                "no branch is checked out (detached HEAD)",
            )
            .hint("check a branch out, so that what lands is seen there"),
        );
    }
    for checkout in git::state::checkouts_of(&project.repo, &project.target)? {
        if !checkout.dirty.is_empty() {
            let files = checkout
                .dirty
                .iter()
                .take(3)
                .map(|file| file.display().to_string());
            let files: Vec<String> = files.collect();
            found.push(Lint::of(LintId::DirtyTarget, checkout.path.display().to_string(), format!(
                    "the target `{}` is checked out with uncommitted changes ({}): what changes these files cannot land",
                    project.target,
                    files.join(", ")
                )).hint("commit or stash them before such a plan lands"));
        }
    }
    let keys = WorktreeAdmin::new(&project.repo).keys()?;
    for plan in &set.plans {
        let begun = situation.scheduler.state().plan(&plan.name).worktree().is_some();
        if begun || keys.iter().any(|key| key == plan.name.as_str()) {
            continue;
        }
        if project.repo.branch_tip(&plan.branch)?.is_some() {
            found.push(
                Lint::of(
                    LintId::BranchTaken,
                    plan.name.as_str(),
                    format!(
                        "the branch `{}` exists and was not made by orch: the plan is held",
                        plan.branch
                    ),
                )
                .hint("rename or delete the branch, or give the plan another `branch`"),
            );
        }
        let folder = project.worktree_path(plan.name.as_str());
        let is_free = std::fs::read_dir(&folder).map_or(true, |mut entries| entries.next().is_none());
        if !is_free {
            found.push(
                Lint::of(
                    LintId::FolderTaken,
                    folder.display().to_string(),
                    "the folder for its worktree is not empty: the plan is held",
                )
                .hint("move it away, or change `worktrees` in [run]"),
            );
        }
    }
    Ok(())
}

/// Conflicts between the branches as they are now.
fn of_conflicts(
    project: &Project,
    situation: &Situation,
    found: &mut Vec<Lint>,
) -> Result<(), SupervisorError> {
    for pair in conflicts(project, situation)?.pairs {
        let advice = if pair.a == project.target {
            format!(
                "orch merge --resolve {} checks it out in a worktree, once its work is finished",
                pair.b
            )
        } else {
            "tell those who work on them (`orch send`), or let one wait for the other and carry its commits"
                .to_owned()
        };
        found.push(
            Lint::of(
                LintId::Conflict,
                format!("{}, {}", pair.a, pair.b),
                format!(
                    "their branches conflict as they stand: {}",
                    pair.shown().join(", ")
                ),
            )
            .hint(advice),
        );
    }
    for group in red_unions(situation.scheduler.state()) {
        let names: Vec<&str> = group.iter().map(PlanName::as_str).collect();
        found.push(
            Lint::of(
                LintId::RedTogether,
                names.join(", "),
                "their branches merge and pass alone, but did not pass together when last tried",
            )
            .hint("orch why says how; fix one of them before both land"),
        );
    }
    Ok(())
}

fn of_plan(set: &PlanSet, plan: &Plan, found: &mut Vec<Lint>) {
    if FinishCheck::of_plan(plan).is_empty() && set.merge.verify.is_none() {
        found.push(
            Lint::of(
                LintId::Unverified,
                plan.name.as_str(),
                "nothing verifies its work: it counts as finished on the agent's word and its commits",
            )
            .hint("give the plan a `verify`, or all of them one in [merge]"),
        );
    }
    let tasks = plan.document.tasks().count();
    // With `dispatch = "task"`, others can wait for a single task.
    let is_whole = plan.document.phases.len() == 1 && plan.arrangement.dispatch != Dispatch::Task;
    if is_whole && tasks >= COARSE {
        found.push(
            Lint::of(
                LintId::OnePhase,
                plan.name.as_str(),
                format!(
                    "all of its {tasks} tasks are in one phase: others can only wait for the whole phase"
                ),
            )
            .hint("cut it into phases, or set `dispatch = \"task\"`"),
        );
    }
}

fn of_path(set: &PlanSet, graph: &Graph, path: &[usize], found: &mut Vec<Lint>) {
    let whole: u64 = path.iter().map(|node| graph.nodes[*node].expected).sum();
    let mut phases: BTreeMap<(usize, PhaseId), u64> = BTreeMap::new();
    for node in path.iter().map(|node| &graph.nodes[*node]) {
        let phase = match node.of {
            Of::Task(task) => task.phase,
            Of::Phase(phase) => phase,
            Of::Verify | Of::Plan | Of::Landed => continue,
        };
        *phases.entry((node.plan, phase)).or_default() += node.expected;
    }
    phases.retain(|_, expected| *expected > 0);
    if phases.len() < 3 {
        return;
    }
    if let Some(((plan, phase), expected)) = phases.into_iter().max_by_key(|(_, expected)| *expected)
        && expected * 2 >= whole
    {
        found.push(
            Lint::of(
                LintId::LongPhase,
                format!("{}.{phase}", set.plans[plan].name),
                format!(
                    "{}% of the critical path is this one phase",
                    expected * 100 / whole.max(1)
                ),
            )
            .hint("split it, or let what waits for it wait for a task of it"),
        );
    }
}

/// Without merging, dependents of a landing never continue.
pub(crate) fn of_landings(set: &PlanSet, scheduler: &Scheduler, found: &mut Vec<Lint>) {
    for plan in &set.plans {
        let is_open = |wait: &Dependency| wait.landed && !scheduler.state().is_satisfied(wait);
        let waits = plan.all_waits().filter(is_open);
        let by_hand = |dependency: &Dependency| {
            set.plan(&dependency.on.plan)
                .is_some_and(|other| !other.auto_merge)
        };
        let waits: Vec<String> = waits
            .filter(by_hand)
            .map(|dependency| dependency.to_string())
            .collect();
        if !waits.is_empty() {
            found.push(
                Lint::of(
                    LintId::NoLanding,
                    plan.name.as_str(),
                    format!(
                        "it waits for {}, and nothing is landed by itself",
                        waits.join(", ")
                    ),
                )
                .hint("run `orch up --merge`, set `merge = \"auto\"`, or run `orch merge` beside it"),
            );
        }
    }
}

/// Problems in the simulation of the remaining work.
pub(crate) fn of_foresight(set: &PlanSet, found: &Simulation, risks: &mut Vec<Lint>) {
    let mut told = BTreeSet::new();
    for span in &found.spans {
        let Some(TooLong { expected, limit }) = span.too_long else {
            continue;
        };
        let plan = &set.plans[span.plan];
        let place = match (plan.arrangement.dispatch, span.units.as_slice()) {
            (Dispatch::Plan, _) | (_, []) => plan.name.to_string(),
            (_, [first, ..]) => format!("{}.{first}", plan.name),
        };
        if !told.insert(place.clone()) {
            continue;
        }
        let words = |millis: u64| format_duration(Duration::from_millis(millis));
        let advice = match span.units.as_slice() {
            [_, _, ..] => {
                "raise `timeout`, or set `dispatch = \"phase\"`, so that each phase has an agent and the time of its own"
            }
            _ => "raise `timeout`, or cut the work into smaller parts",
        };
        risks.push(
            Lint::of(
                LintId::TimeOut,
                place,
                format!("expected {}, its time-out is {}", words(expected), words(limit)),
            )
            .hint(format!(
                "{advice}; `(expected: …)` behind a task or phase corrects an estimate"
            )),
        );
    }
    let undone = found.tasks_in_all - found.tasks;
    if undone > 0 {
        let tasks = if undone == 1 { "task" } else { "tasks" };
        risks.push(
            Lint::of(
                LintId::NeverBegins,
                "plans",
                format!("{undone} {tasks} would never begin, and the expected end does not count them"),
            )
            .hint("`orch graph` shows what they wait for"),
        );
    }
}

fn of_resources(set: &PlanSet, found: &mut Vec<Lint>) {
    let mut users: BTreeMap<&ResourceName, Vec<String>> = BTreeMap::new();
    for plan in &set.plans {
        for (phase, settings) in &plan.phases {
            for resource in &settings.uses {
                users
                    .entry(resource)
                    .or_default()
                    .push(format!("{}.{phase}", plan.name));
            }
        }
        for task in plan.document.tasks() {
            for resource in &task.uses {
                let user = format!("{}.{}", plan.name, task.id);
                users.entry(resource).or_default().push(user);
            }
        }
    }
    for (resource, users) in users {
        if set.resources.get(resource) == Some(&1) && users.len() > 1 {
            found.push(
                Lint::of(
                    LintId::Scarce,
                    resource.as_str(),
                    format!(
                        "there is one token, and {} use it one after the other",
                        users.join(", ")
                    ),
                )
                .hint(format!("raise `{resource}` in [resources] if it can be shared")),
            );
        }
    }
}

fn of_durations(set: &PlanSet, durations: &Durations, found: &mut Vec<Lint>) {
    let stated = |document: &Document| {
        document.expected.is_some()
            || document.phases.iter().any(|phase| phase.expected.is_some())
            || document.tasks().any(|task| task.expected.is_some())
    };
    let known = |plan: &Plan| {
        plan.expected.is_some()
            || plan.phases.values().any(|phase| phase.expected.is_some())
            || stated(&plan.document)
            || durations.units.contains_key(&plan.name)
            || durations.agents.contains_key(&plan.agent)
    };
    let unknown: Vec<&str> = set
        .plans
        .iter()
        .filter(|plan| !known(plan))
        .map(|plan| plan.name.as_str())
        .collect();
    if !unknown.is_empty() {
        let count = unknown.len();
        let place = match count {
            1..=3 => unknown.join(", "),
            _ => format!("{}, {} and {} more", unknown[0], unknown[1], count - 2),
        };
        found.push(
            Lint::of(
                LintId::NoDurations,
                place,
                "no durations are known: every task counts as ten minutes",
            )
            .hint("write (expected: 30m) behind phases or tasks; durations are measured for the next run"),
        );
    }
}
