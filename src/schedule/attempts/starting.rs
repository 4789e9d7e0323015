//! Giving free slots to ready work, and making worktrees ahead of that.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::plan::{AttemptId, PlanName, UnitId, WorkRef};

use crate::schedule::board::ask::Ask;
use crate::schedule::board::effect::Effect;
use crate::schedule::board::effect::{Launch, WorkPlace};
use crate::schedule::drive::scheduler::{Scheduler, Step};
use crate::schedule::event::at::At;
use crate::schedule::event::exit::Exit;
use crate::schedule::event::fact::Event;
use crate::schedule::ready::dispatch;
use crate::schedule::ready::dispatch::{Key, Limit, Place, Room};
use crate::schedule::ready::invariants;
use crate::schedule::ready::readiness::Readiness;
use crate::schedule::state::after::after;
use crate::schedule::state::attempt::{Attempt, Stage};
use crate::schedule::state::known::Phase;
use crate::schedule::state::parking::{Choice, conversation};
use crate::schedule::state::plan_run::{PlanRun, Verify};
use crate::schedule::work::plans::PlanWork;

impl Scheduler {
    /// Finds out again what is ready of a plan.
    pub(in crate::schedule) fn refresh(&mut self, at: At, number: usize) {
        self.standing(number);
        let plan = &self.work.plans[number];
        let run = &self.state.plans[number];
        let driven = self.state.drives(&plan.name)
            && run.is_open()
            && self.state.phase == Phase::Driving
            && !self.is_merge_only();
        let mut ready: Vec<(usize, Place)> = Vec::new();
        let mut coming = None;
        let mut timer = None;
        if driven {
            timer = run.next_time(at);
            timer = [timer, self.reopening(number)].into_iter().flatten().min();
            let look = self.look(number);
            let units = if self.is_broke(number) {
                Vec::new()
            } else {
                look.ready(at)
            };
            if run.attempts.is_empty() {
                coming = comes(number, plan, run, &look, &units, timer.is_some());
            }
            if run.attempts.len() < self.machine.lanes(plan, run) {
                for unit in units {
                    let own = &plan.units[unit];
                    let class = self.frontier.class(&own.agent, &own.uses);
                    let place = dispatch::place(number, unit, plan, run);
                    match ready.iter_mut().find(|(known, _)| *known == class) {
                        Some((_, best)) => *best = (*best).min(place),
                        None => ready.push((class, place)),
                    }
                }
            }
        }
        self.frontier.timers.set(number, timer);
        self.frontier.set_coming(number, coming);
        self.frontier.set_ready(number, ready);
    }

    /// Looks at a plan, with what is known about it already.
    pub(in crate::schedule) fn look(&self, number: usize) -> Readiness<'_> {
        let (plan, run) = (&self.work.plans[number], &self.state.plans[number]);
        match &self.frontier.standing[number] {
            Some(standing) => Readiness::known(plan, run, &self.state, standing),
            None => Readiness::new(plan, run, &self.state),
        }
    }

    /// Gives free slots to ready work in order.
    pub(in crate::schedule) fn start_agents(&mut self, at: At, step: &mut Step) {
        self.start_assigned(step);
        let mut room = Room::left(&self.work, &self.state);
        if room.slots == 0 {
            return;
        }
        let expected = self.expected();
        let (mut refused, mut passed) = (BTreeSet::new(), BTreeSet::new());
        while room.slots > 0 {
            let Some(candidate) = self.frontier.first(&refused, &passed) else {
                return;
            };
            let number = candidate.plan();
            let unit = &self.work.plans[number].units[candidate.unit()];
            match room.refusal(&self.work, unit) {
                Some(Limit::Slots(_)) => return,
                Some(Limit::Agent(..) | Limit::Resource(_)) => {
                    refused.insert(candidate.class);
                    continue;
                }
                None => {}
            }
            let better = expected.iter().filter(|place| **place < candidate.place).count();
            if room.slots <= better {
                return;
            }
            match self.free_lane(number) {
                Some(lane) => {
                    room.take(unit);
                    self.assign(at, number, candidate.unit(), lane, step);
                    self.refresh(at, number);
                }
                None => {
                    self.keep_room(number, candidate.unit(), &mut room, step);
                    passed.insert(number);
                }
            }
        }
    }

    /// The places of work that comes as soon as something under way is answered. To look at what an agent left, to merge
    /// it and to pin it takes a moment, and what would be started in that moment may keep the slot for hours.
    fn expected(&self) -> Vec<Place> {
        // But nobody keeps a slot for what is verified first.
        let verified = |name: &PlanName, attempt: &Attempt| self.is_verifying(name, attempt);
        let ended = self.state.all_attempts();
        let ended = ended.filter(|(_, _, attempt)| !attempt.stage.holds_slot());
        let ended = ended.filter(|(name, _, attempt)| !verified(name, attempt));
        let behind = ended.filter_map(|(name, _, attempt)| {
            let unit = self.plan_work(name)?.unit(*attempt.units.last()?)?;
            let behind = unit.remaining.saturating_sub(unit.expected);
            (behind > 0).then_some((Reverse(unit.priority), true, Reverse(behind)))
        });
        let keys = behind.chain(self.frontier.pinning.values().copied());
        // Which unit it will be is not known; what is ready goes before what is merely equal.
        keys.map(|key| (key.0, key.1, key.2, usize::MAX, usize::MAX))
            .chain(self.cut_short())
            .collect()
    }

    /// The places of what is begun again as soon as it is known what an agent left that was cut short, as by a power cut: work
    /// that was begun goes before work that never was.
    fn cut_short(&self) -> impl Iterator<Item = Place> {
        let is_cut = |attempt: &Attempt| match &attempt.stage {
            Stage::Ended(exit) | Stage::Checked(exit, _) => matches!(exit, Exit::Lost | Exit::Stopped),
            Stage::Assigned | Stage::Running => false,
        };
        let cut = self.state.all_attempts();
        let cut = cut.filter(move |(_, _, attempt)| is_cut(attempt));
        // Nobody keeps a slot for what is verified first.
        let cut = cut.filter(|(name, _, attempt)| !self.is_verifying(name, attempt));
        cut.filter_map(|(name, _, attempt)| {
            let number = self.state.number(name)?;
            let unit = self.work.plans[number].unit_place(*attempt.units.first()?)?;
            let place = self.place_of(number, unit);
            Some((place.0, false, place.2, place.3, place.4))
        })
    }

    /// The place of the first unit that waits for this point of a plan and starts from its commit.
    pub(in crate::schedule) fn first_behind(&self, work: &WorkRef) -> Option<Key> {
        let behind = self.behind.get(work)?;
        // Where whole plans wait, what could begin in them decides.
        let whole = behind.plans.iter().flat_map(|number| {
            let standing = self.frontier.standing[*number].as_ref();
            let open = standing
                .into_iter()
                .flat_map(|standing| standing.open.iter().copied());
            open.map(|unit| (*number, unit))
        });
        let open = |(number, unit): &(usize, usize)| {
            let id = self.work.plans[*number].units[*unit].id;
            !self.state.plans[*number].is_unit_settled(id)
        };
        let units = behind.units.iter().copied().filter(open).chain(whole);
        let keys = units.map(|(number, unit)| dispatch::key(&self.place_of(number, unit)));
        keys.min()
    }

    /// The place of a unit.
    pub(in crate::schedule) fn place_of(&self, number: usize, unit: usize) -> Place {
        let (plan, run) = (&self.work.plans[number], &self.state.plans[number]);
        dispatch::place(number, unit, plan, run)
    }

    /// An attempt that was assigned before a restart and never started is started now.
    fn start_assigned(&mut self, step: &mut Step) {
        let assigned = self
            .state
            .all_attempts()
            .filter(|(_, _, attempt)| attempt.stage == Stage::Assigned)
            .filter(|(_, _, attempt)| !self.asked.contains(&Ask::Launch(attempt.id.clone())));
        let assigned: Vec<(PlanName, u32)> = assigned.map(|(name, lane, _)| (name.clone(), lane)).collect();
        for (name, lane) in assigned {
            self.launch(&name, lane, step);
        }
    }

    /// A worktree of the plan that is there and in which nobody works.
    fn free_lane(&self, number: usize) -> Option<u32> {
        let (plan, run) = (&self.work.plans[number], &self.state.plans[number]);
        let lanes = self.machine.lanes(plan, run);
        let mut made = run.worktrees.keys().copied();
        // Worktrees beyond today's number of lanes stay for better days.
        let usable = lanes.saturating_sub(run.attempts.len());
        made.find(|lane| usable > 0 && !run.attempts.contains_key(lane))
    }

    /// Asks for a worktree of the plan and keeps the room for what will work there: a checkout takes seconds, and what
    /// would run instead may take hours.
    fn keep_room(&mut self, number: usize, unit: usize, room: &mut Room, step: &mut Step) {
        let Some(base) = self.state.run.as_ref().map(|run| run.base.clone()) else {
            return;
        };
        let (plan, run) = (&self.work.plans[number], &self.state.plans[number]);
        let (name, repair) = (plan.name.clone(), run.verify == Verify::Failed);
        let lanes = self.machine.lanes(plan, run);
        let free = lanes.saturating_sub(run.attempts.len());
        let missing: Vec<u32> = if run.worktree().is_none() {
            vec![0]
        } else if repair {
            Vec::new()
        } else {
            let ready = self.look(number).ready(self.state.now).len();
            let lanes = u32::try_from(lanes).unwrap_or(u32::MAX);
            (1..lanes)
                .filter(|lane| !run.worktrees.contains_key(lane) && !run.lanes_refused.contains_key(lane))
                .take(free.min(ready))
                .collect()
        };
        for lane in missing {
            if room.slots == 0 {
                return;
            }
            room.take(&self.work.plans[number].units[unit]);
            let make = Effect::MakeWorktree {
                plan: name.clone(),
                lane,
                base: base.clone(),
            };
            self.ask(Ask::Worktree(name.clone(), lane), make, step);
        }
    }

    fn assign(&mut self, at: At, number: usize, unit: usize, lane: u32, step: &mut Step) {
        let (plan, run) = (&self.work.plans[number], &self.state.plans[number]);
        let leg = self.look(number).leg(unit);
        let Some(first) = leg.first() else {
            return;
        };
        if cfg!(debug_assertions) && run.verify != Verify::Failed {
            let units: Vec<UnitId> = leg.iter().map(|unit| unit.id).collect();
            invariants::check_start(plan, run, &self.state, &units);
        }
        let name = plan.name.clone();
        let talked = run.legs().rev().find(|record| record.lane == lane);
        let talked = talked.and_then(|record| record.account.as_deref());
        let Choice::Account(account) = self.state.choose_account(&first.agent, &name, talked) else {
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
            agent: first.agent.clone(),
            units: leg.iter().map(|unit| unit.id).collect(),
            lane,
            account,
            ticks,
        };
        self.record(at, assigned, step);
        self.launch(&name, lane, step);
    }

    fn launch(&mut self, name: &PlanName, lane: u32, step: &mut Step) {
        let Some(plan) = self.plan_work(name) else {
            return;
        };
        let run = self.state.plan(name);
        let Some(attempt) = run.attempts.get(&lane) else {
            return;
        };
        let first = attempt.units.iter().find_map(|id| plan.unit(*id));
        let launch = Launch {
            plan: name.clone(),
            attempt: attempt.id.clone(),
            number: attempt.number,
            agent: attempt.agent.clone(),
            units: attempt.units.clone(),
            place: work_place(plan, run, lane, attempt),
            timeout: first.map_or(plan.attempts.timeout, |unit| unit.timeout),
            carry: dispatch::carried(plan, &attempt.units, &self.state),
            after: after(run, &attempt.units, attempt.repair, Some(&attempt.id)),
            account: attempt.account.clone(),
            conversation: conversation(run, lane, attempt).map(Box::new),
            budget: self
                .state
                .number(name)
                .and_then(|number| self.left_of_budget(number)),
            inbox: run.inbox.iter().take(attempt.told as usize).cloned().collect(),
            told: run.told,
        };
        let ask = Ask::Launch(attempt.id.clone());
        self.ask(ask, Effect::Launch(launch), step);
    }

    /// Worktrees are made before they are needed: for the plans that come next, as many as two rounds of slots take, so
    /// that neither a short plan nor a gate that opens waits for a checkout. What could start now comes before what
    /// still waits.
    pub(in crate::schedule) fn make_worktrees(&mut self, step: &mut Step) {
        let Some(base) = self.state.run.as_ref().map(|run| run.base.clone()) else {
            return;
        };
        let ahead = self.work.slots.saturating_mul(2);
        let missing = self
            .frontier
            .coming(ahead)
            .filter(|number| self.state.plans[*number].worktree().is_none());
        for number in missing.collect::<Vec<_>>() {
            let plan = self.work.plans[number].name.clone();
            let make = Effect::MakeWorktree {
                plan: plan.clone(),
                lane: 0,
                base: base.clone(),
            };
            self.ask(Ask::Worktree(plan, 0), make, step);
        }
    }
}

/// Where an attempt works: on a branch of its own when units go their own ways, except to mend what the verification of
/// the whole plan found. A person works on the plan's, or completes what agents have begun on the unit's.
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

/// Whether a plan that nobody works on wants a worktree soon, and its place among those that do. One with nothing left
/// to do needs it to be verified and finished in.
fn comes(
    number: usize,
    plan: &PlanWork,
    run: &PlanRun,
    look: &Readiness<'_>,
    ready: &[usize],
    delayed: bool,
) -> Option<(bool, Place)> {
    let made = run.worktree().is_some();
    if run.verify == Verify::Running || (made && (delayed || look.all_done())) {
        return None;
    }
    let places = ready.iter().map(|unit| dispatch::place(number, *unit, plan, run));
    match places.min() {
        Some(place) => Some((false, place)),
        None => {
            let next = look.open().next();
            // One with nothing left to do waits for nothing but its worktree.
            Some((
                next.is_some(),
                dispatch::place(number, next.unwrap_or(0), plan, run),
            ))
        }
    }
}
