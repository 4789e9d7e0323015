//! The work that is left, as it is expected to go: every open unit with what it takes and waits for, in arrays that a
//! schedule can be tried on ([`super::rollout`]).
//!
//! It is made from the state ([`super::outlook_draft`]) and thrown away. Only expected durations enter; what a person has
//! to do first, and what waits for that, never begins here.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::plan::Priority;

use super::rollout::Order;
use super::scheduler::Scheduler;

/// An open unit.
#[derive(Debug, Clone)]
pub(super) struct Job {
    /// Its plan, by its place in [`Outlook::plans`].
    pub plan: usize,
    /// Its place in [`PlanWork::units`].
    pub unit: usize,
    /// Expected milliseconds.
    pub took: u64,
    /// Expected milliseconds between its end and the end of everything behind it, at the least.
    pub tail: u64,
    /// Its effective priority, and whether it is new work: what no order may change.
    pub key: (Reverse<Priority>, bool),
    /// The same as a number; smaller goes first.
    pub class: u32,
    /// Not before this moment, in milliseconds from now.
    pub release: u64,
    /// False for what never begins of itself.
    pub able: bool,
    /// Units that one agent process may be given in a row have the same.
    pub kind: usize,
    /// Limits it counts against, as places in [`Outlook::limits`].
    pub limits: Vec<usize>,
    /// Files, as numbers within its plan.
    pub locks: Vec<u32>,
    /// Waits that its end brings nearer: inside its plan, and in others.
    pub inside: Vec<usize>,
    pub outside: Vec<usize>,
    /// The same for what is reached on the way: after so many milliseconds.
    pub during: Vec<(u64, usize)>,
    /// Its place in the order of the rule.
    pub rule: u32,
}

/// A plan with open units.
#[derive(Debug, Clone)]
pub(super) struct Lanes {
    /// Its place in the manifest.
    pub number: usize,
    /// How many units at once.
    pub most: usize,
    /// How many are at work.
    pub busy: usize,
    /// False when one agent goes through the document.
    pub by_units: bool,
    /// Its jobs, in document order.
    pub jobs: std::ops::Range<usize>,
}

/// Something that waits: how many ends are missing, and which jobs wait for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Missing {
    pub need: usize,
    pub members: usize,
    pub waiting: Vec<usize>,
}

/// An attempt under way.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub plan: usize,
    /// Its jobs with the moments at which they end, in milliseconds from now.
    pub jobs: Vec<(usize, u64)>,
    /// When all of it ends.
    pub end: u64,
    /// False when only its remains are looked at.
    pub holds_slot: bool,
}

/// The work that is left.
#[derive(Debug, Clone, Default)]
pub(super) struct Outlook {
    pub slots: usize,
    pub jobs: Vec<Job>,
    pub plans: Vec<Lanes>,
    pub waits: Vec<Missing>,
    /// How many waits of each job are closed.
    pub closed: Vec<usize>,
    pub running: Vec<Running>,
    /// How many may still be taken of each limit, were nothing at work.
    pub limits: Vec<usize>,
}

impl Outlook {
    /// The order of the rule: classes apart, the longest remaining path first, then manifest, then document.
    pub fn rank(&mut self, scheduler: &Scheduler) {
        let mut order: Vec<usize> = (0..self.jobs.len()).collect();
        order.sort_by_key(|job| {
            let job = &self.jobs[*job];
            let number = self.plans[job.plan].number;
            let remaining = scheduler.work.plans[number].units[job.unit].remaining;
            (Reverse(remaining), number, job.unit)
        });
        let keys: BTreeSet<_> = self.jobs.iter().map(|job| job.key).collect();
        let keys: Vec<_> = keys.into_iter().collect();
        for job in &mut self.jobs {
            job.class = keys.binary_search(&job.key).map_or(0, |class| class as u32);
        }
        for (place, job) in order.into_iter().enumerate() {
            self.jobs[job].rule = place as u32;
        }
    }

    /// The order of the rule, for rollouts.
    pub fn rule(&self) -> Order {
        self.jobs.iter().map(|job| job.rule).collect()
    }

    /// Hands what comes behind to what it waits for, from the last back. A wait that can end without a member is nothing
    /// that has to come behind it.
    pub fn add_tails(&mut self) {
        let mut before: Vec<usize> = vec![0; self.jobs.len()];
        let all = |wait: &Missing| wait.need >= wait.members;
        for job in &self.jobs {
            let waits = job.inside.iter().chain(&job.outside);
            for wait in waits.map(|wait| &self.waits[*wait]).filter(|wait| all(wait)) {
                for waiter in &wait.waiting {
                    before[*waiter] += 1;
                }
            }
        }
        let mut order: Vec<usize> = (0..before.len()).filter(|job| before[*job] == 0).collect();
        let mut next = 0;
        while let Some(&job) = order.get(next) {
            next += 1;
            let waits = self.jobs[job].inside.iter().chain(&self.jobs[job].outside);
            for wait in waits.map(|wait| &self.waits[*wait]).filter(|wait| all(wait)) {
                for waiter in &wait.waiting {
                    before[*waiter] -= 1;
                    if before[*waiter] == 0 {
                        order.push(*waiter);
                    }
                }
            }
        }
        for &job in order.iter().rev() {
            let waits = self.jobs[job].inside.iter().chain(&self.jobs[job].outside);
            let waiters = waits.map(|wait| &self.waits[*wait]).filter(|wait| all(wait));
            let behind = waiters
                .flat_map(|wait| &wait.waiting)
                .map(|waiter| &self.jobs[*waiter]);
            let behind = behind.filter(|job| job.able).map(|job| job.took + job.tail);
            self.jobs[job].tail = behind.max().unwrap_or(0);
        }
    }
}
