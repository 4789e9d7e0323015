//! The keys of the manifest that can be edited while plans run, each with its edit window.

use crate::plan::{CommitPolicy, MergeStrategy, format_duration};
use crate::plan::{
    ExecutorName, JobNeeds, Lanes, OnConflict, Overlap, PhaseId, PhaseSettings, Plan, PlanSet, Regenerate,
    Report, Strategy,
};
use std::collections::BTreeMap;

/// How long a key may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plan) enum EditWindow {
    /// At any time. Work that begins later follows the new value.
    Anytime,
    /// Until something has begun with it.
    UntilBegun,
    /// Until there is a worktree.
    UntilMade,
}

/// One key of a table `T`.
pub(in crate::plan) struct Field<T> {
    pub(in crate::plan) key: &'static str,
    pub(in crate::plan) window: EditWindow,
    /// The value in words. Equal values have equal words.
    pub(in crate::plan) text: fn(&T) -> String,
    /// Copies the value of the second argument into the first.
    pub(in crate::plan) keep: fn(&mut T, &T),
}

/// A field at one path below `T`.
macro_rules! field {
    ($key:literal, $window:ident, $($path:ident).+, $text:expr) => {
        Field {
            key: $key,
            window: EditWindow::$window,
            text: |table| $text(&table.$($path).+),
            keep: |kept, old| kept.$($path).+ = old.$($path).+.clone(),
        }
    };
}

/// `[run]`, `[merge]`, `[hooks]` and `[escalate]`.
pub(in crate::plan) const RUN: &[Field<PlanSet>] = &[
    field!("run.base", UntilBegun, run.base, optional),
    field!("run.target", UntilBegun, run.target, optional),
    field!("run.worktrees", UntilBegun, run.worktrees, plain),
    field!("run.max_agents", Anytime, run.max_agents, plain),
    field!("run.fallback", Anytime, run.fallback, plain),
    field!("run.merge", Anytime, run.auto_merge, automatic),
    field!("merge.verify", Anytime, merge.verify, optional),
    field!("merge.verify_slots", Anytime, merge.verify_slots, plain),
    field!(
        "merge.verify_timeout",
        Anytime,
        merge.verify_timeout,
        optional_duration
    ),
    field!("merge.clean", Anytime, merge.cleans_ignored, plain),
    field!(
        "merge.every_commit_green",
        Anytime,
        merge.every_commit_green,
        plain
    ),
    field!("merge.regenerate", Anytime, merge.regenerate, made),
    field!("merge.on_conflict", Anytime, merge.on_conflict, on_conflict),
    field!("merge.early", Anytime, merge.early, plain),
    field!("run.min_free_disk", Anytime, run.min_free_disk, optional),
    field!("run.budget", Anytime, run.budget, optional),
    field!("run.currency", Anytime, run.currency, plain),
    field!("run.report", Anytime, run.report, report),
    field!("run.executor", Anytime, run.executor, executor),
    field!("run.copy", Anytime, run.setup.copy, listed),
    field!("run.setup", Anytime, run.setup.line, optional),
    field!("hooks.post_create", Anytime, hooks.post_create, optional),
    field!("hooks.pre_merge", Anytime, hooks.pre_merge, optional),
    field!("hooks.post_merge", Anytime, hooks.post_merge, optional),
    field!("hooks.pre_remove", Anytime, hooks.pre_remove, optional),
    field!("hooks.notify", Anytime, hooks.notify, optional),
    field!("hooks.digest", Anytime, hooks.digest, optional),
    field!("hooks.digest_every", Anytime, hooks.digest_every, duration),
    field!("escalate.conflict", Anytime, escalate.conflict, optional_duration),
    field!(
        "escalate.dependency",
        Anytime,
        escalate.dependency,
        optional_duration
    ),
    field!("escalate.gate", Anytime, escalate.gate, optional_duration),
    field!("escalate.question", Anytime, escalate.question, optional_duration),
    field!("escalate.stuck", Anytime, escalate.stuck, optional_duration),
];

/// `[plans.NAME]`, together with what `[run]` and the document set for the plan.
pub(in crate::plan) const PLAN: &[Field<Plan>] = &[
    field!("file", UntilBegun, file, |file: &Option<std::path::PathBuf>| {
        optional(&file.as_ref().map(|file| file.display()))
    }),
    field!("branch", UntilMade, branch, plain),
    field!("priority", Anytime, priority, plain),
    field!("depends", UntilBegun, depends, listed),
    field!("touches", UntilBegun, touches, listed),
    field!("outputs", Anytime, outputs, listed),
    field!("owner", Anytime, milestone.owner, optional),
    field!("due", Anytime, milestone.due, optional),
    field!("skills", Anytime, milestone.skills, listed),
    field!("agent", Anytime, agent, plain),
    field!("agents", Anytime, fallback.agents, listed),
    field!("fallback_after", Anytime, fallback.after, duration),
    field!("verify", Anytime, verify, optional),
    field!("success", Anytime, success, listed),
    field!("carry", UntilBegun, carry, plain),
    field!("allow_empty", Anytime, allow_empty, plain),
    field!("commit", Anytime, commit, |commit: &CommitPolicy| match commit {
        CommitPolicy::Auto => "auto".to_owned(),
        CommitPolicy::Require => "require".to_owned(),
    }),
    field!("report", Anytime, report, report),
    field!("executor", Anytime, executor, executor),
    field!("job", Anytime, job, job),
    field!("retries", Anytime, attempts.retries, plain),
    field!("backoff", Anytime, attempts.backoff, duration),
    field!("timeout", Anytime, attempts.timeout, duration),
    field!("grace", Anytime, attempts.grace, duration),
    field!("stuck_after", Anytime, attempts.stuck_after, optional_duration),
    field!(
        "on_stuck",
        Anytime,
        attempts.on_stuck,
        |on_stuck: &crate::plan::OnStall| { on_stuck.as_str().to_owned() }
    ),
    field!("dispatch", UntilBegun, arrangement.dispatch, plain),
    field!("strategy", UntilBegun, arrangement.strategy, plain),
    field!(
        "phases.N.strategy",
        UntilBegun,
        arrangement.phases,
        |phases: &BTreeMap<PhaseId, Strategy>| {
            let each = phases
                .iter()
                .map(|(phase, strategy)| format!("{phase}: {strategy}"));
            each.collect::<Vec<_>>().join(", ")
        }
    ),
    field!(
        "phase_threshold",
        UntilBegun,
        arrangement.threshold,
        |thousandths: &u32| { format!("{}", f64::from(*thousandths) / 1000.0) }
    ),
    field!(
        "parallel_tasks",
        Anytime,
        arrangement.lanes,
        |lanes: &Lanes| match lanes {
            Lanes::Auto => "auto".to_owned(),
            Lanes::Count(count) => count.to_string(),
        }
    ),
    field!("overlap", UntilBegun, overlap, |overlap: &Overlap| {
        let word = match overlap {
            Overlap::Allow => "allow",
            Overlap::Warn => "warn",
            Overlap::Serialize => "serialize",
        };
        word.to_owned()
    }),
    field!("expected", Anytime, expected, optional_duration),
    field!(
        "merge_strategy",
        Anytime,
        merge_strategy,
        |strategy: &MergeStrategy| {
            let word = match strategy {
                MergeStrategy::Merge => "merge",
                MergeStrategy::Squash => "squash",
                MergeStrategy::Rebase => "rebase",
            };
            word.to_owned()
        }
    ),
    field!("merge", Anytime, auto_merge, automatic),
    field!("gate", UntilBegun, gate, plain),
    field!("review", Anytime, review, plain),
    field!("budget", Anytime, budget, optional),
    field!("copy", UntilMade, setup.copy, listed),
    field!("setup", UntilMade, setup.line, optional),
];

/// `[plans.NAME.phases.N]`. Whether these keys may be changed depends on the phase.
pub(in crate::plan) const PHASE: &[Field<PhaseSettings>] = &[
    field!("depends", Anytime, depends, listed),
    field!("uses", Anytime, uses, listed),
    field!("agent", Anytime, agent, optional),
    field!("timeout", Anytime, timeout, optional_duration),
    field!("job", Anytime, job, job),
    field!("expected", Anytime, expected, optional_duration),
    field!("gate", Anytime, gate, plain),
    field!("verify", Anytime, verify, listed),
];

fn plain(value: &impl ToString) -> String {
    value.to_string()
}

fn optional(value: &Option<impl ToString>) -> String {
    value
        .as_ref()
        .map_or_else(|| "unset".to_owned(), ToString::to_string)
}

fn listed(values: &[impl ToString]) -> String {
    let words: Vec<String> = values.iter().map(ToString::to_string).collect();
    format!("[{}]", words.join(", "))
}

fn made(entries: &[Regenerate]) -> String {
    let entry = |entry: &Regenerate| format!("{} by `{}`", entry.path, entry.command);
    listed(&entries.iter().map(entry).collect::<Vec<_>>())
}

fn on_conflict(asked: &OnConflict) -> String {
    match asked {
        OnConflict::Hold => "hold".to_owned(),
        OnConflict::Agent(None) => "agent".to_owned(),
        OnConflict::Agent(Some(name)) => format!("agent {name}"),
    }
}

fn report(written: &Option<Report>) -> String {
    optional(&written.map(Report::as_str))
}

fn executor(name: &Option<ExecutorName>) -> String {
    optional(&name.as_ref().map(ExecutorName::as_str))
}

fn job(needs: &JobNeeds) -> String {
    optional(&Some(needs.words()).filter(|words| !words.is_empty()))
}

fn automatic(automatic: &bool) -> String {
    if *automatic { "auto" } else { "manual" }.to_owned()
}

fn duration(duration: &std::time::Duration) -> String {
    format_duration(*duration)
}

fn optional_duration(value: &Option<std::time::Duration>) -> String {
    optional(&value.map(format_duration))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Arrangement, AttemptPolicy, Escalate, Hooks, MergeSettings, RunSettings, Setup};

    /// Names every field, so that a new field does not compile here until it is considered above.
    #[allow(dead_code)]
    fn none_is_forgotten(set: PlanSet, plan: Plan, phase: PhaseSettings) {
        // Tables are compared by name.
        let PlanSet {
            warnings: _,
            base_place: _,
            run,
            agents: _,
            executors: _,
            resources: _,
            patience: _,
            merge,
            hooks,
            escalate,
            syncs: _,
            people: _,
            templates: _,
            plans: _,
        } = set;
        let RunSettings {
            base: _,
            target: _,
            worktrees: _,
            max_agents: _,
            fallback: _,
            auto_merge: _,
            setup,
            min_free_disk: _,
            budget: _,
            currency: _,
            report: _,
            executor: _,
        } = run;
        let Setup { copy: _, line: _ } = setup;
        let MergeSettings {
            verify: _,
            verify_slots: _,
            verify_timeout: _,
            cleans_ignored: _,
            every_commit_green: _,
            regenerate: _,
            on_conflict: _,
            early: _,
        } = merge;
        let Hooks {
            post_create: _,
            pre_merge: _,
            post_merge: _,
            pre_remove: _,
            notify: _,
            digest: _,
            digest_every: _,
        } = hooks;
        let Escalate {
            conflict: _,
            dependency: _,
            gate: _,
            question: _,
            stuck: _,
        } = escalate;
        // Documents and phases are compared part by part. Plans are found by name, and the line is for diagnostics.
        let Plan {
            name: _,
            line: _,
            document: _,
            phases: _,
            file: _,
            branch: _,
            priority: _,
            depends: _,
            touches: _,
            outputs: _,
            agent: _,
            executor: _,
            job: _,
            fallback,
            verify: _,
            success: _,
            carry: _,
            allow_empty: _,
            commit: _,
            report: _,
            attempts,
            arrangement,
            overlap: _,
            expected: _,
            merge_strategy: _,
            auto_merge: _,
            gate: _,
            review: _,
            setup: _,
            budget: _,
            milestone,
        } = plan;
        let crate::plan::Milestone {
            owner: _,
            due: _,
            skills: _,
        } = milestone;
        let crate::plan::Fallback { agents: _, after: _ } = fallback;
        let AttemptPolicy {
            retries: _,
            backoff: _,
            timeout: _,
            grace: _,
            stuck_after: _,
            on_stuck: _,
        } = attempts;
        let Arrangement {
            dispatch: _,
            by_document: _,
            phases: _,
            strategy: _,
            threshold: _,
            lanes: _,
        } = arrangement;
        let PhaseSettings {
            depends: _,
            uses: _,
            agent: _,
            timeout: _,
            job: _,
            expected: _,
            gate: _,
            verify: _,
        } = phase;
    }

    #[test]
    fn no_key_is_named_twice() {
        let keys: Vec<&str> = RUN
            .iter()
            .map(|field| field.key)
            .chain(PLAN.iter().map(|field| field.key))
            .collect();
        let unique: std::collections::BTreeSet<&str> = keys.iter().copied().collect();
        assert_eq!(unique.len(), keys.len());
    }
}
