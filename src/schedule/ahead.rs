//! Looking ahead: where the work that is left is small enough, the order among work of the same priority follows the best
//! schedule found for it, if that ends earlier than the rule's.
//!
//! What was found is kept until something happens that was not expected, so that it is followed and not merely found. It
//! can be thrown away at any time: then the rule decides, or the next look.

use std::collections::BTreeMap;

use super::Event;
use super::dispatch::Place;
use super::outlook::Outlook;
use super::rollout::{Order, Rollout};
use super::scheduler::Scheduler;
use super::search::{self, Found};

/// More open units than this are given out by the rule alone.
const AT_MOST: usize = 256;

/// What was found when the work that is left was last looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Ahead {
    /// Open units of each plan that has any, as last counted.
    open: BTreeMap<usize, usize>,
    open_in_all: usize,
    /// True when something may have changed what is to be expected.
    stale: bool,
    /// Another order than the rule's, as weights of units; larger goes first.
    weights: BTreeMap<(usize, usize), u64>,
    /// Units that are ready as soon as what has ended is looked at; none when that was not found out.
    soon: Option<Vec<(usize, usize)>>,
}

impl Ahead {
    /// Nothing was looked at yet.
    pub fn unknown(plans: usize) -> Self {
        Self {
            // Plans that were not looked at may have any number of open units.
            open_in_all: if plans == 0 { 0 } else { usize::MAX / 2 },
            stale: true,
            ..Self::default()
        }
    }

    /// What the unit weighs in the order; larger goes first.
    pub fn weight(&self, plan: usize, unit: usize, remaining: u64) -> u64 {
        self.weights.get(&(plan, unit)).copied().unwrap_or(remaining)
    }

    /// Takes in how many units of a plan are open.
    pub fn set_open(&mut self, plan: usize, open: usize) {
        if self.open_in_all >= usize::MAX / 2 {
            self.open_in_all = 0;
        }
        let before = if open == 0 {
            self.open.remove(&plan)
        } else {
            self.open.insert(plan, open)
        };
        self.open_in_all = self.open_in_all + open - before.unwrap_or(0);
    }

    /// Takes in an event: what goes as expected changes nothing.
    pub fn follow(&mut self, event: &Event) {
        self.stale |= !matches!(
            event,
            Event::AgentStarted { .. }
                | Event::AttemptAssigned { .. }
                | Event::AttemptChecked { .. }
                | Event::LegDone { .. }
                | Event::WorkMerged { .. }
                | Event::WorktreeCreated { .. }
                | Event::TaskStarted(_)
                | Event::TaskDone(_)
                | Event::PhaseDone { .. }
                | Event::Pinned { .. }
                | Event::PhaseVerify(_)
                | Event::VerifyStarted { .. }
                | Event::VerifyPassed { .. }
                | Event::PlanFinished { .. }
                | Event::MergeRequested { .. }
                | Event::MergeStarted { .. }
                | Event::MergeLanded { .. }
                | Event::MergeFailed { .. }
                | Event::Warning { .. }
        );
    }
}

impl Scheduler {
    /// Starts of units that are tried at one look, unless it is said otherwise: about a millisecond. Four times as many
    /// gave 0.001 more of the bound where plans are bound to one agent each, and nothing elsewhere.
    pub const EFFORT: u64 = 10_000;

    /// The same with so many starts of units tried at each look ahead; with none, the rule decides alone.
    #[must_use]
    pub fn with_effort(mut self, effort: u64) -> Self {
        self.effort = effort;
        self
    }

    /// Looks ahead, when that may change who gets a free slot.
    pub(super) fn look_ahead(&mut self) {
        if !self.frontier.ahead.stale {
            return;
        }
        let choice = self.state.open_attempts().count() < self.work.slots;
        if !choice {
            return;
        }
        self.frontier.ahead.stale = false;
        self.frontier.ahead.soon = None;
        if self.frontier.ahead.open_in_all > AT_MOST {
            return;
        }
        let plans: Vec<usize> = self.frontier.ahead.open.keys().copied().collect();
        let out = Outlook::new(self, plans.iter().copied());
        let mut rollout = Rollout::new(&out);
        let rule = out.rule();
        let ready = rollout.ready_now(&rule);
        let unit = |job: usize| (out.plans[out.jobs[job].plan].number, out.jobs[job].unit);
        self.frontier.ahead.soon = Some(ready.iter().copied().map(unit).collect());
        if ready.len() < 2 || self.effort == 0 {
            return;
        }
        let Some(makespan) = rollout.makespan(&rule, u64::MAX) else {
            return;
        };
        let by_rule = Found {
            order: rule,
            makespan,
        };
        let mut known = by_rule.clone();
        if !self.frontier.ahead.weights.is_empty() {
            let order = self.kept(&out);
            if let Some(makespan) = rollout.makespan(&order, makespan.saturating_sub(1)) {
                known = Found { order, makespan };
            }
        }
        let seed = out.jobs.len() as u64;
        let found = search::improve(&out, &mut rollout, known, self.effort, seed);
        let last = out.jobs.len() as u64;
        let weight = |order: &Order, job: usize| last - u64::from(order[job]);
        let mut weights = BTreeMap::new();
        if found.makespan < by_rule.makespan {
            weights.extend((0..out.jobs.len()).map(|job| (unit(job), weight(&found.order, job))));
        }
        if weights != self.frontier.ahead.weights {
            self.frontier.ahead.weights = weights;
            for plan in plans {
                self.refresh(self.state.now, plan);
            }
        }
    }

    /// The order that was kept, for the jobs that are left.
    fn kept(&self, out: &Outlook) -> Order {
        let ahead = &self.frontier.ahead;
        let mut jobs: Vec<usize> = (0..out.jobs.len()).collect();
        jobs.sort_by_key(|job| {
            let own = &out.jobs[*job];
            let unit = (out.plans[own.plan].number, own.unit);
            (
                std::cmp::Reverse(ahead.weights.get(&unit).copied().unwrap_or(0)),
                own.rule,
            )
        });
        let mut order = vec![0; jobs.len()];
        for (place, job) in jobs.into_iter().enumerate() {
            order[job] = place as u32;
        }
        order
    }

    /// The places of what was found to be ready as soon as what has ended is looked at, and is not yet.
    pub(super) fn soon(&self) -> Option<Vec<Place>> {
        let soon = self.frontier.ahead.soon.as_ref()?;
        let looked_at = self
            .state
            .all_attempts()
            .any(|(_, _, attempt)| !attempt.stage.holds_slot());
        if !looked_at && self.frontier.pinning.is_empty() {
            return Some(Vec::new());
        }
        let comes = |(plan, unit): &&(usize, usize)| {
            let (work, run) = (&self.work.plans[*plan], &self.state.plans[*plan]);
            let id = work.units[*unit].id;
            let room = run.attempts.len() < self.machine.lanes(work, run);
            let open = !run.is_worked_on(id) && !run.is_unit_settled(id);
            open && !(room && self.look(*plan).ready(self.state.now).contains(unit))
        };
        let keys = soon.iter().filter(comes);
        Some(keys.map(|(plan, unit)| self.place_of(*plan, *unit)).collect())
    }
}
