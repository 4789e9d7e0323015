//! A plan's settings: its own, else those of `[run]` and `[merge]`, else the defaults.

use std::time::Duration;

use super::written::at::Located;
use super::written::raw::{RawEscalate, RawHooks, RawManifest, RawMerge, RawPlan, RawRun};
use super::written::values::{AutoOrCount, Delay, DurationText, Glob, PositiveDuration, Text};
use super::written::words;
use super::written::words::{Commit, Landing, Merge, PlanGate};
use super::{conflicts, executors};
use crate::plan::{
    Arrangement, AttemptPolicy, CommitPolicy, Currency, Dispatch, Document, Escalate, Fallback, Hooks, Lanes,
    MergeSettings, MergeStrategy, OnStall, Overlap, PhaseId, Place, Report, RunSettings, Setup, Strategy,
};

const MAX_AGENTS: usize = 4;
const RETRIES: u32 = 2;
const BACKOFF: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(4 * 60 * 60);
const GRACE: Duration = Duration::from_secs(10);
const CONFLICT: Duration = Duration::from_secs(2 * 60 * 60);
const DIGEST_EVERY: Duration = Duration::from_secs(2 * 60 * 60);
const DEPENDENCY: Duration = Duration::from_secs(4 * 60 * 60);
const STUCK_AFTER: Duration = Duration::from_secs(30 * 60);

/// The plan's value when it is written, else the run's.
fn pick<T: Copy>(own: &Option<Located<T>>, run: Option<&Located<T>>) -> Option<T> {
    own.as_ref().or(run).map(|at| at.value)
}

fn run_of(manifest: &RawManifest) -> Option<&RawRun> {
    manifest.run.as_ref().map(|run| &run.value)
}

fn merge_of(manifest: &RawManifest) -> Option<&RawMerge> {
    manifest.merge.as_ref().map(|merge| &merge.value)
}

/// The position of the run's base in the manifest.
pub(super) fn base_place(manifest: &RawManifest) -> Option<Place> {
    let base = run_of(manifest)?.base.as_ref()?;
    Some(base.place)
}

/// Settings of the run.
pub(super) fn run(manifest: &RawManifest, worktrees: String) -> RunSettings {
    let run = run_of(manifest);
    RunSettings {
        base: run
            .and_then(|run| run.base.as_ref())
            .map(|base| base.value.0.clone()),
        target: run
            .and_then(|run| run.target.as_ref())
            .map(|target| target.value.0.clone()),
        worktrees,
        max_agents: run
            .and_then(|run| run.max_agents.as_ref())
            .map_or(MAX_AGENTS, |count| count.value.0 as usize),
        fallback: run
            .and_then(|run| run.fallback.as_ref())
            .is_some_and(|fallback| fallback.value),
        auto_merge: run
            .and_then(|run| run.merge.as_ref())
            .is_some_and(|merge| merge.value == Merge::Auto),
        setup: prepared(
            run.and_then(|run| run.copy.as_ref()),
            run.and_then(|run| run.setup.as_ref()),
        ),
        min_free_disk: run
            .and_then(|run| run.min_free_disk.as_ref())
            .map(|size| size.value.0),
        budget: run.and_then(|run| Some(run.budget.as_ref()?.value.0)),
        currency: run
            .and_then(|run| run.currency.as_ref())
            .map_or_else(Currency::default, |currency| currency.value),
        report: report(run.and_then(|run| run.report.as_ref())),
        executor: executors::named(run.and_then(|run| run.executor.as_ref())),
    }
}

/// What a plan's worktrees are provisioned with.
pub(super) fn setup(manifest: &RawManifest, plan: &RawPlan) -> Setup {
    let run = run_of(manifest);
    prepared(
        plan.copy.as_ref().or(run.and_then(|run| run.copy.as_ref())),
        plan.setup.as_ref().or(run.and_then(|run| run.setup.as_ref())),
    )
}

fn prepared(copy: Option<&Located<Vec<Located<Text>>>>, line: Option<&Located<Text>>) -> Setup {
    let copy = copy.into_iter().flat_map(|list| &list.value);
    Setup {
        copy: copy.map(|pattern| pattern.value.0.clone()).collect(),
        line: line.map(|line| line.value.0.clone()),
    }
}

/// Settings of the merge queue.
pub(super) fn merge(manifest: &RawManifest) -> MergeSettings {
    MergeSettings {
        verify: merge_of(manifest)
            .and_then(|merge| merge.verify.as_ref())
            .map(|line| line.value.0.clone()),
        verify_slots: merge_of(manifest)
            .and_then(|merge| merge.verify_slots.as_ref())
            .map_or(1, |slots| slots.value.0 as usize),
        verify_timeout: merge_of(manifest)
            .and_then(|merge| merge.verify_timeout.as_ref())
            .map(|longest| longest.value.0),
        cleans_ignored: merge_of(manifest)
            .and_then(|merge| merge.clean.as_ref())
            .is_some_and(|clean| clean.value == words::Clean::Ignored),
        every_commit_green: merge_of(manifest)
            .and_then(|merge| merge.every_commit_green.as_ref())
            .is_none_or(|every| every.value),
        regenerate: conflicts::regenerate(merge_of(manifest)),
        on_conflict: conflicts::on_conflict(merge_of(manifest)),
        early: merge_of(manifest)
            .and_then(|merge| merge.early.as_ref())
            .is_some_and(|early| early.value),
    }
}

/// Shell lines that run on events.
pub(super) fn hooks(manifest: &RawManifest) -> Hooks {
    let hooks = manifest.hooks.as_ref().map(|hooks| &hooks.value);
    let line = |key: fn(&RawHooks) -> &Option<Located<Text>>| {
        let line = hooks.and_then(|hooks| key(hooks).as_ref());
        line.map(|line| line.value.0.clone())
    };
    Hooks {
        post_create: line(|hooks| &hooks.post_create),
        pre_merge: line(|hooks| &hooks.pre_merge),
        post_merge: line(|hooks| &hooks.post_merge),
        pre_remove: line(|hooks| &hooks.pre_remove),
        notify: line(|hooks| &hooks.notify),
        digest: line(|hooks| &hooks.digest),
        digest_every: hooks
            .and_then(|hooks| hooks.digest_every.as_ref())
            .map_or(DIGEST_EVERY, |every| every.value.0),
    }
}

/// How long a wait may last before it is reported. Nothing is reported when there is neither `[escalate]` nor a `notify` hook.
pub(super) fn escalate(manifest: &RawManifest) -> Escalate {
    let written = manifest.escalate.as_ref().map(|escalate| &escalate.value);
    if written.is_none() && hooks(manifest).notify.is_none() {
        return Escalate::default();
    }
    let after = |key: fn(&RawEscalate) -> &Option<Located<Delay>>, otherwise: Duration| match written
        .and_then(|written| key(written).as_ref())
    {
        Some(after) => after.value.0,
        None => Some(otherwise),
    };
    Escalate {
        conflict: after(|raw| &raw.conflict, CONFLICT),
        dependency: after(|raw| &raw.dependency, DEPENDENCY),
        gate: after(|raw| &raw.gate, Duration::ZERO),
        question: after(|raw| &raw.question, Duration::ZERO),
        stuck: after(|raw| &raw.stuck, Duration::ZERO),
    }
}

/// Limits of a plan's attempts.
pub(super) fn attempts(manifest: &RawManifest, plan: &RawPlan) -> AttemptPolicy {
    let run = run_of(manifest);
    let backoff = pick(&plan.backoff, run.and_then(|run| run.backoff.as_ref()));
    let timeout = pick(&plan.timeout, run.and_then(|run| run.timeout.as_ref()));
    let stuck = pick(&plan.stuck_after, run.and_then(|run| run.stuck_after.as_ref()));
    let grace = pick(&plan.grace, run.and_then(|run| run.grace.as_ref()));
    AttemptPolicy {
        retries: pick(&plan.retries, run.and_then(|run| run.retries.as_ref())).unwrap_or(RETRIES),
        backoff: backoff.map_or(BACKOFF, |DurationText(duration)| duration),
        timeout: timeout.map_or(TIMEOUT, |PositiveDuration(duration)| duration),
        grace: grace.map_or(GRACE, |DurationText(duration)| duration),
        stuck_after: Some(stuck.map_or(STUCK_AFTER, |PositiveDuration(duration)| duration)),
        on_stuck: match pick(&plan.on_stuck, run.and_then(|run| run.on_stuck.as_ref())) {
            None | Some(words::OnStuck::Notice) => OnStall::Notice,
            Some(words::OnStuck::Nudge) => OnStall::Nudge,
            Some(words::OnStuck::Restart) => OnStall::Restart,
            Some(words::OnStuck::Hold) => OnStall::Hold,
        },
    }
}

/// What an agent has to report, when the table says so.
pub(super) fn report(written: Option<&Located<words::Report>>) -> Option<Report> {
    written.map(|at| at.value.into())
}

impl From<words::Report> for Report {
    fn from(word: words::Report) -> Self {
        match word {
            words::Report::Required => Self::Required,
            words::Report::Auto => Self::Auto,
        }
    }
}

/// What happens to changes that a plan's agent leaves uncommitted.
pub(super) fn commit(manifest: &RawManifest, plan: &RawPlan) -> CommitPolicy {
    let run = run_of(manifest).and_then(|run| run.commit.as_ref());
    match pick(&plan.commit, run) {
        None | Some(Commit::Auto) => CommitPolicy::Auto,
        Some(Commit::Require) => CommitPolicy::Require,
    }
}

/// True when a plan lands as soon as it is finished.
pub(super) fn auto_merge(manifest: &RawManifest, plan: &RawPlan) -> bool {
    let run = run_of(manifest).and_then(|run| run.merge.as_ref());
    pick(&plan.merge, run) == Some(Merge::Auto)
}

/// True when a plan begins only after a person's approval.
pub(super) fn approve(plan: &RawPlan) -> bool {
    let gate = plan.gate.as_ref();
    gate.is_some_and(|gate| gate.value == PlanGate::Approve)
}

/// True when a plan lands only after a person's review.
pub(super) fn review(manifest: &RawManifest, plan: &RawPlan) -> bool {
    let own = plan.gate.as_ref();
    let all = merge_of(manifest).and_then(|merge| merge.review.as_ref());
    own.is_some_and(|gate| gate.value == PlanGate::Review) || all.is_some_and(|all| all.value)
}

/// How a plan is merged into the target.
pub(super) fn merge_strategy(manifest: &RawManifest, plan: &RawPlan) -> MergeStrategy {
    let queue = merge_of(manifest).and_then(|merge| merge.strategy.as_ref());
    match pick(&plan.merge_strategy, queue) {
        None | Some(Landing::Merge) => MergeStrategy::Merge,
        Some(Landing::Squash) => MergeStrategy::Squash,
        Some(Landing::Rebase) => MergeStrategy::Rebase,
    }
}

/// The globs of a list.
pub(super) fn globs(written: Option<&Located<Vec<Located<Glob>>>>) -> Vec<String> {
    let globs = written.into_iter().flat_map(|list| &list.value);
    globs.map(|glob| glob.value.0.clone()).collect()
}

/// The shell lines of a list.
pub(super) fn lines(written: Option<&Located<Vec<Located<Text>>>>) -> Vec<String> {
    let lines = written.into_iter().flat_map(|list| &list.value);
    lines.map(|line| line.value.0.clone()).collect()
}

/// What one agent is given, and how the plan's phases and tasks are ordered.
pub(super) fn arrangement(manifest: &RawManifest, plan: &RawPlan, document: &Document) -> Arrangement {
    let run = run_of(manifest);
    let dispatch = pick(&plan.dispatch, run.and_then(|run| run.dispatch.as_ref()));
    let strategy = pick(&plan.strategy, run.and_then(|run| run.strategy.as_ref()));
    let threshold = pick(
        &plan.phase_threshold,
        run.and_then(|run| run.phase_threshold.as_ref()),
    );
    let lanes = pick(
        &plan.parallel_tasks,
        run.and_then(|run| run.parallel_tasks.as_ref()),
    );
    let phases = plan.phases.iter().flat_map(|phases| &phases.value.entries);
    let phases = phases.filter_map(|(key, phase)| {
        let id = PhaseId(key.value.parse().ok()?);
        Some((id, drawn_by(phase.value.strategy.as_ref().map(|at| at.value)?)))
    });
    Arrangement {
        dispatch: match dispatch {
            None | Some(words::Dispatch::Plan) => Dispatch::Plan,
            Some(words::Dispatch::Phase) => Dispatch::Phase,
            Some(words::Dispatch::Task) => Dispatch::Task,
            Some(words::Dispatch::Auto) => Dispatch::of_document(document),
        },
        by_document: matches!(dispatch, Some(words::Dispatch::Auto)),
        strategy: strategy.map_or(Strategy::Auto, drawn_by),
        phases: phases.collect(),
        threshold: threshold.map_or(Arrangement::THRESHOLD, |share| (share.0 * 1000.0).round() as u32),
        lanes: match lanes {
            None | Some(AutoOrCount::Auto) => Lanes::Auto,
            Some(AutoOrCount::Count(count)) => Lanes::Count(count.0 as usize),
        },
    }
}

fn drawn_by(strategy: words::Strategy) -> Strategy {
    match strategy {
        words::Strategy::Auto => Strategy::Auto,
        words::Strategy::Batched => Strategy::Batched,
        words::Strategy::Pipeline => Strategy::Pipeline,
        words::Strategy::Dag => Strategy::Dag,
        words::Strategy::Independent => Strategy::Independent,
    }
}

/// The agents that take over from the plan's agent.
pub(super) fn fallback(manifest: &RawManifest, plan: &RawPlan) -> Fallback {
    let run = run_of(manifest);
    // A plan with its own `agent` does not use the list of `[run]`.
    let of_run = run
        .and_then(|run| run.agents.as_ref())
        .filter(|_| plan.agent.is_none());
    let list = plan.agents.as_ref().or(of_run);
    let names = list.into_iter().flat_map(|list| &list.value);
    let after = pick(
        &plan.fallback_after,
        run.and_then(|run| run.fallback_after.as_ref()),
    );
    Fallback {
        agents: names.map(|name| name.value.clone()).collect(),
        after: after.map_or(Fallback::AFTER, |after| after.0),
    }
}

/// What happens with other plans that touch the same files.
pub(super) fn overlap(manifest: &RawManifest, plan: &RawPlan) -> Overlap {
    let run = run_of(manifest).and_then(|run| run.overlap.as_ref());
    match pick(&plan.overlap, run) {
        Some(words::Overlap::Allow) => Overlap::Allow,
        None | Some(words::Overlap::Warn) => Overlap::Warn,
        Some(words::Overlap::Serialize) => Overlap::Serialize,
    }
}
