//! When each open unit would be done: list scheduling of the open work on the available slots.
//!
//! The rule is that of the real scheduler without its tie-breakers. Whenever a slot is free, the ready unit of the highest
//! priority begins, and among units of equal priority the one with the longest path behind it (R. L. Graham, "Bounds on
//! multiprocessing timing anomalies", 1969).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::open_work::OpenWork;
use crate::schedule::work::plans::Work;

/// Milliseconds from now until each unit of the open work is done, `None` for units that cannot be done without a person. `left`
/// is how long each unit takes.
pub(in crate::schedule) fn timetable(work: &Work, open: &OpenWork, left: &[u64]) -> Vec<Option<u64>> {
    Table::new(work, open, left).fill()
}

struct Table<'a> {
    work: &'a Work,
    open: &'a OpenWork,
    left: &'a [u64],
    done: Vec<Option<u64>>,
    /// How many gates of each unit are shut.
    shut: Vec<usize>,
    /// The gates of which each unit is a member, as pairs of waiting unit and gate.
    member_of: Vec<Vec<(usize, usize)>>,
    /// How many members each gate still needs.
    needs: Vec<Vec<usize>>,
    /// Ready units, in the order in which they begin.
    ready: Vec<usize>,
    /// Units at open gates that wait for a moment, by that moment.
    later: BinaryHeap<Reverse<(u64, usize)>>,
    running: BinaryHeap<Reverse<(u64, usize)>>,
    lanes: Vec<usize>,
    agents: BTreeMap<&'a str, usize>,
    slots: usize,
}

impl<'a> Table<'a> {
    fn new(work: &'a Work, open: &'a OpenWork, left: &'a [u64]) -> Self {
        let count = open.units.len();
        let mut table = Self {
            work,
            open,
            left,
            done: vec![None; count],
            shut: open.units.iter().map(|unit| unit.gates.len()).collect(),
            member_of: vec![Vec::new(); count],
            needs: Vec::with_capacity(count),
            ready: Vec::new(),
            later: BinaryHeap::new(),
            running: BinaryHeap::new(),
            lanes: vec![0; work.plans.len()],
            agents: BTreeMap::new(),
            slots: work.all_slots(),
        };
        for (at, unit) in open.units.iter().enumerate() {
            table
                .needs
                .push(unit.gates.iter().map(|gate| gate.need).collect());
            for (gate, waits) in unit.gates.iter().enumerate() {
                for member in &waits.of {
                    table.member_of[*member].push((at, gate));
                }
            }
        }
        for (at, unit) in open.units.iter().enumerate() {
            if unit.at_work {
                table.begin(at, 0);
            } else if unit.gates.is_empty() {
                table.make_ready(at, 0);
            }
        }
        table
    }

    fn fill(mut self) -> Vec<Option<u64>> {
        let mut now = 0;
        loop {
            self.start(now);
            let end = self.running.peek().map(|Reverse((end, _))| *end);
            match self.later.peek() {
                Some(&Reverse((due, unit))) if end.is_none_or(|end| due <= end) => {
                    self.later.pop();
                    now = due;
                    self.make_ready(unit, due);
                }
                _ => {
                    let Some(Reverse((end, unit))) = self.running.pop() else {
                        return self.done;
                    };
                    now = end;
                    self.finish(unit, end);
                }
            }
        }
    }

    /// Begins the ready units for which there is capacity.
    fn start(&mut self, now: u64) {
        let mut at = 0;
        while self.running.len() < self.slots && at < self.ready.len() {
            if self.fits(self.ready[at]) {
                let unit = self.ready.remove(at);
                self.begin(unit, now);
            } else {
                at += 1;
            }
        }
    }

    fn fits(&self, unit: usize) -> bool {
        let number = self.open.units[unit].plan;
        let plan = &self.work.plans[number];
        let lanes = if plan.by_units() { plan.lanes } else { 1 };
        let agent = &plan.units[self.open.units[unit].place].agent;
        let agents = self.agents.get(agent.as_str()).copied().unwrap_or(0);
        let most = self.work.agent_limits.get(agent).copied().unwrap_or(usize::MAX);
        self.lanes[number] < lanes.max(1) && agents < most
    }

    fn begin(&mut self, unit: usize, now: u64) {
        let Owner { plan, agent } = self.owner(unit);
        self.lanes[plan] += 1;
        *self.agents.entry(agent).or_default() += 1;
        self.running.push(Reverse((now + self.left[unit], unit)));
    }

    fn finish(&mut self, unit: usize, end: u64) {
        self.done[unit] = Some(end);
        let Owner { plan, agent } = self.owner(unit);
        self.lanes[plan] -= 1;
        if let Some(running) = self.agents.get_mut(agent) {
            *running -= 1;
        }
        for (waiting, gate) in std::mem::take(&mut self.member_of[unit]) {
            let need = &mut self.needs[waiting][gate];
            if *need == 0 {
                continue;
            }
            *need -= 1;
            if *need == 0 {
                self.shut[waiting] -= 1;
                if self.shut[waiting] == 0 {
                    self.make_ready(waiting, end);
                }
            }
        }
        self.go_on_with(plan);
    }

    /// An agent that has the whole plan goes on with it before another plan begins.
    fn go_on_with(&mut self, plan: usize) {
        if !self.work.plans[plan].by_units() {
            let own = |unit: &usize| self.open.units[*unit].plan == plan;
            if let Some(at) = self.ready.iter().position(own) {
                self.ready[..=at].rotate_right(1);
            }
        }
    }

    fn make_ready(&mut self, unit: usize, now: u64) {
        let open = &self.open.units[unit];
        if open.needs_person || open.at_work {
            return;
        }
        if open.rests > now {
            self.later.push(Reverse((open.rests, unit)));
            return;
        }
        let order = |unit: &usize| {
            let open = &self.open.units[*unit];
            let unit = &self.work.plans[open.plan].units[open.place];
            (
                Reverse(unit.priority),
                Reverse(unit.remaining),
                open.plan,
                open.place,
            )
        };
        let at = self.ready.partition_point(|other| order(other) < order(&unit));
        self.ready.insert(at, unit);
    }

    fn owner(&self, unit: usize) -> Owner<'a> {
        let open = &self.open.units[unit];
        Owner {
            plan: open.plan,
            agent: self.work.plans[open.plan].units[open.place].agent.as_str(),
        }
    }
}

/// The plan and the agent whose capacity a unit takes up.
struct Owner<'a> {
    plan: usize,
    agent: &'a str,
}
