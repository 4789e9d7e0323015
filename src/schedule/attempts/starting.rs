//! Assigns free slots to ready work, and creates worktrees ahead of time.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::budget::{is_broke, left_of_budget};
use super::parking::{conversation, reopening};
use crate::plan::{AttemptId, PlanName, UnitId, WhyAgain, WorkRef};
use crate::schedule::board::ask::Ask;
use crate::schedule::board::core::Board;
use crate::schedule::board::effect::{Effect, Launch, WorkPlace};
use crate::schedule::board::step::Step;
use crate::schedule::event::at::At;
use crate::schedule::event::exit::Exit;
use crate::schedule::event::fact::Event;
use crate::schedule::judge::phase_check::is_verifying;
use crate::schedule::ready::dispatch::{Key, QueuePlace, Room};
use crate::schedule::ready::lanes::lanes;
use crate::schedule::ready::readiness::Readiness;
use crate::schedule::ready::{dispatch, invariants};
use crate::schedule::state::after::after;
use crate::schedule::state::attempt::{Attempt, AttemptState};
use crate::schedule::state::known::RunPhase;
use crate::schedule::state::limits::Choice;
use crate::schedule::state::person::stand_in::agent_of;
use crate::schedule::state::plan_run::{PlanRun, Verify};
use crate::schedule::work::plans::PlanWork;

/// Recomputes which work of a plan is ready.
pub(in crate::schedule) fn refresh(board: &mut Board, at: At, number: usize) {
    board.standing(number);
    let plan = &board.work.plans[number];
    let run = &board.state.plans[number];
    let driven = board.state.drives(&plan.name)
        && run.is_open()
        && board.state.phase == RunPhase::Driving
        && !board.is_merge_only();
    let mut ready: Vec<(usize, QueuePlace)> = Vec::new();
    let mut coming = None;
    let mut timer = None;
    if driven {
        timer = run.next_time(at);
        timer = [timer, reopening(board, number)].into_iter().flatten().min();
        let look = board.look(number);
        let units = if is_broke(board, number) {
            Vec::new()
        } else {
            look.ready(at)
        };
        if run.attempts.is_empty() {
            coming = wants_worktree(number, plan, run, &look, &units, timer.is_some());
        }
        if run.attempts.len() < lanes(&board.work, &board.state, number).lanes {
            for unit in units {
                let own = &plan.units[unit];
                let agent = agent_of(run, own);
                let at = board.work.locality(plan, agent);
                let class = board.frontier.class(agent, at, &own.uses);
                let place = dispatch::place(number, unit, plan, run);
                match ready.iter_mut().find(|(known, _)| *known == class) {
                    Some((_, best)) => *best = (*best).min(place),
                    None => ready.push((class, place)),
                }
            }
        }
    }
    board.frontier.timers.set(number, timer);
    board.frontier.set_coming(number, coming);
    board.frontier.set_ready(number, ready);
}

/// Assigns free slots to ready work in order.
pub(in crate::schedule) fn start_agents(board: &mut Board, at: At, step: &mut Step) {
    start_assigned(board, step);
    let mut room = Room::left(&board.work, &board.state);
    if room.is_full() {
        return;
    }
    let expected = expected_places(board);
    let (mut refused, mut passed) = (BTreeSet::new(), BTreeSet::new());
    while !room.is_full() {
        let Some(candidate) = board.frontier.first(&refused, &passed) else {
            return;
        };
        let number = candidate.plan();
        let plan = &board.work.plans[number];
        let unit = &plan.units[candidate.unit()];
        let agent = agent_of(&board.state.plans[number], unit);
        let at_work = board.work.locality(plan, agent);
        let better = expected.iter().filter(|place| **place < candidate.place).count();
        let limit = room.refusal(&board.work, at_work, unit, agent);
        if limit.is_some() || room.free(at_work) <= better {
            refused.insert(candidate.class);
            continue;
        }
        match free_lane(board, number) {
            Some(lane) => {
                room.take(at_work, agent, &unit.uses);
                assign(board, at, number, candidate.unit(), lane, step);
                refresh(board, at, number);
            }
            None => {
                keep_room(board, number, candidate.unit(), &mut room, step);
                passed.insert(number);
            }
        }
    }
}

/// The queue places of work that will be ready as soon as an answer in progress arrives. Examining, merging and pinning an
/// agent's work takes a moment, while work started in that moment may keep the slot for hours.
fn expected_places(board: &Board) -> Vec<QueuePlace> {
    // No slot is reserved for work that must be verified first.
    let verified = |name: &PlanName, attempt: &Attempt| is_verifying(board, name, attempt);
    let ended = board.state.all_attempts();
    let ended = ended.filter(|(_, _, attempt)| !attempt.state.holds_slot());
    let ended = ended.filter(|(name, _, attempt)| !verified(name, attempt));
    let behind = ended.filter_map(|(name, _, attempt)| {
        let unit = board.plan_work(name)?.unit(*attempt.units.last()?)?;
        let behind = unit.remaining.saturating_sub(unit.expected);
        (behind > 0).then_some((Reverse(unit.priority), true, Reverse(behind)))
    });
    let keys = behind.chain(board.frontier.pinning.values().copied());
    // It is not yet known which unit it will be. On a tie, work that is already ready goes first.
    keys.map(|key| (key.0, key.1, key.2, usize::MAX, usize::MAX))
        .chain(cut_short(board))
        .collect()
}

/// The queue places of interrupted work, for example after a power cut. It starts again as soon as the agent's leftovers
/// have been examined. Interrupted work goes before work that never started.
fn cut_short(board: &Board) -> impl Iterator<Item = QueuePlace> {
    let is_cut = |attempt: &Attempt| match &attempt.state {
        AttemptState::Ended(exit) | AttemptState::Checked(exit, _) => {
            matches!(exit, Exit::Lost | Exit::Stopped)
        }
        AttemptState::Assigned | AttemptState::Submitted | AttemptState::Running => false,
    };
    let cut = board.state.all_attempts();
    let cut = cut.filter(move |(_, _, attempt)| is_cut(attempt));
    // No slot is reserved for work that must be verified first.
    let cut = cut.filter(|(name, _, attempt)| !is_verifying(board, name, attempt));
    cut.filter_map(|(name, _, attempt)| {
        let number = board.state.number(name)?;
        let unit = board.work.plans[number].unit_place(*attempt.units.first()?)?;
        let place = place_of(board, number, unit);
        Some((place.0, false, place.2, place.3, place.4))
    })
}

/// Returns the queue place of the first unit that waits for this point of a plan and starts from its commit.
pub(in crate::schedule) fn first_behind(board: &Board, work: &WorkRef) -> Option<Key> {
    let behind = board.behind.get(work)?;
    // For a whole plan that waits, its open units decide.
    let whole = behind.plans.iter().flat_map(|number| {
        let standing = board.frontier.standing[*number].as_ref();
        let open = standing
            .into_iter()
            .flat_map(|standing| standing.open.iter().copied());
        open.map(|unit| (*number, unit))
    });
    let open = |(number, unit): &(usize, usize)| {
        let id = board.work.plans[*number].units[*unit].id;
        !board.state.plans[*number].is_unit_settled(id)
    };
    let units = behind.units.iter().copied().filter(open).chain(whole);
    let keys = units.map(|(number, unit)| dispatch::key(&place_of(board, number, unit)));
    keys.min()
}

/// Returns the queue place of a unit.
pub(in crate::schedule) fn place_of(board: &Board, number: usize, unit: usize) -> QueuePlace {
    let (plan, run) = (&board.work.plans[number], &board.state.plans[number]);
    dispatch::place(number, unit, plan, run)
}

/// Starts attempts that were assigned before a restart and never started.
fn start_assigned(board: &mut Board, step: &mut Step) {
    let assigned = board
        .state
        .all_attempts()
        .filter(|(_, _, attempt)| attempt.state == AttemptState::Assigned)
        .filter(|(_, _, attempt)| !board.asked.contains(&Ask::Launch(attempt.id.clone())));
    let assigned: Vec<(PlanName, u32)> = assigned.map(|(name, lane, _)| (name.clone(), lane)).collect();
    for (name, lane) in assigned {
        launch(board, &name, lane, step);
    }
}

/// Returns a lane whose worktree exists and is not in use.
fn free_lane(board: &Board, number: usize) -> Option<u32> {
    let run = &board.state.plans[number];
    let lanes = lanes(&board.work, &board.state, number).lanes;
    let mut made = run.worktrees.keys().copied();
    // Worktrees beyond the current number of lanes stay for later use.
    let usable = lanes.saturating_sub(run.attempts.len());
    made.find(|lane| usable > 0 && !run.attempts.contains_key(lane))
}

/// Asks for a worktree of the plan and reserves slots for the work that will run there. A checkout takes seconds, while
/// other work that took the slot could run for hours.
fn keep_room(board: &mut Board, number: usize, unit: usize, room: &mut Room, step: &mut Step) {
    let Some(base) = board.state.run.as_ref().map(|run| run.base.clone()) else {
        return;
    };
    let (plan, run) = (&board.work.plans[number], &board.state.plans[number]);
    let (name, repair) = (plan.name.clone(), run.verify == Verify::Failed);
    let lanes = lanes(&board.work, &board.state, number).lanes;
    let free = lanes.saturating_sub(run.attempts.len());
    let missing: Vec<u32> = if run.worktree().is_none() {
        vec![0]
    } else if repair {
        Vec::new()
    } else {
        let ready = board.look(number).ready(board.state.now).len();
        let lanes = u32::try_from(lanes).unwrap_or(u32::MAX);
        (1..lanes)
            .filter(|lane| !run.worktrees.contains_key(lane) && !run.lanes_refused.contains_key(lane))
            .take(free.min(ready))
            .collect()
    };
    for lane in missing {
        let plan = &board.work.plans[number];
        let own = &plan.units[unit];
        let agent = agent_of(&board.state.plans[number], own);
        let at = board.work.locality(plan, agent);
        if room.free(at) == 0 {
            return;
        }
        room.take(at, agent, &own.uses);
        let make = Effect::MakeWorktree {
            plan: name.clone(),
            lane,
            base: base.clone(),
        };
        board.ask(Ask::Worktree(name.clone(), lane), make, step);
    }
}

fn assign(board: &mut Board, at: At, number: usize, unit: usize, lane: u32, step: &mut Step) {
    let (plan, run) = (&board.work.plans[number], &board.state.plans[number]);
    let stage = board.look(number).stage(unit);
    let Some(first) = stage.first() else {
        return;
    };
    if cfg!(debug_assertions) && run.verify != Verify::Failed {
        let units: Vec<UnitId> = stage.iter().map(|unit| unit.id).collect();
        invariants::check_start(plan, run, &board.state, &units).expect("the rules of the schedule hold");
    }
    let name = plan.name.clone();
    let talked = run.work_attempts().rev().find(|record| record.lane == lane);
    let talked = talked.and_then(|record| record.account.as_deref());
    let agent = agent_of(run, first).clone();
    let Choice::Account(account) = board.state.choose_account(&agent, &name, talked) else {
        return;
    };
    let sequence = u32::try_from(run.history.len())
        .unwrap_or(u32::MAX)
        .saturating_add(1);
    let tries = run.tries_of(Some(first.id), run.verify == Verify::Failed);
    let ticks = run.history.is_empty().then(|| plan.ticks());
    let assigned = Event::AttemptAssigned {
        plan: name.clone(),
        attempt: AttemptId::new(&name, sequence),
        number: tries.attempts + 1,
        agent,
        units: stage.iter().map(|unit| unit.id).collect(),
        lane,
        account,
        ticks,
    };
    board.record(at, assigned, step);
    launch(board, &name, lane, step);
}

fn launch(board: &mut Board, name: &PlanName, lane: u32, step: &mut Step) {
    let Some(plan) = board.plan_work(name) else {
        return;
    };
    let run = board.state.plan(name);
    let Some(attempt) = run.attempts.get(&lane) else {
        return;
    };
    let first = attempt.units.iter().find_map(|id| plan.unit(*id));
    let tries = run.tries_of(attempt.units.first().copied(), attempt.repair);
    let (conversation, after) = (
        conversation(run, lane, attempt).map(Box::new),
        after(run, &attempt.units, attempt.repair, Some(&attempt.id)),
    );
    // An agent that ended in order, and continues its conversation because of new messages, knows the earlier ones.
    let knows = conversation.is_some()
        && after
            .as_ref()
            .is_some_and(|after| after.cause == WhyAgain::Unread);
    let inbox = run.mail.to_units(&attempt.units);
    let inbox = inbox.take_while(|message| message.id <= attempt.told);
    let launch = Launch {
        plan: name.clone(),
        attempt: attempt.id.clone(),
        number: attempt.number,
        agent: attempt.agent.clone(),
        units: attempt.units.clone(),
        place: work_place(plan, run, lane, attempt),
        timeout: first.map_or(plan.attempts.timeout, |unit| unit.timeout),
        dependencies: dispatch::to_merge_in(plan, &attempt.units, &board.state),
        after,
        account: attempt.account.clone(),
        conversation,
        budget: board
            .state
            .number(name)
            .and_then(|number| left_of_budget(board, number)),
        seen: run.seen_by_agents().cloned(),
        inbox: inbox.cloned().collect(),
        told: run.mail.told,
        owed: tries.owed.clone(),
        repeated: if knows {
            BTreeSet::new()
        } else {
            tries.given.clone()
        },
    };
    let ask = Ask::Launch(attempt.id.clone());
    board.ask(ask, Effect::Launch(launch), step);
}

/// Creates worktrees before they are needed, for the plans that come next, up to twice the number of slots. So neither a
/// short plan nor an opening gate waits for a checkout. Work that could start now comes before work that still waits.
pub(in crate::schedule) fn make_worktrees(board: &mut Board, step: &mut Step) {
    let Some(base) = board.state.run.as_ref().map(|run| run.base.clone()) else {
        return;
    };
    let away = board.work.localities.executors.iter().map(|(_, slots)| *slots);
    let ahead = (board.work.slots + away.sum::<usize>()).saturating_mul(2);
    let missing = board
        .frontier
        .coming(ahead)
        .filter(|number| board.state.plans[*number].worktree().is_none());
    for number in missing.collect::<Vec<_>>() {
        let plan = board.work.plans[number].name.clone();
        let make = Effect::MakeWorktree {
            plan: plan.clone(),
            lane: 0,
            base: base.clone(),
        };
        board.ask(Ask::Worktree(plan, 0), make, step);
    }
}

/// Returns where an attempt works. When units have their own branches, the attempt works on its unit's branch, except to
/// repair failures of the plan's verification. A person works on the plan's branch, or on the unit's branch when agents have
/// already committed work there.
pub fn work_place(plan: &PlanWork, run: &PlanRun, lane: u32, attempt: &Attempt) -> WorkPlace {
    let by_hand = run
        .history_of(&attempt.id)
        .and_then(|record| record.exit.as_ref())
        == Some(&Exit::ByHand);
    let first: Option<UnitId> = attempt.units.first().copied();
    let on_plans = by_hand && !first.is_some_and(|unit| run.has_branch_work(unit));
    let own = plan.by_units() && !attempt.repair && !on_plans;
    WorkPlace {
        lane,
        branch_of: first.filter(|_| own),
        fresh: own && run.tries_of(first, false).fresh,
    }
}

/// Returns the queue place of a plan in line for a worktree, or `None` if the plan needs none soon. Called for plans in
/// which no agent works. A plan with no work left still needs a worktree to be verified and finished in.
fn wants_worktree(
    number: usize,
    plan: &PlanWork,
    run: &PlanRun,
    look: &Readiness<'_>,
    ready: &[usize],
    delayed: bool,
) -> Option<(bool, QueuePlace)> {
    let made = run.worktree().is_some();
    if run.verify == Verify::Running || (made && (delayed || look.all_done())) {
        return None;
    }
    let places = ready.iter().map(|unit| dispatch::place(number, *unit, plan, run));
    match places.min() {
        Some(place) => Some((false, place)),
        None => {
            let next = look.open().next();
            // A plan with no work left waits only for its worktree.
            Some((
                next.is_some(),
                dispatch::place(number, next.unwrap_or(0), plan, run),
            ))
        }
    }
}
