//! The settings and the result of a simulation.

use crate::plan::{AttemptId, PlanName, Report, TaskId, UnitId};

use crate::schedule::board::effect::Ending;
use crate::schedule::event::exit::Exit;
use crate::schedule::event::fact::Event;
use crate::schedule::train::TrainAnswer;
use crate::schedule::work::plans::{PlanWork, Work};

/// The world in which the work is simulated. The same seed gives the same world, whatever the order of work.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulationSettings {
    /// The seed.
    pub seed: u64,
    /// How far durations deviate from the expected ones. Each duration is the expected one times `e^N(0, noise)`.
    pub noise: f64,
    /// The percentage of attempts that fail at a random moment before their end.
    pub failures: f64,
    /// The percentage of attempts that take [`Self::STRAGGLER`] times as long.
    pub stragglers: f64,
    /// The time that is not an agent's work.
    pub overheads: Overheads,
}

/// Milliseconds of everything that is not an agent's work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overheads {
    /// Making a worktree.
    pub worktree: u64,
    /// Starting an agent.
    pub start: u64,
    /// Inspecting the work of an attempt.
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
        }
    }
}

/// The result of a simulation. Times are milliseconds since the start.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// When the last agent ended.
    pub makespan: u64,
    /// The time that no schedule of the same attempts could beat; see [`crate::schedule::lower_bound`].
    pub lower_bound: u64,
    /// Time that slots were free, summed over the slots, up to the makespan.
    pub idle_slot: u64,
    /// How many tasks and checks were done.
    pub tasks: usize,
    /// How many tasks and checks were to be done.
    pub tasks_in_all: usize,
    /// Every attempt, in the order of starting.
    pub spans: Vec<Span>,
    /// How the run ended. `None` is a bug: nothing was under way, and the run had not ended.
    pub ending: Option<Ending>,
    /// Inputs that were handled.
    pub inputs: u64,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The plan's index in the manifest.
    pub plan: usize,
    /// Its units.
    pub units: Vec<UnitId>,
    /// Which slot it took, from 0.
    pub slot: usize,
    /// When its agent started.
    pub from: u64,
    /// When it ended.
    pub to: u64,
    /// True when it failed.
    pub failed: bool,
    /// True when it failed because its time ran out.
    pub timed_out: bool,
    /// Its expected duration and its time-out, if the time-out is shorter.
    pub too_long: Option<TooLong>,
    /// The moment that let it start, `None` if nothing had to happen before.
    pub after: Option<WaitedMoment>,
}

/// An attempt that is expected to take longer than its time-out. In milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// Its expected duration.
    pub expected: u64,
    /// Its time-out.
    pub limit: u64,
}

/// The moment in an attempt that others waited for: its end, or a task of it while it continued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitedMoment {
    /// The index of the attempt among the spans.
    pub span: usize,
    /// When it happened.
    pub at: u64,
}

impl Simulation {
    /// How close the run is to the best possible: the lower bound divided by the makespan; 1 for no work at all.
    pub fn efficiency(&self) -> f64 {
        if self.makespan == 0 {
            return 1.0;
        }
        self.lower_bound as f64 / self.makespan as f64
    }

    /// The attempts that decided when everything ended, from the first to the last. Each let the next one start: its end freed a
    /// slot or was waited for, or a task that it had done was waited for.
    pub fn critical(&self) -> Vec<usize> {
        let last = (0..self.spans.len()).max_by_key(|span| self.spans[*span].to);
        let before = |span: &usize| self.spans[*span].after.map(|cause| cause.span);
        let mut path: Vec<usize> = std::iter::successors(last, before).collect();
        path.reverse();
        path
    }
}

/// A coming event of a simulation.
#[derive(Debug)]
pub(in crate::schedule) enum Happening {
    Answer(Event),
    Train(TrainAnswer),
    Report {
        span: usize,
        plan: usize,
        lane: u32,
        task: TaskId,
    },
    End {
        span: usize,
        plan: PlanName,
        attempt: AttemptId,
        exit: Exit,
    },
    Wake,
}

/// How many tasks of the unit the document has unticked, and which of those tasks are still open.
pub(in crate::schedule) fn open_tasks(
    plan: &PlanWork,
    unit: UnitId,
    settled: impl Fn(TaskId) -> bool,
) -> (usize, Vec<TaskId>) {
    match unit {
        UnitId::Task(task) => (1, vec![task]),
        UnitId::Phase(phase) => {
            let tasks = plan.phase(phase).map_or(&[][..], |phase| &phase.tasks);
            let unticked = tasks.iter().filter(|(_, ticked)| !ticked);
            let open = unticked
                .clone()
                .map(|(task, _)| *task)
                .filter(|task| !settled(*task));
            (unticked.count(), open.collect())
        }
    }
}

/// Lets simulated agents make commits, and report only what others may wait for.
pub(in crate::schedule) fn of_quiet_agents(mut work: Work) -> Work {
    let units = work.plans.iter_mut().flat_map(|plan| &mut plan.units);
    units.for_each(|unit| unit.report = Report::Auto);
    work
}
