//! A schedule tried out: the work that is left, started in some order by the rules of [`super::starting`], with every
//! attempt ending well when it is expected to.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::outlook::Outlook;

/// The place of each job in an order; smaller goes first among work of one class.
pub(super) type Order = Vec<u32>;

/// What happens to a job or wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    /// Others may go on with what the job made.
    Reached(usize),
    /// A wait comes nearer.
    Nearer(usize),
    /// The attempt that began with the job gives back its slot.
    Ends(usize),
    /// An attempt under way, by its place, gives back its slot.
    Frees(usize),
    /// The job's delay is over.
    Due(usize),
}

/// One try; made once and used again and again.
#[derive(Debug, Clone)]
pub(super) struct Rollout<'o> {
    out: &'o Outlook,
    order: Order,
    now: u64,
    slots: usize,
    closed: Vec<usize>,
    need: Vec<usize>,
    begun: Vec<bool>,
    due: Vec<bool>,
    free: Vec<usize>,
    busy: Vec<usize>,
    locks: Vec<(usize, u32)>,
    events: BinaryHeap<Reverse<(u64, Happening)>>,
    ready: Vec<(u64, usize)>,
    /// What is ready of each plan in which one agent goes through the document.
    next: Vec<Option<(u64, usize)>>,
    /// Work of each plan that has not begun, and of all.
    left: Vec<u64>,
    all_left: u64,
    /// The ends of what holds a slot, added up.
    ends: u64,
    last: u64,
    /// Jobs begun, over all tries.
    pub steps: u64,
}

impl<'o> Rollout<'o> {
    pub fn new(out: &'o Outlook) -> Self {
        Self {
            out,
            order: Vec::new(),
            now: 0,
            slots: 0,
            closed: Vec::new(),
            need: Vec::new(),
            begun: Vec::new(),
            due: Vec::new(),
            free: Vec::new(),
            busy: Vec::new(),
            locks: Vec::new(),
            events: BinaryHeap::new(),
            ready: Vec::new(),
            next: Vec::new(),
            left: Vec::new(),
            all_left: 0,
            ends: 0,
            last: 0,
            steps: 0,
        }
    }

    /// When everything that can begin has ended, in milliseconds from now; none when that is later than `limit`.
    pub fn makespan(&mut self, order: &[u32], limit: u64) -> Option<u64> {
        self.begin(order);
        loop {
            while let Some(&Reverse((at, happening))) = self.events.peek() {
                if at > self.now {
                    break;
                }
                self.events.pop();
                self.happen(happening);
            }
            if !self.start(limit) {
                return None;
            }
            let Some(Reverse((at, _))) = self.events.peek() else {
                return Some(self.last);
            };
            self.now = *at;
        }
    }

    /// The jobs that could begin at once, were there room, when all that has ended is looked at.
    pub fn ready_now(&mut self, order: &[u32]) -> Vec<usize> {
        self.begin(order);
        while let Some(&Reverse((0, happening))) = self.events.peek() {
            self.events.pop();
            self.happen(happening);
        }
        self.ready.iter().map(|(_, job)| *job).collect()
    }

    fn begin(&mut self, order: &[u32]) {
        let out = self.out;
        self.order.clear();
        self.order.extend_from_slice(order);
        self.now = 0;
        self.slots = out.slots;
        self.closed.clone_from(&out.closed);
        self.need.clear();
        self.need.extend(out.waits.iter().map(|wait| wait.need));
        self.begun.clear();
        self.begun.resize(out.jobs.len(), false);
        self.due.clear();
        self.due.extend(out.jobs.iter().map(|job| job.release == 0));
        self.free.clone_from(&out.limits);
        self.busy.clear();
        self.busy.extend(out.plans.iter().map(|plan| plan.busy));
        self.locks.clear();
        self.events.clear();
        self.ready.clear();
        self.next.clear();
        self.next.resize(out.plans.len(), None);
        self.left.clear();
        self.left.resize(out.plans.len(), 0);
        (self.all_left, self.ends, self.last) = (0, 0, 0);
        for (place, running) in out.running.iter().enumerate() {
            let own = running.jobs.iter().map(|(job, _)| *job);
            for job in own {
                self.begun[job] = true;
            }
            if running.holds_slot {
                self.slots = self.slots.saturating_sub(1);
                for limit in running
                    .jobs
                    .first()
                    .into_iter()
                    .flat_map(|(job, _)| &out.jobs[*job].limits)
                {
                    self.free[*limit] = self.free[*limit].saturating_sub(1);
                }
                self.ends += running.end;
            }
            for (job, at) in &running.jobs {
                let own = &out.jobs[*job];
                self.locks
                    .extend(own.locks.iter().map(|lock| (running.plan, *lock)));
                self.events.push(Reverse((*at, Happening::Reached(*job))));
                for (after, wait) in &own.during {
                    let at = (*at + *after).saturating_sub(own.took);
                    self.events.push(Reverse((at, Happening::Nearer(*wait))));
                }
            }
            self.events.push(Reverse((running.end, Happening::Frees(place))));
        }
        for (job, own) in out.jobs.iter().enumerate() {
            if self.begun[job] || !own.able {
                continue;
            }
            self.left[own.plan] += own.took;
            self.all_left += own.took;
            if own.release > 0 {
                self.events.push(Reverse((own.release, Happening::Due(job))));
            }
            if self.closed[job] == 0 {
                self.open(job);
            }
        }
        for running in &out.running {
            if !out.plans[running.plan].by_units {
                for (job, _) in &running.jobs {
                    for wait in &out.jobs[*job].inside {
                        self.nearer(*wait);
                    }
                }
            }
        }
    }

    fn key(&self, job: usize) -> u64 {
        (u64::from(self.out.jobs[job].class) << 32) | u64::from(self.order[job])
    }

    fn insert(&mut self, entry: (u64, usize)) {
        let at = self.ready.partition_point(|other| *other < entry);
        self.ready.insert(at, entry);
    }

    /// Takes in that nothing is missing for a job.
    fn open(&mut self, job: usize) {
        let out = self.out;
        let own = &out.jobs[job];
        if self.begun[job] || !own.able || !self.due[job] {
            return;
        }
        if out.plans[own.plan].by_units {
            self.insert((self.key(job), job));
        } else {
            self.find_next(own.plan);
        }
    }

    /// Finds the first unit in the document that could begin, where one agent goes through it.
    fn find_next(&mut self, plan: usize) {
        let lanes = &self.out.plans[plan];
        let found = (self.busy[plan] == 0).then(|| {
            let mut jobs = lanes.jobs.clone();
            jobs.find(|job| {
                !self.begun[*job] && self.closed[*job] == 0 && self.due[*job] && self.out.jobs[*job].able
            })
        });
        let found = found.flatten().map(|job| (self.key(job), job));
        if found == self.next[plan] {
            return;
        }
        if let Some(before) = self.next[plan].take() {
            self.ready.retain(|entry| *entry != before);
        }
        if let Some(found) = found {
            self.insert(found);
        }
        self.next[plan] = found;
    }

    fn nearer(&mut self, wait: usize) {
        if self.need[wait] == 0 || self.need[wait] == usize::MAX {
            return;
        }
        self.need[wait] -= 1;
        if self.need[wait] > 0 {
            return;
        }
        let out = self.out;
        for job in &out.waits[wait].waiting {
            self.closed[*job] -= 1;
            if self.closed[*job] == 0 {
                self.open(*job);
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        let out = self.out;
        match happening {
            Happening::Reached(job) => {
                let own = &out.jobs[job];
                for wait in &own.outside {
                    self.nearer(*wait);
                }
                if out.plans[own.plan].by_units {
                    for wait in &own.inside {
                        self.nearer(*wait);
                    }
                }
            }
            Happening::Nearer(wait) => self.nearer(wait),
            Happening::Ends(job) => {
                self.free_slot(Some(job));
                self.leave(out.jobs[job].plan, &[job]);
            }
            Happening::Frees(place) => {
                let running = &out.running[place];
                let jobs: Vec<usize> = running.jobs.iter().map(|(job, _)| *job).collect();
                if running.holds_slot {
                    self.free_slot(jobs.first().copied());
                }
                self.leave(running.plan, &jobs);
            }
            Happening::Due(job) => {
                self.due[job] = true;
                if self.closed[job] == 0 {
                    self.open(job);
                }
            }
        }
    }

    fn free_slot(&mut self, first: Option<usize>) {
        self.slots += 1;
        self.ends -= self.now;
        for limit in first.into_iter().flat_map(|job| &self.out.jobs[job].limits) {
            self.free[*limit] += 1;
        }
    }

    /// An attempt of the plan is over.
    fn leave(&mut self, plan: usize, jobs: &[usize]) {
        for lock in jobs.iter().flat_map(|job| &self.out.jobs[*job].locks) {
            if let Some(held) = self.locks.iter().position(|held| *held == (plan, *lock)) {
                self.locks.swap_remove(held);
            }
        }
        self.busy[plan] -= 1;
        self.last = self.last.max(self.now);
        if !self.out.plans[plan].by_units {
            self.find_next(plan);
        }
    }

    /// Fills the slots; false when what is begun, or waits, cannot end by the limit.
    fn start(&mut self, limit: u64) -> bool {
        while self.slots > 0 {
            let found = self.ready.iter().position(|(_, job)| self.has_room(*job));
            let Some(found) = found else { break };
            let (_, job) = self.ready.remove(found);
            if !self.launch(job, limit) {
                return false;
            }
        }
        // All slots busy from now on, at best.
        let behind = self.ready.first().map_or(0, |_| self.all_left);
        let busy = self
            .ends
            .saturating_sub(self.now * (self.out.slots - self.slots) as u64);
        behind == 0 || self.now + (behind + busy) / self.out.slots.max(1) as u64 <= limit
    }

    fn has_room(&self, job: usize) -> bool {
        let own = &self.out.jobs[job];
        self.busy[own.plan] < self.out.plans[own.plan].most
            && own.limits.iter().all(|limit| self.free[*limit] > 0)
            && own
                .locks
                .iter()
                .all(|lock| !self.locks.contains(&(own.plan, *lock)))
    }

    fn launch(&mut self, first: usize, limit: u64) -> bool {
        let out = self.out;
        let own = &out.jobs[first];
        let lanes = &out.plans[own.plan];
        if lanes.most == 1 && self.now + self.left[own.plan] > limit {
            return false;
        }
        self.slots -= 1;
        self.busy[own.plan] += 1;
        for limit in &own.limits {
            self.free[*limit] -= 1;
        }
        self.locks.extend(own.locks.iter().map(|lock| (own.plan, *lock)));
        let mut at = self.now;
        let mut fits = true;
        self.next[own.plan] = None;
        for job in first..lanes.jobs.end {
            let unit = &out.jobs[job];
            if job != first {
                if self.begun[job] {
                    continue;
                }
                if lanes.by_units || unit.kind != own.kind || self.closed[job] > 0 || !unit.able {
                    break;
                }
            }
            self.begun[job] = true;
            self.steps += 1;
            self.left[own.plan] -= unit.took;
            self.all_left -= unit.took;
            for (after, wait) in &unit.during {
                self.events.push(Reverse((at + after, Happening::Nearer(*wait))));
            }
            at += unit.took;
            fits &= at + unit.tail <= limit;
            self.events.push(Reverse((at, Happening::Reached(job))));
            if !lanes.by_units {
                for wait in &unit.inside {
                    self.nearer(*wait);
                }
            }
        }
        self.next[own.plan] = None;
        self.ends += at;
        self.events.push(Reverse((at, Happening::Ends(first))));
        fits
    }
}
