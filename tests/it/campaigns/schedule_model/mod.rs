//! The scheduler against random plans in a random world: agents fail, vanish and report late, answers come twice and in
//! any order, and the supervisor crashes. Every step is checked by the scheduler's own oracle (debug builds), and every
//! run by what is written here. A failure prints its seed; `ORCH_MODEL_SEED=N` replays it and `ORCH_MODEL_RUNS=N` sets
//! how many are tried.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use orch::graph::{Counts, Gates, UnitWaits, Why};
use orch::plan::{
    AttemptId, AttemptPolicy, CommitId, Dependency, Dispatch, Escalate, OnStall, PhaseId, PlanName,
    PlanState, Point, Priority, Report, RunId, Speaker, Statement, TaskId, TaskState, UnitId, Waiting,
    WorkRef,
};
use orch::schedule::train::{BuildId, Order, TrainAnswer, TrainSettings, Tried, Verdict};
use orch::schedule::{
    AgentStart, AgentSubmit, AgentUsage, AgentWork, At, Effect, Ending, Event, Evidence, Exit, Facts, Failed,
    FilesInTurn, Heads, Hold, Input, LaneNote, Launch, LaunchTrouble, Localities, Locality, Lost, Machine,
    MergeTrouble, Obstacle, ObstacleKind, OfPlan, Outcome, PhaseCheck, PhaseSaid, PhaseVerify, PhaseWork,
    Pinned, PlanRun, PlanWork, Prefix, Ran, Readiness, ReviewStep, Scheduler, Signs, Spent, State, Steer,
    Steered, UnionSaid, UnitWork, Width, Word, Work, WorkConflict, agent_of, lanes, plan_state, review,
    steer,
};
use orch::words::{advice, because};

use crate::support::{Branches, campaign};

mod conflicts;
mod promises;
mod talk;
mod widths;

use conflicts::Conflicts;
use promises::Promises;
use talk::{Guest, Talk, ends_at};

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.roll() % limit.max(1) as u64) as usize
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.roll() % 100 < chance
    }
}

fn name(index: usize) -> PlanName {
    format!("p{index}").parse().unwrap()
}

fn commit() -> CommitId {
    Branches::base()
}

/// A plan or a phase of it that comes first because both touch the same files.
fn in_turn(first: &PlanWork, phase: Option<PhaseId>) -> FilesInTurn {
    let units = |phase: PhaseId| {
        let ids = first.units.iter().map(|unit| unit.id);
        (phase, ids.filter(|unit| unit.phase() == phase).collect())
    };
    FilesInTurn {
        plan: first.name.clone(),
        phases: phase.into_iter().map(units).collect(),
        files: ["a".to_owned()].into(),
    }
}

/// Plans whose dependencies point to earlier plans only, so that there is no cycle.
fn plans(dice: &mut Dice) -> Work {
    let count = 1 + dice.below(7);
    let mut plans: Vec<PlanWork> = Vec::new();
    for index in 0..count {
        let depends = |dice: &mut Dice, plans: &[PlanWork]| -> Vec<Dependency> {
            if plans.is_empty() || !dice.percent(45) {
                return Vec::new();
            }
            let on = &plans[dice.below(plans.len())];
            let phase = &on.phases[dice.below(on.phases.len())];
            let point = match dice.below(3) {
                0 => Point::Plan,
                1 => Point::Phase(phase.id),
                _ => phase
                    .tasks
                    .first()
                    .map_or(Point::Plan, |(task, _)| Point::Task(*task)),
            };
            vec![Dependency {
                on: WorkRef {
                    plan: on.name.clone(),
                    point,
                },
                landed: dice.percent(20),
            }]
        };
        let dispatch = [Dispatch::Plan, Dispatch::Phase, Dispatch::Task][dice.below(3)];
        let phases = (1..=1 + dice.below(3)).map(|id| PhaseWork {
            id: PhaseId(id as u32),
            tasks: (1..=1 + dice.below(3))
                .map(|n| (TaskId::new(id as u32, n as u32), dice.percent(10)))
                .collect(),
            background_verify: match dice.below(6) {
                0 => Some(true),
                1 => Some(false),
                _ => None,
            },
            verify: dice.percent(20),
        });
        let phases: Vec<PhaseWork> = phases.collect();
        let ids: Vec<(UnitId, bool)> = match dispatch {
            Dispatch::Task => phases.iter().flat_map(task_units).collect(),
            Dispatch::Plan | Dispatch::Phase => phases
                .iter()
                .map(|phase| {
                    (
                        UnitId::Phase(phase.id),
                        phase.tasks.iter().all(|(_, ticked)| *ticked),
                    )
                })
                .collect(),
        };
        let (mut gates, mut waits) = (Gates::default(), UnitWaits::default());
        let mut units: Vec<UnitWork> = Vec::new();
        for (number, (id, ticked)) in ids.into_iter().enumerate() {
            let mut own = 0;
            while number > 0 && dice.percent(50) && own < 3 {
                waits.at(gate(&mut gates, dice, number));
                own += 1;
            }
            waits.next_unit();
            units.push(UnitWork {
                id,
                ticked,
                depends: depends(dice, &plans),
                after: Vec::new(),
                uses: if dice.percent(25) {
                    BTreeSet::from(["db".parse().unwrap()])
                } else {
                    BTreeSet::new()
                },
                agent: if dice.percent(50) {
                    "one".parse().unwrap()
                } else {
                    "two".parse().unwrap()
                },
                report: if dice.percent(50) {
                    Report::Required
                } else {
                    Report::Auto
                },
                timeout: Duration::from_secs(60),
                job: None,
                locks: (0..3).filter(|_| dice.percent(20)).collect(),
                priority: Priority(dice.below(3) as i64),
                remaining: dice.roll() % 10,
                expected: 1,
                is_stated: false,
            });
        }
        let after = match plans.last() {
            Some(last) if dice.percent(10) => vec![in_turn(last, None)],
            _ => Vec::new(),
        };
        for unit in &mut units {
            if plans.is_empty() || !dice.percent(8) {
                continue;
            }
            let on = &plans[dice.below(plans.len())];
            let phase = on.phases[dice.below(on.phases.len())].id;
            unit.after = vec![in_turn(on, Some(phase))];
        }
        plans.push(PlanWork {
            prompt: false,
            locality: match dice.below(10) {
                0 => Some(Locality::Away(0)),
                1 => Some(Locality::Here),
                _ => None,
            },
            fallback: Default::default(),
            name: name(index),
            priority: Priority(dice.below(3) as i64),
            depends: depends(dice, &plans),
            after,
            phases,
            units,
            gates: Arc::new(gates),
            waits: Arc::new(waits),
            touches: Vec::new(),
            minds_overlap: dice.percent(70),
            files: vec!["a".to_owned(), "b".to_owned(), "c".to_owned()],
            attempts: AttemptPolicy {
                retries: dice.below(5) as u32,
                backoff: Duration::from_millis(500),
                timeout: Duration::from_secs(60),
                grace: Duration::from_secs(1),
                stuck_after: dice.percent(60).then_some(STUCK_AFTER),
                on_stuck: [OnStall::Notice, OnStall::Nudge, OnStall::Restart, OnStall::Hold][dice.below(4)],
            },
            dispatch,
            lanes: if dispatch == Dispatch::Plan {
                1
            } else {
                1 + dice.below(4)
            },
            adaptive: dispatch != Dispatch::Plan && dice.percent(50),
            approvals: if dice.percent(10) {
                BTreeSet::from([Point::Plan])
            } else {
                BTreeSet::new()
            },
            allow_empty: dice.percent(30),
            verify: dice.percent(30),
            carry: dice.percent(80),
            review: dice.percent(15),
            auto_merge: true,
            keeps_commits: dice.percent(80),
            budget: dice.percent(10).then_some(50),
            document: Arc::default(),
        });
    }
    Work {
        resolvers: Vec::new(),
        plans,
        agents: BTreeMap::from([(
            "two".parse().unwrap(),
            AgentWork {
                accounts: (0..dice.below(4)).map(|number| format!("a{number}")).collect(),
                login: "log in",
                runs_prompt: false,
            },
        )]),
        budget: dice.percent(10).then_some(200),
        slots: 1 + dice.below(3),
        narrows: dice.percent(40),
        localities: Localities {
            executors: vec![("far".parse().unwrap(), 1 + dice.below(2))],
            agents: match dice.percent(30) {
                true => BTreeMap::from([("two".parse().unwrap(), Locality::Away(0))]),
                false => BTreeMap::new(),
            },
        },
        machine: Machine::default(),
        agent_limits: BTreeMap::from([("one".parse().unwrap(), 1 + dice.below(2))]),
        resources: BTreeMap::from([("db".parse().unwrap(), 1)]),
        patience: BTreeMap::new(),
        train: TrainSettings {
            slots: 1 + dice.below(3),
            every_commit_green: dice.percent(50),
            verified: dice.percent(80),
            early: dice.percent(50),
            command: 0,
        },
        escalate: Escalate {
            conflict: Some(LONG),
            dependency: dice.percent(50).then_some(LONG),
            gate: dice.percent(50).then_some(Duration::ZERO),
            question: dice.percent(50).then_some(Duration::ZERO),
            stuck: dice.percent(50).then_some(LONG),
        },
    }
}

/// The tasks of a phase and its VERIFY block.
fn task_units(phase: &PhaseWork) -> Vec<(UnitId, bool)> {
    let all = phase.tasks.iter().all(|(_, ticked)| *ticked);
    let tasks = phase
        .tasks
        .iter()
        .map(|(task, ticked)| (UnitId::Task(*task), *ticked));
    let verify = phase
        .background_verify
        .map(|_| (UnitId::Task(TaskId::verify(phase.id)), all));
    tasks.chain(verify).collect()
}

/// A gate over some of the units before one.
fn gate(gates: &mut Gates, dice: &mut Dice, before: usize) -> usize {
    let mut of: Vec<usize> = (0..before).filter(|_| dice.percent(40)).collect();
    if of.is_empty() {
        of.push(dice.below(before));
    }
    let need = 1 + dice.below(of.len());
    let counts = if dice.percent(70) {
        Counts::Done
    } else {
        Counts::Settled
    };
    gates.add(of, need, counts, Why::Named)
}

/// How long the attempts of these plans may stand still.
const STUCK_AFTER: Duration = Duration::from_secs(1);

/// How long plans wait before somebody is told, where that is not at once.
const LONG: Duration = Duration::from_millis(700);

/// What waits to happen in the world.
#[derive(Debug, Clone)]
enum Coming {
    Answer(Event),
    Report(PlanName, u32, TaskId, TaskState),
    Work(Launch),
    Look(PlanName, AttemptId),
    Train(TrainAnswer),
    Union(BuildId, Option<UnionSaid>),
    Leaves(Guest),
    Time(At),
}

/// What happened in all runs: notices, notices taken back, actions, late words, waits that were told, attempts parked,
/// plans held for want of money or a login.
static COUNTED: [AtomicU64; 8] = [const { AtomicU64::new(0) }; 8];

/// First phases of plans that landed on their own.
static PREFIXES: AtomicU64 = AtomicU64::new(0);
static REVIEWED: AtomicU64 = AtomicU64::new(0);

/// What happened between agents and people in all runs, as [`Promises`] counts it.
static TALKED: [AtomicU64; 6] = [const { AtomicU64::new(0) }; 6];

struct World {
    dice: Dice,
    scheduler: Scheduler,
    coming: Vec<Coming>,
    journal: Vec<(At, Event)>,
    now: At,
    ran: BTreeSet<AttemptId>,
    hung: BTreeSet<AttemptId>,
    ending: Option<Ending>,
    trouble: bool,
    steered: bool,
    branches: Branches,
    run_id: RunId,
    talk: Option<Talk>,
    promises: Promises,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut work = plans(&mut dice);
        // Without trouble every plan must land: the strongest thing that can be said of a run.
        let trouble = dice.percent(70);
        if !trouble {
            work.budget = None;
            work.plans.iter_mut().for_each(|plan| plan.budget = None);
        }
        let talk = Talk::of(seed, trouble, &mut work);
        Self {
            trouble,
            dice,
            run_id: RunId(1),
            talk,
            promises: Promises::of(&work),
            scheduler: Scheduler::new(work),
            coming: Vec::new(),
            journal: Vec::new(),
            now: At(0),
            ran: BTreeSet::new(),
            hung: BTreeSet::new(),
            ending: None,
            steered: false,
            branches: Branches::default(),
        }
    }

    fn started(&self) -> Event {
        Event::RunStarted {
            run: self.run_id,
            base: commit(),
            target: "main".to_owned(),
            only: Vec::new(),
            merge_only: false,
        }
    }

    fn tell(&mut self, input: Input) {
        let mut step = self.scheduler.handle(self.now, input);
        // As the shell does before it writes them down.
        orch::words::complete(&mut step.events, &self.scheduler);
        self.check_phases();
        for event in &step.events {
            let begins = matches!(
                event,
                Event::VerifyStarted(_)
                    | Event::PlanFinished(_)
                    | Event::MergeStarted(_)
                    | Event::AttemptAssigned { .. }
            );
            // What a person did is looked at whenever it is reported.
            let by_hand = matches!(event, Event::AttemptAssigned { agent, .. } if agent.as_str() == "person");
            let plan = event.plan().filter(|_| begins && !by_hand);
            let paused = |plan: &PlanName| self.scheduler.state().plan(plan).is_paused();
            assert!(!plan.is_some_and(paused), "a paused plan goes on: {event:?}");
        }
        for event in step.events {
            self.keep(event);
        }
        self.promises.check_asking(self.scheduler.state());
        for effect in step.effects {
            self.perform(effect);
        }
    }

    /// Whether a plan's verification fails. Plans with several agents are harder, so that all of them come to try.
    fn is_red(&mut self, plan: &PlanName) -> bool {
        let mut plans = self.scheduler.work().plans.iter();
        let several = plans.any(|work| work.name == *plan && !work.fallback.agents.is_empty());
        self.dice.percent(if several { 75 } else { 30 })
    }

    fn perform(&mut self, effect: Effect) {
        let answer = match effect {
            Effect::MakeWorktree { plan, lane, .. } if lane > 0 && self.trouble && self.dice.percent(5) => {
                Event::WorktreeRefused(LaneNote {
                    plan,
                    lane,
                    why: "in the way".to_owned(),
                })
            }
            Effect::MakeWorktree { plan, lane, base } => Event::WorktreeCreated {
                lane,
                path: format!("{plan}.{lane}"),
                branch: plan.to_string(),
                plan,
                base,
            },
            Effect::Launch(launch) if self.cannot_start() => Event::AgentRefused {
                plan: launch.plan,
                attempt: launch.attempt,
                why: LaunchTrouble::Failed {
                    why: "no memory".to_owned(),
                },
            },
            Effect::Launch(launch)
                if self.trouble && !launch.dependencies.is_empty() && self.dice.percent(4) =>
            {
                let (with, _) = &launch.dependencies[0];
                Event::AgentRefused {
                    why: LaunchTrouble::Conflict {
                        with: with.plan.clone(),
                        files: vec![self.file()],
                    },
                    plan: launch.plan,
                    attempt: launch.attempt,
                }
            }
            Effect::Launch(launch) => {
                if let Some(talk) = &mut self.talk {
                    talk.check_launch(&launch);
                }
                assert!(
                    self.ran.insert(launch.attempt.clone()),
                    "{} was started twice",
                    launch.attempt
                );
                Event::AgentStarted(AgentStart {
                    plan: launch.plan.clone(),
                    attempt: launch.attempt.clone(),
                    pid: 1,
                    head: Some(commit()),
                    node: None,
                })
                .tap(|| {
                    let apart = launch.place.branch_of.map(|_| &launch.attempt);
                    self.branches.carry(&launch.plan, apart, &launch.dependencies);
                    // Some work elsewhere: the hand-over is heard of before the start, or too late.
                    if self.dice.percent(20) {
                        self.coming
                            .push(Coming::Answer(Event::AgentSubmitted(AgentSubmit {
                                plan: launch.plan.clone(),
                                attempt: launch.attempt.clone(),
                                executor: "x".parse().unwrap(),
                                job: None,
                                head: Some(commit()),
                            })));
                    }
                    if self.trouble && self.dice.percent(15) {
                        self.hung.insert(launch.attempt.clone());
                    }
                    self.coming.push(Coming::Work(launch));
                })
            }
            Effect::StopVerification { plan } => {
                let verdict = self.coming.iter().position(|coming| {
                    matches!(coming, Coming::Answer(Event::VerifyPassed { plan: of, .. }
                        | Event::VerifyFailed(Failed { plan: of, .. })) if *of == plan)
                });
                assert!(
                    !self.scheduler.state().plan(&plan).paused.is_empty()
                        || !self.scheduler.state().plan(&plan).cancelling.is_empty(),
                    "{plan}: nobody asked to stop its verification"
                );
                // One that has ended on its own meanwhile has said so.
                let Some(verdict) = verdict.filter(|_| self.dice.percent(70)) else {
                    return;
                };
                self.coming.swap_remove(verdict);
                Event::VerifyStopped(OfPlan { plan })
            }
            Effect::Stop { attempt, .. } => {
                let working = self
                    .coming
                    .iter()
                    .position(|coming| matches!(coming, Coming::Work(launch) if launch.attempt == attempt));
                // One that has ended on its own meanwhile has sent word of that.
                let Some(working) = working else {
                    return;
                };
                let Coming::Work(launch) = self.coming.swap_remove(working) else {
                    return;
                };
                Event::AgentEnded {
                    plan: launch.plan,
                    attempt,
                    exit: Exit::Stopped,
                    why: None,
                }
            }
            Effect::Check { plan, attempt, .. } => {
                let read = self.talk.as_ref().map(|talk| talk.read.get(&plan).copied());
                let asks = self.talk.as_ref().and_then(|talk| talk.asks.get(&attempt));
                let evidence = Evidence {
                    commits: u32::from(!self.trouble || self.dice.percent(80)),
                    read: read.map(Option::unwrap_or_default),
                    asks: asks.map(|question| question.as_str().into()),
                    ..Evidence::default()
                };
                Event::AttemptChecked {
                    plan,
                    attempt,
                    evidence,
                }
            }
            Effect::Integrate {
                plan, attempt, place, ..
            } => {
                assert!(place.branch_of.is_some(), "{attempt} has no branch of its own");
                let busy = self.coming.iter().any(|coming| {
                    matches!(coming, Coming::Answer(Event::WorkMerged { plan: other, .. }
                        | Event::WorkConflicted(WorkConflict { plan: other, .. })) if *other == plan)
                });
                assert!(!busy, "{plan}: two attempts are merged at once");
                if self.trouble && self.dice.percent(15) {
                    Event::WorkConflicted(WorkConflict {
                        plan,
                        attempt,
                        files: vec!["a".to_owned()],
                    })
                } else {
                    self.branches.integrate(&plan, &attempt);
                    Event::WorkMerged {
                        commit: self.branches.tip(&plan),
                        plan,
                        attempt,
                    }
                }
            }
            Effect::Verify { plan } if self.trouble && self.is_red(&plan) => Event::VerifyFailed(Failed {
                plan,
                why: "red".into(),
            }),
            Effect::Verify { plan } => Event::VerifyPassed {
                plan,
                commit: commit(),
                ran: None,
            },
            Effect::VerifyPhase { plan, phase } => {
                let red = self.trouble && self.dice.percent(30);
                let said = if red { PhaseSaid::Failed } else { PhaseSaid::Passed };
                Event::PhaseVerify(PhaseVerify {
                    ran: Some(Ran {
                        line: "true".to_owned(),
                        commit: self.branches.tip(&plan),
                        tree: String::new(),
                        took_ms: 1,
                    }),
                    plan,
                    phase,
                    said,
                    why: red.then(|| "red".to_owned()),
                })
            }
            Effect::StopPhaseCheck { plan, phase } => {
                for coming in &mut self.coming {
                    if let Coming::Answer(Event::PhaseVerify(check)) = coming
                        && (&check.plan, check.phase) == (&plan, phase)
                    {
                        check.said = PhaseSaid::Stopped;
                        (check.ran, check.why) = (None, None);
                    }
                }
                return;
            }
            Effect::Pin {
                plan,
                point,
                holds,
                wanted,
                verified,
                handed_on: _,
            } => Event::Pinned(Pinned {
                commit: verified.unwrap_or_else(|| self.branches.tip(&plan)),
                plan,
                point,
                holds,
                uncommitted: u32::from(!wanted && self.trouble && self.dice.percent(10)),
            }),
            Effect::Train { order, .. } => return self.train(order),
            Effect::Resolve(order) => unreachable!("{order:?}: nobody is named to resolve conflicts"),
            Effect::Look { plan, attempt, .. } => return self.coming.push(Coming::Look(plan, attempt)),
            Effect::Union(build) => {
                self.coming.push(Coming::Union(build.id, None));
                return self.check_worktrees();
            }
            Effect::StopUnion(id) => {
                for coming in &mut self.coming {
                    if let Coming::Union(other, said) = coming
                        && *other == id
                    {
                        *said = Some(UnionSaid::Stopped);
                    }
                }
                return;
            }
            Effect::AwaitPerson => unreachable!("nobody asked to wait"),
            Effect::Wake { at } => return self.coming.push(Coming::Time(at)),
            Effect::End(ending) => return self.ending = Some(ending),
        };
        self.coming.push(Coming::Answer(answer));
    }

    /// A file in which branches conflict, as git tells of it.
    fn file(&mut self) -> String {
        format!("{} (content)", ["a", "b", "c"][self.dice.below(3)])
    }

    /// Merges conflict now and then, else they pass; what lands together lands in the order of dependencies.
    fn train(&mut self, order: Order) {
        let answer = match order {
            Order::Stop(_) => return,
            Order::Try(build) if self.trouble && !build.batch.is_empty() && self.dice.percent(10) => {
                let plan = build.batch[self.dice.below(build.batch.len())].clone();
                let conflict = MergeTrouble::Conflict {
                    with: Vec::new(),
                    files: vec![self.file()],
                    tried: None,
                    sides: None,
                };
                TrainAnswer::Tried {
                    build: build.id,
                    tried: Tried::Conflict(plan, conflict),
                    tip_green: true,
                }
            }
            Order::Try(build) => TrainAnswer::Tried {
                build: build.id,
                tried: Tried::Verdict(Verdict::unasked()),
                tip_green: true,
            },
            Order::Land(landing) => {
                let state = self.scheduler.state();
                let part = |plan: &PlanName| state.plan(plan).merge_prefix.as_ref();
                let mut moves = Vec::new();
                for (place, plan) in landing.batch.iter().enumerate() {
                    let before = &landing.batch[..place];
                    let landed = |on: &WorkRef| {
                        let along = |part: Option<&Prefix>| part.is_none_or(|part| part.holds(on.point));
                        let along = before.contains(&on.plan) && along(part(&on.plan));
                        along || state.has_landed(on, "main")
                    };
                    let mut plans = self.scheduler.work().plans.iter();
                    let work = plans.find(|work| work.name == *plan).unwrap();
                    let part = part(plan);
                    match part {
                        None => {
                            let run = state.plan(plan);
                            assert_eq!(run.outcome, Some(Outcome::Finished), "{plan}");
                            self.promises.check_done(work);
                            assert!(
                                !work.review || run.review.approved.is_some(),
                                "{plan}: not reviewed"
                            );
                            REVIEWED.fetch_add(work.review.into(), Ordering::Relaxed);
                        }
                        Some(part) => {
                            let done = &state.plan(plan).phases_done;
                            assert!(part.phases.iter().all(|phase| done.contains_key(phase)));
                            assert!(part.phases.contains(&part.up_to) && work.keeps_commits);
                            PREFIXES.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    let own = work
                        .units
                        .iter()
                        .filter(|unit| part.is_none_or(|part| part.phases.contains(&unit.id.phase())));
                    let own = own.flat_map(|unit| &unit.depends);
                    for dependency in work.depends.iter().chain(own) {
                        let on = &dependency.on;
                        assert!(landed(on), "{plan} {part:?} is merged before {on}");
                    }
                    let extent = part.map(|part| (part.phases.as_slice(), &part.head));
                    let commit = self.branches.land(plan, extent);
                    moves.push((plan.clone(), None, commit));
                }
                TrainAnswer::Landed(Ok(moves))
            }
        };
        self.coming.push(Coming::Train(answer));
        self.check_worktrees();
    }

    /// The train and what is tried early share its worktrees.
    fn check_worktrees(&self) {
        let uses = |coming: &&Coming| {
            matches!(
                coming,
                Coming::Train(TrainAnswer::Tried { .. }) | Coming::Union(..)
            )
        };
        let used = self.coming.iter().filter(uses).count();
        assert!(used <= self.scheduler.work().train.slots, "{used} trials at once");
    }

    /// Somebody looks where branches stand.
    fn look_at_heads(&mut self) {
        let names: Vec<PlanName> = self
            .scheduler
            .work()
            .plans
            .iter()
            .map(|plan| plan.name.clone())
            .collect();
        let mut heads = Heads {
            target: Some(self.some_commit(2)),
            ..Heads::default()
        };
        for name in names {
            if self.dice.percent(80) {
                let head = self.some_commit(2);
                heads.plans.push((name, head));
            }
        }
        self.tell(Input::Heads(heads));
    }

    fn some_commit(&mut self, of: usize) -> CommitId {
        format!("{:040x}", 1 + self.dice.below(of)).parse().unwrap()
    }

    /// An agent works: it reports some or all of its tasks in any order and ends somehow.
    fn work(&mut self, launch: &Launch) {
        let work = self
            .scheduler
            .work()
            .plans
            .iter()
            .find(|work| work.name == launch.plan)
            .unwrap()
            .clone();
        // Where nothing goes wrong agents are silent only where their commits count without a word, and then all of a plan.
        let auto = work.units.iter().all(|unit| unit.report == Report::Auto);
        let silent = match self.trouble {
            true => self.dice.percent(20),
            false => auto && work.priority.0 == 0,
        };
        let tasks: Vec<TaskId> = launch
            .units
            .iter()
            .flat_map(|unit| work.unit_tasks(*unit))
            .collect();
        let done = if self.trouble { 85 } else { 100 };
        let lane = launch.place.lane;
        for task in tasks {
            if !silent && self.dice.percent(done) {
                let apart = launch.place.branch_of.map(|_| &launch.attempt);
                self.branches.work(&launch.plan, apart, task);
                // With the agent's name, or as a ticked box, which is heard only once it is known that the agent runs.
                let by = Some(Speaker::Attempt(launch.attempt.clone()));
                let named = !self.trouble || self.dice.percent(50);
                self.tell(Input::Reported {
                    plan: launch.plan.clone(),
                    lane,
                    said: vec![Statement {
                        by: by.filter(|_| named),
                        ..Statement::bare(task.into(), TaskState::Done)
                    }],
                    head: None,
                });
            } else if self.trouble && self.dice.percent(10) {
                // Comes when the worker may be long gone.
                self.coming
                    .push(Coming::Report(launch.plan.clone(), lane, task, TaskState::Done));
            }
        }
        if !silent && self.dice.percent(5) {
            // Another task is done on the way, or said to be needless.
            let others: Vec<TaskId> = work.tasks().collect();
            let other = others[self.dice.below(others.len())];
            let state = if self.dice.percent(50) {
                TaskState::Done
            } else {
                TaskState::Skipped
            };
            self.tell(Input::Reported {
                plan: launch.plan.clone(),
                lane,
                said: vec![Statement::bare(other.into(), state)],
                head: None,
            });
        }
        if let Some(talk) = &mut self.talk {
            let sent = self.scheduler.state().plan(&launch.plan).mail.inbox.len();
            for event in talk.turn(launch, u32::try_from(sent).unwrap()) {
                self.tell(Input::Event(event));
            }
        }
        let exit = match self.dice.below(10) {
            _ if !self.trouble => Exit::Code { code: 0 },
            0 => Exit::Code { code: 1 },
            1 => Exit::TimedOut,
            2 => Exit::Lost,
            3 => Exit::Signal { signal: 9 },
            _ => Exit::Code { code: 0 },
        };
        let missing = self.cannot_start();
        let exit = if missing {
            Exit::NotStarted {
                why: "no such program".to_owned(),
            }
        } else if self.tells(launch) {
            Exit::Code { code: 1 }
        } else {
            exit
        };
        self.coming.push(Coming::Answer(Event::AgentEnded {
            plan: launch.plan.clone(),
            attempt: launch.attempt.clone(),
            exit,
            why: None,
        }));
    }

    /// True when the agent's program cannot be started.
    fn cannot_start(&mut self) -> bool {
        let trouble = self.trouble;
        self.talk
            .as_mut()
            .is_some_and(|talk| trouble && talk.dice.percent(3))
    }

    /// The agent's output tells what it spent, and perhaps that something stood in its way. True when that was so.
    fn tells(&mut self, launch: &Launch) -> bool {
        let kind = match self.dice.below(20) {
            0 | 1 => Some(ObstacleKind::RateLimit),
            2 => Some(ObstacleKind::Outage),
            3 if self.trouble => Some(ObstacleKind::Login),
            _ => None,
        };
        let facts = Facts {
            speaks: true,
            end: Some(Word {
                good: kind.is_none(),
                text: "the end".to_owned(),
            }),
            spent: Spent {
                micros: Some(self.dice.roll() % 40),
                ..Spent::default()
            },
            asks: self.talk.as_mut().and_then(Talk::asks_by_tool),
            session: Some(launch.attempt.to_string()),
            obstacle: kind.map(|kind| Obstacle {
                kind,
                why: "come back later".to_owned(),
                until: None,
            }),
            ..Facts::default()
        };
        let told = AgentUsage {
            plan: launch.plan.clone(),
            attempt: launch.attempt.clone(),
            facts,
            resets_in_ms: self.dice.percent(50).then(|| 1 + self.dice.roll() % 100_000),
        };
        self.tell(Input::Event(Event::AgentUsage(told)));
        kind.is_some()
    }

    /// The supervisor dies: what was not recorded is gone, what runs continues, and a new one replays the journal.
    fn crash(&mut self) {
        let mut work = self.scheduler.work().clone();
        work.machine = Machine::default();
        let mut fresh = Scheduler::new(work);
        fresh.replay(self.journal.iter().map(|(at, event)| (*at, event)));
        // Time passes without being recorded.
        fresh.observe(self.scheduler.state().now);
        assert_eq!(
            fresh.state(),
            self.scheduler.state(),
            "a replay gives another state"
        );
        self.scheduler = fresh;
        // Effects under way die with the supervisor, except agents: their ends will be seen by whoever looks.
        let alive = |coming: &Coming| match coming {
            Coming::Work(_) | Coming::Report(..) | Coming::Leaves(_) => true,
            Coming::Answer(event) => matches!(event, Event::AgentEnded { .. } | Event::AgentStarted(_)),
            Coming::Time(_) | Coming::Look(..) | Coming::Train(_) | Coming::Union(..) => false,
        };
        self.coming.retain(alive);
        // Starts that were not heard of are found by looking at the attempts' folders, before anything is decided.
        let unheard = self.coming.iter().filter_map(|coming| match coming {
            Coming::Answer(event @ Event::AgentStarted(_)) => Some(event.clone()),
            _ => None,
        });
        let missed: Vec<Event> = [self.started()].into_iter().chain(unheard).collect();
        for event in missed {
            if self.scheduler.take(self.now, &event) {
                self.keep(event);
            }
        }
        self.tell(Input::Wake);
    }

    fn run(&mut self) {
        self.tell(Input::Event(self.started()));
        if !self.trouble {
            let plans = self.scheduler.work().plans.clone();
            for plan in plans.iter().filter(|plan| plan.has_gate(Point::Plan)) {
                let event = Event::Approved(Steered {
                    plan: plan.name.clone(),
                    point: Point::Plan,
                });
                self.tell(Input::Event(event));
            }
        }
        for _ in 0..20_000 {
            if self.ending.is_some() {
                if self.goes_on() {
                    continue;
                }
                return self.check_end();
            }
            if self.talks() {
                continue;
            }
            if self.trouble && self.dice.percent(2) {
                self.crash();
                continue;
            }
            assert!(
                !self.coming.is_empty(),
                "nothing is under way and the run has not ended: a deadlock"
            );
            self.check_busy();
            if self.trouble && self.dice.percent(3) {
                self.steer();
                continue;
            }
            if self.dice.percent(2) {
                self.look_at_heads();
                continue;
            }
            if self.dice.percent(3) {
                self.ask_for_a_prefix();
                continue;
            }
            if self.dice.percent(5) {
                let machine = Machine {
                    load: self.dice.below(400) as u32,
                    free_memory: self.dice.below(100) as u32,
                };
                self.tell(Input::Machine(machine));
                continue;
            }
            let next = self.dice.below(self.coming.len());
            match self.coming.swap_remove(next) {
                Coming::Answer(event) => {
                    let again = self.trouble && self.dice.percent(10);
                    // The same phase may be verified again at once, and nothing tells the two answers apart.
                    let again = again && !matches!(event, Event::PhaseVerify(_));
                    self.tell(Input::Event(event.clone()));
                    if again && self.ending.is_none() {
                        let before = self.scheduler.state().clone();
                        self.tell(Input::Event(event));
                        assert_eq!(
                            *self.scheduler.state(),
                            before,
                            "an answer that came twice changed something"
                        );
                    }
                }
                Coming::Report(plan, lane, task, state) => self.report(plan, lane, task, state),
                Coming::Look(plan, attempt) => self.look(plan, attempt),
                Coming::Train(answer) => self.tell(Input::Train(answer)),
                Coming::Union(id, said) => {
                    let said = said.unwrap_or_else(|| match self.dice.below(4) {
                        0 => UnionSaid::Red("red".to_owned()),
                        1 => UnionSaid::Nothing,
                        _ => UnionSaid::Green,
                    });
                    self.tell(Input::Union(id, said));
                }
                // It hangs, unless it is ended; in the end it comes to itself.
                Coming::Work(launch) if self.hung.contains(&launch.attempt) && self.dice.percent(75) => {
                    self.coming.push(Coming::Work(launch));
                }
                Coming::Work(launch) => self.work(&launch),
                Coming::Leaves(guest) => self.leaves(&guest),
                Coming::Time(at) => {
                    self.now = self.now.max(at);
                    self.tell(Input::Wake);
                }
            }
        }
        panic!("the run does not end");
    }

    /// A word that comes at any time, perhaps when nobody works there any more. Then it starts nothing.
    fn report(&mut self, plan: PlanName, lane: u32, task: TaskId, state: TaskState) {
        let run = self.scheduler.state().plan(&plan);
        let late = run.by_units && !run.attempts.contains_key(&lane);
        let (before, recorded) = (self.ran.len(), self.journal.len());
        let told = run.heard.get(&task.into()).copied();
        let known = run.item_state(&task.into()) == state;
        for _ in 0..2 {
            self.tell(Input::Reported {
                plan: plan.clone(),
                lane,
                said: vec![Statement::bare(task.into(), state)],
                head: None,
            });
        }
        if late {
            assert_eq!(self.ran.len(), before, "a late word of {plan} started something");
            let words: Vec<&Event> = self.journal[recorded..].iter().map(|(_, event)| event).collect();
            let expected = usize::from(!known && told != Some(state));
            let late = words.iter().filter(|event| matches!(event, Event::ReportLate(_)));
            assert_eq!(late.count(), expected, "{words:?}");
        }
    }

    /// Somebody looks whether an attempt moves. Where there is no trouble, at least one sign of life is always there.
    fn look(&mut self, plan: PlanName, attempt: AttemptId) {
        let hung = self.hung.contains(&attempt);
        let mut age = || {
            let still = if hung || self.dice.percent(50) { 1_000 } else { 0 };
            still + self.dice.roll() % 1_000
        };
        let mut signs = Signs {
            output_ms: age(),
            status_ms: age(),
            files_ms: Some(age()),
            processor_ms: Some(age()),
            watched_ms: 5_000,
        };
        if !self.trouble {
            match self.dice.below(4) {
                0 => signs.output_ms = 10,
                1 => signs.status_ms = 10,
                2 => signs.files_ms = Some(10),
                _ => signs.processor_ms = Some(10),
            }
        }
        let moves = signs.stalled_for(STUCK_AFTER).is_none();
        let recorded = self.journal.len();
        self.tell(Input::Signs { plan, attempt, signs });
        let acts = |(_, event): &(At, Event)| matches!(event, Event::AgentStalled(_) | Event::StallActed(_));
        if moves {
            assert!(
                !self.journal[recorded..].iter().any(acts),
                "one sign of life was not enough: {signs:?}"
            );
        }
    }

    /// A person asks for something, sensible or not.
    fn steer(&mut self) {
        let work = self.scheduler.work();
        let plan = &work.plans[self.dice.below(work.plans.len())];
        if plan.review && self.dice.percent(50) {
            let step = match self.dice.percent(70) {
                true => ReviewStep::Approve(commit()),
                false => ReviewStep::Return("once more".to_owned()),
            };
            let events = review(work, self.scheduler.state(), &plan.name, &step);
            for event in events.into_iter().flatten() {
                self.tell(Input::Event(event));
            }
            self.steered = true;
            return;
        }
        let unit = plan.units[self.dice.below(plan.units.len())].id;
        let point = match self.dice.below(3) {
            0 => Point::Plan,
            1 => Point::Phase(unit.phase()),
            _ => unit.point(),
        };
        let what = WorkRef {
            plan: plan.name.clone(),
            point,
        };
        let all = [
            Steer::Pause,
            Steer::PauseNow,
            Steer::Resume,
            Steer::Resume,
            Steer::Retry,
            Steer::Skip,
            Steer::Cancel,
            Steer::Approve,
        ];
        let asked = all[self.dice.below(all.len())];
        let Ok(events) = steer(work, self.scheduler.state(), &what, asked) else {
            return;
        };
        for event in events {
            self.tell(Input::Event(event));
        }
        self.steered = true;
    }

    /// A person wants first phases of a plan on the target, sensible or not.
    fn ask_for_a_prefix(&mut self) {
        let plans = &self.scheduler.work().plans;
        let plan = &plans[self.dice.below(plans.len())];
        let phase = plan.phases[self.dice.below(plan.phases.len())].id;
        let what = WorkRef {
            plan: plan.name.clone(),
            point: Point::Phase(phase),
        };
        self.tell(Input::Event(Event::MergeRequested {
            plans: vec![what],
            into: None,
        }));
    }

    /// No slot idles while something could run.
    /// No phase with a verification of its own is done on anything but that.
    fn check_phases(&self) {
        for plan in &self.scheduler.work().plans {
            let run = self.scheduler.state().plan(&plan.name);
            let own = |phase: &PhaseWork| phase.verify && run.phases_done.contains_key(&phase.id);
            for phase in plan.phases.iter().filter(|phase| own(phase)) {
                let mut units = plan.units.iter().filter(|unit| unit.id.phase() == phase.id);
                assert!(
                    units.all(|unit| unit.ticked)
                        || matches!(run.phase_checks.get(&phase.id), Some(PhaseCheck::Passed(..))),
                    "{}: phase {} is done, and nothing has passed",
                    plan.name,
                    phase.id
                );
            }
        }
    }

    fn check_busy(&self) {
        let (work, state) = (self.scheduler.work(), self.scheduler.state());
        let running = |at: Locality| {
            let open = state.open_attempts();
            let there = open.filter(|(name, _, attempt)| {
                let plan = work.plans.iter().find(|plan| plan.name == **name).unwrap();
                work.locality(plan, &attempt.agent) == at
            });
            there.count()
        };
        let (here, far) = (running(Locality::Here), running(Locality::Away(0)));
        let most = work.localities.executors[0].1;
        assert!(far <= most, "{far} attempts are away, and {most} may be");
        let width = state.allowed_width(work);
        let closed = width == Width::Batched && state.width.batch_ends() && here + far > 0;
        let full = |at: Locality| match at {
            _ if closed => true,
            Locality::Here => here >= width.of(work.slots) || (here > 0 && work.machine.is_short_of_memory()),
            Locality::Away(_) => far >= width.of(most),
        };
        let taken = |agent: &str| {
            state
                .open_attempts()
                .filter(|(_, _, a)| a.agent.as_str() == agent)
                .count()
        };
        let token = state.open_attempts().any(|(name, _, attempt)| {
            let plan = work.plans.iter().find(|plan| plan.name == *name).unwrap();
            attempt
                .units
                .first()
                .and_then(|id| plan.unit(*id))
                .is_some_and(|unit| !unit.uses.is_empty())
        });
        for (number, plan) in work.plans.iter().enumerate() {
            let run = state.plan(&plan.name);
            let room = run.attempts.len() < lanes(work, state, number).lanes;
            if !run.is_open() || !room || run.worktrees.len() <= run.attempts.len() {
                continue;
            }
            for place in Readiness::new(plan, run, state).ready(self.now) {
                let unit = &plan.units[place];
                let agent = agent_of(run, unit);
                if full(work.locality(plan, agent)) {
                    continue;
                }
                let limited = agent.as_str() == "one" && taken("one") >= work.agent_limits[agent];
                let waits_for_token = !unit.uses.is_empty() && token;
                // A slot may be kept for a worktree that is being made, and for what comes behind an attempt that is being
                // looked at, merged or pinned.
                let spent = |budget: Option<u64>, spent: Spent| {
                    budget.is_some_and(|budget| spent.micros >= Some(budget))
                };
                if spent(plan.budget, run.spent) || spent(work.budget, state.spent) {
                    continue;
                }
                let kept = self.coming.iter().any(|coming| {
                    matches!(
                        coming,
                        Coming::Answer(
                            Event::WorktreeCreated { .. }
                                | Event::WorktreeRefused { .. }
                                | Event::AttemptChecked { .. }
                                | Event::WorkMerged { .. }
                                | Event::WorkConflicted(_)
                                | Event::Pinned { .. }
                        )
                    )
                });
                assert!(
                    limited || waits_for_token || kept,
                    "{}.{} could run while a slot idles",
                    plan.name,
                    unit.id
                );
            }
        }
    }

    /// Somebody is told once of each wait, not before it has lasted as long as it may, unless there is no later.
    fn check_told(&self) {
        let allowed = self.scheduler.work().escalate;
        let ended_at = ends_at(&self.journal);
        let (mut told, mut begun) = (BTreeSet::new(), RunId(1));
        for (at, event) in &self.journal {
            match event {
                Event::Escalated(wait) => {
                    let after = allowed.after(wait.waiting).expect("this is never told");
                    let early = u128::from(wait.waited_ms) < after.as_millis();
                    assert!(!early || ended_at.contains(at), "too early: {wait:?}");
                    let again = !told.insert((wait.plan.clone(), wait.waiting, wait.on.clone()));
                    assert!(!again, "told twice: {wait:?}");
                    assert!(!wait.why.is_empty());
                }
                Event::RetryRequested(about) => told.retain(|(plan, _, _)| *plan != about.plan),
                Event::QuestionAnswered(about) => told.retain(|(plan, _, _)| *plan != about.plan),
                Event::RunStarted { run, .. } if *run != begun => {
                    begun = *run;
                    told.retain(|(_, waiting, _)| *waiting == Waiting::Question);
                }
                _ => {}
            }
        }
    }

    /// What was parked starts no sooner than it may, unless a person asks for it, and has used up no retry.
    fn check_parked(&self) {
        let mut state = State::new(self.scheduler.work());
        let mut parked: BTreeMap<_, At> = BTreeMap::new();
        let mut closed: BTreeMap<_, (At, BTreeSet<PlanName>)> = BTreeMap::new();
        for (at, event) in &self.journal {
            let failures = |state: &State, plan: &PlanName| -> u32 {
                let run = state.plan(plan);
                run.tries.values().map(|tries| tries.failures).sum::<u32>() + run.repair.failures
            };
            let before = event.plan().map(|plan| failures(&state, plan));
            let used = match event {
                Event::StageDone { plan, attempt, .. } => state.plan(plan).attempt(attempt).cloned(),
                _ => None,
            };
            state.apply(*at, event);
            match event {
                Event::AttemptParked(told) => {
                    assert_eq!(before, Some(failures(&state, &told.plan)), "{told:?} was counted");
                    let key = (told.agent.clone(), told.account.clone());
                    let limit = closed.entry(key).or_insert((At(0), BTreeSet::new()));
                    if limit.0 <= *at {
                        limit.1.clear();
                    }
                    limit.0 = *at + Duration::from_millis(told.limit_ms);
                    limit.1.insert(told.plan.clone());
                    let until = *at + Duration::from_millis(told.for_ms);
                    let known = parked
                        .entry((told.plan.clone(), told.agent.clone()))
                        .or_insert(until);
                    *known = if told.for_ms == 0 {
                        until
                    } else {
                        until.max(*known)
                    };
                }
                // A person who starts again what was held does not wait either.
                Event::RunStarted { .. } => parked.clear(),
                Event::RetryRequested(about) => {
                    parked.retain(|(plan, _), _| *plan != about.plan);
                }
                Event::StageDone { .. } => {
                    let used = used.expect("a leg is done by an attempt");
                    closed.remove(&(used.agent, used.account));
                }
                Event::AttemptAssigned {
                    plan, agent, account, ..
                } => {
                    let until = parked.get(&(plan.clone(), agent.clone()));
                    assert!(until.is_none_or(|until| until <= at), "{plan} goes on too early");
                    if let Some((until, met)) = closed.get(&(agent.clone(), account.clone())) {
                        assert!(
                            met.len() < 2 || until <= at,
                            "{plan} uses {agent} {account:?}, which is closed"
                        );
                    }
                }
                _ => {}
            }
        }
    }

    fn check_end(&self) {
        self.check_told();
        self.check_parked();
        self.promises
            .check_end(self.scheduler.work(), self.scheduler.state());
        for (place, count) in self.promises.counted.iter().enumerate() {
            TALKED[place].fetch_add(*count, Ordering::Relaxed);
        }
        for (_, event) in &self.journal {
            let place = match event {
                Event::AgentStalled(_) => 0,
                Event::AgentStirred(_) => 1,
                Event::StallActed(_) => 2,
                Event::ReportLate(_) => 3,
                Event::Escalated(_) => 4,
                Event::AttemptParked(_) => 5,
                Event::PlanHeld {
                    why: Hold::Needs { .. },
                    ..
                } => 6,
                Event::RunWidth(_) => 7,
                _ => continue,
            };
            COUNTED[place].fetch_add(1, Ordering::Relaxed);
        }
        let (work, state) = (self.scheduler.work(), self.scheduler.state());
        let mut replayed = Scheduler::new(work.clone());
        replayed.replay(self.journal.iter().map(|(at, event)| (*at, event)));
        replayed.observe(state.now);
        assert_eq!(replayed.state(), state, "the journal tells another end");
        let unreviewed = |plan: &PlanWork| plan.review && state.plan(&plan.name).review.approved.is_none();
        let all_may_land = !work.plans.iter().any(unreviewed);
        for plan in &work.plans {
            let run = state.plan(&plan.name);
            let end = plan_state(work, state, &plan.name);
            if !self.trouble && all_may_land {
                assert_eq!(end, PlanState::Landed, "{} {run:#?} {plan:#?}", plan.name);
            }
            // A person's word overrules the rules that are checked here.
            if !self.steered {
                let conflicts = &self.promises.conflicts;
                check_plan_end(work, state, (plan, run, end), conflicts);
            }
        }
    }
}

fn check_plan_end(
    work: &Work,
    state: &orch::schedule::State,
    (plan, run, end): (&PlanWork, &PlanRun, PlanState),
    conflicts: &Conflicts,
) {
    let name = &plan.name;
    let lost_elsewhere = |unit: &UnitWork| {
        let mut all = plan.depends.iter().chain(&unit.depends);
        // What a late report says came too late for those who waited.
        all.any(|dependency| state.is_hopeless(dependency) || state.plan(&dependency.on.plan).has_given_up())
    };
    // Another attempt does not help where there is no program.
    let cannot_start = |unit: Option<UnitId>| {
        run.history.iter().any(|record| {
            let of = unit.is_none_or(|unit| record.units.first() == Some(&unit));
            of && matches!(record.exit, Some(Exit::NotStarted { .. }))
        })
    };
    // A failure skips exactly what depends on it.
    for (place, unit) in plan.units.iter().enumerate() {
        match run.lost.get(&unit.id) {
            Some(Lost::Skipped { .. }) => {
                let closed = plan.gates_at(place).any(|gate| {
                    let can = |place: &usize| !run.lost.contains_key(&plan.units[*place].id);
                    gate.counts == Counts::Done && gate.of().filter(can).count() < gate.need
                });
                assert!(
                    closed || lost_elsewhere(unit),
                    "{name}.{} was skipped without a cause",
                    unit.id
                );
            }
            Some(Lost::Failed { .. }) => {
                let failures = run.tries.get(&unit.id).map_or(0, |tries| tries.failures);
                let alike = run.tries.get(&unit.id).map_or(0, |tries| tries.alike);
                assert!(
                    cannot_start(Some(unit.id)) || failures > plan.attempts.retries || alike >= 3,
                    "{name}.{} had retries left",
                    unit.id
                );
            }
            Some(Lost::Held { .. } | Lost::Cancelled) | None => {}
        }
    }
    let all_done = plan.units.iter().all(|unit| run.is_unit_done(unit.id));
    let all_settled = plan.units.iter().all(|unit| run.is_unit_settled(unit.id));
    match &run.outcome {
        Some(Outcome::Skipped(_)) => assert!(
            plan.units.iter().any(lost_elsewhere),
            "{name} was skipped without a cause"
        ),
        Some(Outcome::Held(Hold::Work { unit, .. })) => {
            assert!(matches!(run.lost[unit], Lost::Held { .. }), "{name}.{unit}");
            assert!(
                Readiness::new(plan, run, state).is_stalled() || run.failed_check().is_some(),
                "{name} was held too early"
            );
        }
        Some(Outcome::Held(Hold::Stuck { why })) => {
            let why = because(why);
            assert!(why.contains("was stuck"), "{name}: {why}");
            assert_eq!(plan.attempts.on_stuck, OnStall::Hold, "{name}");
        }
        Some(Outcome::Held(Hold::Needs { why, how, .. })) => {
            let spent =
                |budget: Option<u64>, spent: Spent| budget.is_some_and(|budget| spent.micros >= Some(budget));
            let broke = spent(plan.budget, run.spent) || spent(work.budget, state.spent);
            let login = run.history.iter().any(|record| {
                let obstacle = record.facts.obstacle.as_ref();
                obstacle.is_some_and(|obstacle| obstacle.kind == ObstacleKind::Login)
            });
            let unread = run.unread().next().is_some();
            let (why, how) = (because(why), advice(name, why, how));
            assert!(broke || login || unread, "{name}: {why}");
            assert!(!how.is_empty(), "{name}: {why}");
        }
        Some(Outcome::Held(Hold::Asks { .. })) => assert!(!run.questions.is_empty(), "{name}"),
        Some(Outcome::Held(why)) => assert!(
            matches!(why, Hold::Verification { .. } | Hold::Conflict { .. }),
            "{why:?}"
        ),
        Some(Outcome::Failed(_)) if plan.by_units() => assert!(all_settled, "{name} failed with work left"),
        Some(Outcome::Failed(_)) => assert!(
            cannot_start(None)
                || run
                    .tries
                    .values()
                    .any(|tries| tries.failures > plan.attempts.retries || tries.alike >= 3),
            "{name} had retries left"
        ),
        Some(Outcome::Cancelled) => assert!(!run.is_at_work(), "{name}"),
        Some(Outcome::Finished) => assert!(all_done, "{name}"),
        None => {
            let waits_for_person = |on: &PlanName| !matches!(plan_state(work, state, on), PlanState::Landed);
            let depends = plan.all_depends().map(|dependency| &dependency.on.plan);
            let turns = plan.all_turns().map(|turn| &turn.plan);
            let gate = plan.gated().any(|point| !run.approved.contains(&point));
            let frozen = plan.minds_overlap && conflicts.is_open_beside(name);
            let waits = gate || frozen || depends.chain(turns).any(waits_for_person);
            assert!(waits, "{name} was left {end} for no reason");
        }
    }
}

trait Tap: Sized {
    fn tap(self, also: impl FnOnce()) -> Self {
        also();
        self
    }
}

impl<T> Tap for T {}

#[test]
fn random_plans_in_a_random_world() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let runs = campaign("ORCH_MODEL_RUNS", 3_000) as u64;
    let (first, last) = match number("ORCH_MODEL_SEED") {
        Some(seed) => (seed, seed + 1),
        None => (0, runs),
    };
    for seed in first..last {
        let outcome = std::panic::catch_unwind(|| World::new(seed).run());
        if let Err(cause) = outcome {
            eprintln!("seed {seed} failed: ORCH_MODEL_SEED={seed} replays it");
            std::panic::resume_unwind(cause);
        }
    }
    let talked = TALKED.each_ref().map(|count| count.load(Ordering::Relaxed));
    let [asked, answered, unread, by_hand, replaced, repairs] = talked;
    println!(
        "{asked} questions, {answered} answers, {unread} attempts went on with messages, {by_hand} pieces of work by hand, \
         {replaced} agents took over, {repairs} of them a repair"
    );
    println!("{} prefixes landed", PREFIXES.load(Ordering::Relaxed));
    let counted = COUNTED.each_ref().map(|count| count.load(Ordering::Relaxed));
    let [stuck, stirred, acted, late, told, parked, needs, widths] = counted;
    println!(
        "{} random runs; {stuck} notices of stuck attempts, {stirred} taken back, {acted} acted on; {late} late words; \
         {told} waits escalated; {parked} attempts parked, {needs} plans held for want of something, {widths} changes of width",
        last - first
    );
    if last - first >= 1_000 {
        assert!(
            counted.iter().all(|count| *count > 0),
            "something never happened: {counted:?}"
        );
        assert!(
            talked.iter().all(|count| *count > 0),
            "some talk never happened: {talked:?}"
        );
        assert!(PREFIXES.load(Ordering::Relaxed) > 0, "no prefix ever landed");
        assert!(
            REVIEWED.load(Ordering::Relaxed) > 0,
            "no reviewed plan ever landed"
        );
    }
}
