//! What a simulation is asked, and what it found.

use crate::plan::UnitId;

use super::{Ending, Scheduler};

/// In what world the work is simulated. The same seed gives the same world whatever the order of work.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulationSettings {
    /// What chance is drawn from.
    pub seed: u64,
    /// How far durations are off from what is expected: each is the expected one times `e^N(0, noise)`.
    pub noise: f64,
    /// Attempts of a hundred that fail at a random moment before their end.
    pub failures: f64,
    /// Attempts of a hundred that take [`Self::STRAGGLER`] times as long.
    pub stragglers: f64,
    /// What is not an agent's work.
    pub overheads: Overheads,
    /// Starts of units that are tried at each look ahead; 0 is the rule alone.
    pub effort: u64,
}

/// Milliseconds of everything that is not an agent's work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overheads {
    /// Making a worktree.
    pub worktree: u64,
    /// Starting an agent.
    pub start: u64,
    /// Looking at what an attempt left.
    pub check: u64,
    /// Merging the commits of an attempt into its plan's branch.
    pub integrate: u64,
    /// Pinning a commit.
    pub pin: u64,
    /// Verifying a plan.
    pub verify: u64,
    /// Landing a plan.
    pub merge: u64,
}

impl SimulationSettings {
    /// How many times as long a straggler takes.
    pub const STRAGGLER: u64 = 4;
}

impl Default for SimulationSettings {
    /// A world in which everything goes as expected and only agents take time.
    fn default() -> Self {
        Self {
            seed: 1,
            noise: 0.0,
            failures: 0.0,
            stragglers: 0.0,
            overheads: Overheads::default(),
            effort: Scheduler::EFFORT,
        }
    }
}

/// How it went. Times are milliseconds since the start.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// When the last agent ended.
    pub makespan: u64,
    /// What no schedule of the same attempts could beat; see [`super::lower_bound`].
    pub lower_bound: u64,
    /// Time that slots were free, summed over the slots, up to the makespan.
    pub idle_slot: u64,
    /// How many tasks and checks were done.
    pub tasks: usize,
    /// How many were to be done.
    pub tasks_in_all: usize,
    /// Every attempt, in the order of starting.
    pub spans: Vec<Span>,
    /// How the run ended; none when nothing was under way and it had not ended, which is a bug.
    pub ending: Option<Ending>,
    /// Inputs that were handled.
    pub inputs: u64,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The plan's place in the manifest.
    pub plan: usize,
    /// What it was given.
    pub units: Vec<UnitId>,
    /// Which slot it took, from 0.
    pub slot: usize,
    /// When its agent started.
    pub from: u64,
    /// When it ended.
    pub to: u64,
    /// True when it failed.
    pub failed: bool,
}

impl Simulation {
    /// How close to the best possible: the lower bound divided by the makespan; 1 for no work at all.
    pub fn efficiency(&self) -> f64 {
        if self.makespan == 0 {
            return 1.0;
        }
        self.lower_bound as f64 / self.makespan as f64
    }

    /// The attempts that decided when everything ended, from the first to the last: each is the one that ended latest
    /// before the next one began, one of the same plan or slot rather than another.
    pub fn critical(&self) -> Vec<usize> {
        let mut by_end: Vec<usize> = (0..self.spans.len()).collect();
        by_end.sort_by_key(|span| self.spans[*span].to);
        let mut path: Vec<usize> = by_end.last().copied().into_iter().collect();
        while let Some(&at) = path.last() {
            let here = &self.spans[at];
            let before = by_end.partition_point(|span| self.spans[*span].to <= here.from);
            let Some(latest) = before.checked_sub(1).map(|last| self.spans[by_end[last]].to) else {
                break;
            };
            let same = by_end[..before].iter().rev();
            let same = same.take_while(|span| self.spans[**span].to == latest);
            let near = |span: &usize| {
                let other = &self.spans[*span];
                (other.plan == here.plan, other.slot == here.slot)
            };
            match same
                .copied()
                .filter(|span| self.spans[*span].from < here.from)
                .max_by_key(near)
            {
                Some(next) => path.push(next),
                None => break,
            }
        }
        path.reverse();
        path
    }
}
