//! The events that answer requested effects.

use super::ask::Ask;
use super::core::Board;
use crate::plan::{AttemptId, PlanName};
use crate::schedule::event::about::{
    AgentStart, AgentSubmit, Failed, FoundPlan, LaneNote, OfPlan, PinRefusal, WorkConflict, WorkRefusal,
};
use crate::schedule::event::fact::Event;
use crate::schedule::event::facts::AgentUsage;
use crate::schedule::event::merge_facts::{Landed, NotLanded, Pinned};
use crate::schedule::event::person::person_fact::PersonFact;
use crate::schedule::event::resolving::{ConflictResolved, ResolverFailed, Resolving};
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::state::attempt::{AttemptState, Integration};
use crate::schedule::state::plan_run::{Merge, Outcome, PlanRun, Verify};

/// Returns false for an answer that nothing waits for, because it is repeated or belongs to a past attempt.
pub(in crate::schedule) fn is_current(board: &Board, event: &Event) -> bool {
    let state = |plan: &PlanName, attempt: &AttemptId| {
        board
            .state
            .plan(plan)
            .attempt(attempt)
            .map(|current| &current.state)
    };
    match event {
        Event::AgentStarted(AgentStart { plan, attempt, .. }) | Event::AgentRefused { plan, attempt, .. } => {
            state(plan, attempt).is_some_and(AttemptState::is_before_its_start)
        }
        Event::AgentSubmitted(submitted) => is_new_job(board, submitted),
        Event::AgentSilent(of) => is_silent(board, &of.plan, &of.attempt) == Some(false),
        Event::AgentHeard(of) => is_silent(board, &of.plan, &of.attempt) == Some(true),
        Event::AgentEnded { plan, attempt, .. } => state(plan, attempt).is_some_and(AttemptState::holds_slot),
        Event::AgentUsage(AgentUsage {
            plan, attempt, facts, ..
        }) => {
            let run = board.state.plan(plan);
            if is_resolver(run, attempt) {
                return run.history_of(attempt).is_some_and(|known| known.facts != *facts);
            }
            let known = run.attempt(attempt);
            known.is_some_and(|known| known.state.holds_slot() && known.facts != *facts)
        }
        Event::AttemptChecked { plan, attempt, .. } => {
            matches!(state(plan, attempt), Some(AttemptState::Ended(_)))
        }
        Event::WorktreeCreated { plan, lane, .. }
        | Event::WorktreeRefused(LaneNote { plan, lane, .. })
        | Event::WorktreeWaits(LaneNote { plan, lane, .. })
        | Event::WorktreeDeferred(LaneNote { plan, lane, .. }) => {
            board.state.number(plan).is_some() && !board.state.plan(plan).worktrees.contains_key(lane)
        }
        Event::WorkMerged { plan, attempt, .. }
        | Event::WorkConflicted(WorkConflict { plan, attempt, .. })
        | Event::WorkRefused(WorkRefusal { plan, attempt, .. }) => {
            let current = board.state.plan(plan).attempt(attempt);
            current.is_some_and(|current| current.integration == Integration::Open)
        }
        Event::VerifyPassed { plan, .. }
        | Event::VerifyFailed(Failed { plan, .. })
        | Event::VerifyStopped(OfPlan { plan }) => board.state.plan(plan).verify == Verify::Running,
        Event::PhaseVerify(fact) => {
            let ask = Ask::VerifyPhase(fact.plan.clone(), fact.phase);
            board.asked.contains(&ask)
        }
        Event::Pinned(Pinned { plan, point, .. }) => {
            board.state.number(plan).is_some() && !board.state.plan(plan).pins.contains_key(point)
        }
        // The branch of a plan that waits for a review has moved.
        Event::MergeFailed(NotLanded {
            plan,
            why: MergeTrouble::Review { .. },
            ..
        }) if board.state.plan(plan).merge == Merge::Idle => {
            board.state.plan(plan).outcome == Some(Outcome::Finished)
        }
        Event::MergeLanded(Landed { plan, .. }) | Event::MergeFailed(NotLanded { plan, .. }) => {
            matches!(board.state.plan(plan).merge, Merge::Running(_))
        }
        Event::Resolve(Resolving::Done(ConflictResolved {
            plan,
            attempt: Some(attempt),
            ..
        }))
        | Event::Resolve(Resolving::Failed(ResolverFailed { plan, attempt, .. })) => {
            is_resolver(board.state.plan(plan), attempt)
        }
        Event::MergeFound(FoundPlan { plan, target, .. }) => {
            let run = board.state.plan(plan);
            run.outcome == Some(Outcome::Finished)
                && !run.landed.contains_key(target)
                && !matches!(run.merge, Merge::Running(_))
        }
        Event::Person(PersonFact::Delivered(mail)) => {
            let known = &board.state.plan(&mail.plan).mail;
            mail.up_to > known.delivered
                && usize::try_from(mail.up_to).is_ok_and(|up_to| up_to <= known.inbox.len())
        }
        Event::Person(PersonFact::Read(mail)) => {
            let known = &board.state.plan(&mail.plan).mail;
            Some(mail.up_to) > known.read
                && usize::try_from(mail.up_to).is_ok_and(|up_to| up_to <= known.inbox.len())
        }
        Event::Person(PersonFact::AttachEnded(ended)) => {
            let attached = board.state.plan(&ended.plan).hands.attached.as_ref();
            attached.is_some_and(|attached| attached.pid == ended.pid)
        }
        _ => true,
    }
}

pub(in crate::schedule) fn forget_ask(board: &mut Board, event: &Event) {
    let answered = match event {
        Event::WorktreeCreated { plan, lane, .. }
        | Event::WorktreeRefused(LaneNote { plan, lane, .. })
        | Event::WorktreeDeferred(LaneNote { plan, lane, .. }) => Ask::Worktree(plan.clone(), *lane),
        Event::WorkMerged { attempt, .. }
        | Event::WorkConflicted(WorkConflict { attempt, .. })
        | Event::WorkRefused(WorkRefusal { attempt, .. }) => Ask::Integrate(attempt.clone()),
        Event::AgentStarted(AgentStart { attempt, .. }) | Event::AgentRefused { attempt, .. } => {
            Ask::Launch(attempt.clone())
        }
        Event::AgentSubmitted(AgentSubmit { attempt, .. }) => Ask::Launch(attempt.clone()),
        Event::AttemptChecked { attempt, .. } => Ask::Check(attempt.clone()),
        Event::VerifyPassed { plan, .. }
        | Event::VerifyFailed(Failed { plan, .. })
        | Event::VerifyStopped(OfPlan { plan }) => {
            board.asked.remove(&Ask::StopVerification(plan.clone()));
            Ask::Verify(plan.clone())
        }
        Event::PhaseVerify(fact) => {
            let stop = Ask::StopPhaseCheck(fact.plan.clone(), fact.phase);
            board.asked.remove(&stop);
            Ask::VerifyPhase(fact.plan.clone(), fact.phase)
        }
        Event::Pinned(Pinned { plan, point, .. }) | Event::PinRefused(PinRefusal { plan, point, .. }) => {
            Ask::Pin(plan.clone(), *point)
        }
        Event::AgentEnded { attempt, .. } => {
            board.looked.remove(attempt);
            board.asked.remove(&Ask::Look(attempt.clone()));
            board.asked.remove(&Ask::Launch(attempt.clone()));
            board.asked.remove(&Ask::Stop(attempt.clone(), false));
            Ask::Stop(attempt.clone(), true)
        }
        Event::Resolve(Resolving::Done(ConflictResolved {
            attempt: Some(attempt),
            ..
        }))
        | Event::Resolve(Resolving::Failed(ResolverFailed { attempt, .. })) => {
            board.looked.remove(attempt);
            board.asked.remove(&Ask::Look(attempt.clone()));
            board.asked.remove(&Ask::Stop(attempt.clone(), false));
            board.asked.remove(&Ask::Stop(attempt.clone(), true));
            Ask::Resolve(attempt.clone())
        }
        _ => return,
    };
    board.asked.remove(&answered);
}

/// True for the hand-over of an attempt, and for a job that was not known.
fn is_new_job(board: &Board, submitted: &AgentSubmit) -> bool {
    let Some(known) = board.state.plan(&submitted.plan).attempt(&submitted.attempt) else {
        return false;
    };
    let job = known.away.as_ref().and_then(|away| away.job.as_ref());
    match known.state {
        AttemptState::Assigned => true,
        AttemptState::Submitted | AttemptState::Running => {
            submitted.job.is_some() && submitted.job.as_ref() != job
        }
        AttemptState::Ended(_) | AttemptState::Checked(..) => false,
    }
}

/// True when the node of a running attempt is known to be silent, false when it is not; `None` for other attempts.
fn is_silent(board: &Board, plan: &PlanName, attempt: &AttemptId) -> Option<bool> {
    let known = board.state.plan(plan).attempt(attempt)?;
    let away = known
        .away
        .as_ref()
        .filter(|_| known.state == AttemptState::Running)?;
    Some(away.silent.is_some())
}

/// Returns true for the attempt that resolves the plan's conflict.
fn is_resolver(run: &PlanRun, attempt: &AttemptId) -> bool {
    let at_work = run.resolution.agent.as_ref();
    at_work.is_some_and(|at_work| at_work.attempt == *attempt)
}
