//! The fold of one plan's events into its state.

use super::attempt::{apply_away, began, completed, ended, has_failed, was_assigned, was_looked_at};
use super::merge::{has_landed, has_not_landed, merge_began, was_found, was_restored, was_taken_back};
use super::notice::{apply_notice, apply_person};
use super::parking::{take_usage, was_parked};
use super::phases::{phase_done, was_checked, was_pinned};
use super::reopening::retry;
use super::reports::{grow, note_ticked, withdraw};
use super::resolving::apply_resolving;
use super::steering::{approved, cancelled, paused, resumed, unit_cancelled};
use super::work::{unit_failed, unit_skipped, was_in_conflict, was_merged, was_refused};
use super::worktree::apply_worktree;
use crate::plan::{TaskState, WhyAgain};
use crate::schedule::event::about::{Failed, PinRefusal, Steered, TaskReport, TicksOf, UnitOf};
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::why::because::Hold;
use crate::schedule::state::attempt::AttemptState;
use crate::schedule::state::plan_run::{Item, Outcome, PlanRun, Verify};

pub(in crate::schedule) fn apply(run: &mut PlanRun, at: At, event: &Event) {
    match event {
        Event::WorktreeCreated { .. }
        | Event::WorktreeRefused(_)
        | Event::WorktreeWaits(_)
        | Event::WorktreeDeferred(_)
        | Event::WorktreeLost(_) => apply_worktree(run, at, event),
        Event::AttemptAssigned { .. } => was_assigned(run, at, event),
        Event::AgentStarted(_) => began(run, at, event),
        Event::AgentSubmitted(_) | Event::AgentSilent(_) | Event::AgentHeard(_) => apply_away(run, at, event),
        Event::AgentEnded { .. } => ended(run, at, event),
        Event::AttemptChecked { .. } => was_looked_at(run, at, event),
        Event::AttemptFailed { .. } => has_failed(run, at, event),
        Event::AgentUsage(usage) => drop(take_usage(run, at, usage)),
        Event::AttemptParked(parked) => was_parked(run, at, parked),
        Event::AgentRefused { .. } => {}
        Event::StageDone { .. } => completed(run, at, event),
        Event::Ticked(TicksOf { ticks, .. }) => note_ticked(run, ticks),
        Event::WorkAdded(UnitOf { unit, .. }) => grow(run, at, *unit),
        Event::WorkLeftOut(UnitOf { unit, .. }) => {
            run.lost.remove(unit);
            run.proven.insert(*unit);
        }
        Event::WorkMerged { attempt, commit, .. } => was_merged(run, attempt, commit),
        Event::WorkConflicted(conflict) => was_in_conflict(run, conflict),
        Event::WorkRefused(refusal) => was_refused(run, refusal),
        Event::WorkFailed { .. } => unit_failed(run, event),
        Event::WorkSkipped(skip) => unit_skipped(run, skip),
        Event::TaskStarted(report) => take_word(run, at, TaskState::Running, report),
        Event::TaskDone(report) => {
            if !run.by_units {
                run.touched.insert(report.task.task.phase);
            }
            take_word(run, at, TaskState::Done, report);
        }
        Event::TaskFailed(report) => take_word(run, at, TaskState::Failed, report),
        Event::TaskSkipped(report) => take_word(run, at, TaskState::Skipped, report),
        Event::PhaseDone { phase, proven, .. } => phase_done(run, at, *phase, *proven),
        Event::PhaseVerify(fact) => was_checked(run, at, fact),
        Event::Pinned(pinned) => was_pinned(run, at, pinned),
        Event::PinRefused(PinRefusal { point, why, .. }) => {
            run.pins_refused.insert(*point, why.clone());
        }
        Event::VerifyStarted { .. } => {
            run.verify = Verify::Running;
            run.since = at;
        }
        Event::VerifyPassed { commit, .. } => {
            run.verify = Verify::Passed(commit.clone());
            run.red = None;
        }
        Event::VerifyFailed(failed) => verify_failed(run, at, failed),
        Event::VerifyStopped { .. } => run.verify = Verify::Open,
        Event::PlanFinished { .. } => finished(run, at),
        Event::PlanFailed(failed) => run.end(at, Outcome::Failed(failed.why.clone())),
        Event::PlanSkipped(skip) => {
            run.left_out = skip.plan == skip.cause;
            run.end(at, Outcome::Skipped(skip.why.clone()));
        }
        Event::PlanHeld { why, .. } => was_held(run, at, why),
        Event::PlanCancelled { .. } => cancelled(run, at),
        Event::WorkCancelled(UnitOf { unit, .. }) => unit_cancelled(run, *unit),
        Event::Paused(asked) => paused(run, at, asked.point, asked.now),
        Event::Resumed(Steered { point, .. }) => resumed(run, at, *point),
        Event::RetryRequested(Steered { point, .. }) => retry(run, at, *point),
        Event::CancelRequested(Steered { point, .. }) => run.cancel(*point),
        Event::Approved(Steered { point, .. }) => approved(run, at, *point),
        Event::MergeStarted(begun) => merge_began(run, begun),
        Event::MergeLanded(landed) => has_landed(run, at, landed),
        Event::MergeFound(found) => was_found(run, at, found),
        Event::MergeReverted(back) => was_taken_back(run, at, back),
        Event::MergeRestored(back) => was_restored(run, at, back),
        Event::MergeFailed(failed) => has_not_landed(run, at, failed),
        Event::Resolve(fact) => apply_resolving(run, at, fact),
        Event::Person(fact) => apply_person(run, at, fact),
        Event::RunStarted { .. }
        | Event::RunStopping { .. }
        | Event::RunStopped { .. }
        | Event::RunSettled {}
        | Event::RunWidth(_)
        | Event::MergeRequested { .. }
        | Event::TargetChecked(_)
        | Event::MergeVerified(_)
        | Event::MergeFlaky(_)
        | Event::ManifestChanged(_)
        | Event::Warning { .. } => {}
        Event::AgentStalled(_)
        | Event::AgentStirred(_)
        | Event::StallActed(_)
        | Event::ReportLate(_)
        | Event::MessageSent(_)
        | Event::QuestionAsked(_)
        | Event::QuestionAnswered(_)
        | Event::ConflictForeseen(_)
        | Event::ConflictGone(_)
        | Event::UnionRed(_)
        | Event::UnionGreen(_)
        | Event::Escalated(_) => apply_notice(run, at, event),
    }
}

fn verify_failed(run: &mut PlanRun, at: At, failed: &Failed) {
    run.verify = Verify::Failed;
    run.repair.failures += 1;
    run.repair.last_failure = Some(failed.why.clone());
    run.repair.before = Some((WhyAgain::Verify, failed.why.clone()));
    run.red = Some(failed.why.clone());
    run.since = at;
}

fn finished(run: &mut PlanRun, at: At) {
    // The trouble of the last merge was about older commits.
    (run.merge_trouble, run.held_by) = (None, None);
    (run.review.approved, run.review.returned) = (None, None);
    run.stand_ins.clear();
    run.end(at, Outcome::Finished);
}

fn was_held(run: &mut PlanRun, at: At, why: &Hold) {
    let lost = *why == (Hold::JournalLost {});
    if lost {
        run.rebuilt = true;
        // It is unknown whether commits may count, so reports are required where an agent has reported.
        run.spoken |= run.items.values().any(|item| item.by.is_some());
    }
    // An agent that was at work when the journal was lost continues.
    if !(lost && run.is_at_work()) {
        run.end(at, Outcome::Held(why.clone()));
    }
}

pub(in crate::schedule) fn take_word(run: &mut PlanRun, at: At, state: TaskState, report: &TaskReport) {
    let item = &report.task;
    let known = run.items.get(item);
    let started = known.and_then(|known| known.started);
    // A person's skip stays the person's, even when an agent repeats it.
    let left_out = known.is_some_and(|known| known.state == TaskState::Skipped && known.by.is_none());
    let said_again = left_out && state == TaskState::Skipped;
    let failed = known.is_some_and(|known| known.failed);
    let entry = Item {
        state,
        failed: state == TaskState::Failed || (failed && state == TaskState::Running),
        started: started.or((state == TaskState::Running).then_some(at)),
        since: at,
        attempts: run.history.len(),
        title: report.title.clone(),
        note: report.note.clone(),
        by: report.attempt.clone().filter(|_| !said_again),
        commit: report.commit.clone(),
        assumed: report.assumed,
    };
    run.items.insert(item.clone(), entry);
    run.heard.insert(item.clone(), state);
    if state == TaskState::Failed {
        let whole = run.whole_of(item);
        withdraw(run, at, whole);
    }
    run.people_spoke |= report.attempt.is_none();
    if report.attempt.is_none()
        && let Some(said_at) = report.said_at
    {
        run.said_by_people.insert(item.clone(), said_at);
    }
    let by = report.attempt.as_ref();
    if let Some(said_at) = report.said_at
        && let Some(record) = by.and_then(|by| run.record(by))
    {
        record.said.insert(item.clone(), said_at);
    }
    let Some(attempt) = by.and_then(|by| run.current(by)) else {
        return;
    };
    // Journals from before `assumed` show it by the order: what nobody reported was recorded after the attempt was checked.
    let assumed = report.assumed || (!attempt.reported && matches!(attempt.state, AttemptState::Checked(..)));
    if assumed {
        return;
    }
    attempt.reported = true;
    if let Some(said_at) = report.said_at {
        attempt.said.insert(item.clone(), said_at);
    }
    let given = attempt.units.iter().any(|unit| unit.covers(item.task));
    if !given && item.sub.is_none() {
        // The last report counts, here too.
        match state.is_settled() {
            true => attempt.claimed.insert(item.task),
            false => attempt.claimed.remove(&item.task),
        };
    }
    run.spoken = true;
}
