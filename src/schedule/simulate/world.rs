//! The scheduler in virtual time. Every effect is answered as the world would answer it, and no real time passes.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use super::bound::lower_bound;
use super::course::Course;
use super::simulation::{
    Happening, Simulation, SimulationSettings, Span, TooLong, WaitedMoment, of_quiet_agents,
};
use crate::graph::Rng;
use crate::plan::{CommitId, RunId, Statement, TaskState};
use crate::schedule::board::effect::{Effect, Ending, Launch};
use crate::schedule::board::step::Step;
use crate::schedule::drive::scheduler::{Input, Scheduler};
use crate::schedule::event::about::AgentStart;
use crate::schedule::event::at::At;
use crate::schedule::event::exit::{Evidence, Exit};
use crate::schedule::event::fact::Event;
use crate::schedule::event::merge_facts::{Pinned, Verdict};
use crate::schedule::judge::phase_check::{passed as verified, plan_passed as plan_verified};
use crate::schedule::ready::invariants;
use crate::schedule::train::{Order, TrainAnswer, Tried};
use crate::schedule::work::plans::Work;

/// Runs the work through the scheduler. The oracle checks the state after each input, or after some inputs when there are very
/// many plans.
///
/// # Panics
///
/// When the scheduler breaks one of its own rules.
pub fn simulate(mut work: Work, settings: &SimulationSettings) -> Simulation {
    // Nothing ever stalls in a simulation, and there is nobody to report waits to.
    work.escalate = Default::default();
    for plan in &mut work.plans {
        plan.attempts.stuck_after = None;
        // Nobody can approve in a simulation, so every gate counts as approved.
        plan.approvals.clear();
    }
    World::new(work, settings).run()
}

/// The time and the sequence number of a coming event.
type Coming = Reverse<(u64, u64)>;

struct World<'s> {
    settings: &'s SimulationSettings,
    scheduler: Scheduler,
    now: u64,
    queue: BinaryHeap<Coming>,
    happenings: HashMap<u64, (Happening, Option<WaitedMoment>)>,
    /// The attempt that caused the present input.
    cause: Option<WaitedMoment>,
    sequence: u64,
    free: BTreeSet<usize>,
    spans: Vec<Span>,
    /// Time spent on each unit of each plan.
    spent: Vec<Vec<u64>>,
    ending: Option<Ending>,
    inputs: u64,
    commit: CommitId,
}

impl<'s> World<'s> {
    fn new(work: Work, settings: &'s SimulationSettings) -> Self {
        Self {
            settings,
            now: 0,
            queue: BinaryHeap::new(),
            happenings: HashMap::new(),
            cause: None,
            sequence: 0,
            free: (0..work.all_slots()).collect(),
            spans: Vec::new(),
            spent: work.plans.iter().map(|plan| vec![0; plan.units.len()]).collect(),
            ending: None,
            inputs: 0,
            commit: CommitId::null(),
            scheduler: Scheduler::new(of_quiet_agents(work)),
        }
    }

    fn run(mut self) -> Simulation {
        self.tell(Input::Event(Event::RunStarted {
            run: RunId(1),
            base: self.commit.clone(),
            target: "main".to_owned(),
            only: Vec::new(),
            merge_only: false,
        }));
        while self.ending.is_none() {
            let Some(Reverse((at, sequence))) = self.queue.pop() else {
                break;
            };
            self.now = at;
            if let Some((happening, cause)) = self.happenings.remove(&sequence) {
                self.cause = match happening {
                    Happening::End { span, .. } | Happening::Report { span, .. } => {
                        Some(WaitedMoment { span, at })
                    }
                    Happening::Answer(_) | Happening::Train(_) | Happening::Wake => cause,
                };
                self.happen(happening);
            }
        }
        self.end()
    }

    fn end(self) -> Simulation {
        let (work, state) = (self.scheduler.work(), self.scheduler.state());
        let makespan = self.spans.iter().map(|span| span.to).max().unwrap_or(0);
        let busy: u64 = self.spans.iter().map(|span| span.to - span.from).sum();
        let (mut tasks, mut tasks_in_all) = (0, 0);
        for (plan, run) in work.plans.iter().zip(&state.plans) {
            for unit in &plan.units {
                let own = plan.unit_tasks(unit.id);
                tasks_in_all += own.len();
                tasks += if run.is_unit_done(unit.id) {
                    own.len()
                } else {
                    own.iter()
                        .filter(|task| run.is_item_settled(&(**task).into()))
                        .count()
                };
            }
        }
        Simulation {
            makespan,
            lower_bound: lower_bound(work, &|plan, unit| self.spent[plan][unit]),
            idle_slot: (work.all_slots() as u64 * makespan).saturating_sub(busy),
            tasks,
            tasks_in_all,
            spans: self.spans,
            ending: self.ending,
            inputs: self.inputs,
        }
    }

    fn coming(&mut self, delay: u64, happening: Happening) {
        self.sequence += 1;
        self.queue
            .push(Reverse((self.now.saturating_add(delay), self.sequence)));
        self.happenings.insert(self.sequence, (happening, self.cause));
    }

    fn happen(&mut self, happening: Happening) {
        let input = match happening {
            Happening::Answer(event) => Input::Event(event),
            Happening::Train(answer) => Input::Train(answer),
            Happening::Wake => Input::Wake,
            Happening::Report { plan, lane, task, .. } => Input::Reported {
                plan: self.scheduler.work().plans[plan].name.clone(),
                lane,
                said: vec![Statement::bare(task.into(), TaskState::Done)],
                head: None,
            },
            Happening::End {
                span,
                plan,
                attempt,
                exit,
            } => {
                self.free.insert(self.spans[span].slot);
                Input::Event(Event::AgentEnded {
                    plan,
                    attempt,
                    exit,
                    why: None,
                })
            }
        };
        self.tell(input);
    }

    fn tell(&mut self, input: Input) {
        let Step { effects, .. } = self.scheduler.handle(At(self.now), input);
        self.inputs += 1;
        // The cost of one check grows with the number of plans.
        let every = 1 + self.scheduler.work().plans.len() as u64 / 32;
        if !cfg!(debug_assertions) && self.inputs.is_multiple_of(every) {
            invariants::check(self.scheduler.work(), self.scheduler.state())
                .expect("the rules of the schedule hold");
        }
        for effect in effects {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect) {
        let times = self.settings.overheads;
        let commit = self.commit.clone();
        let (delay, answer) = match effect {
            Effect::MakeWorktree { plan, lane, base } => (
                times.worktree,
                Event::WorktreeCreated {
                    lane,
                    path: String::new(),
                    branch: String::new(),
                    plan,
                    base,
                },
            ),
            Effect::Launch(launch) => return self.launch(&launch),
            Effect::Check { plan, attempt, .. } => {
                let evidence = Evidence {
                    commits: 1,
                    ..Evidence::default()
                };
                let checked = Event::AttemptChecked {
                    plan,
                    attempt,
                    evidence,
                };
                (times.check, checked)
            }
            Effect::Integrate { plan, attempt, .. } => (
                times.integrate,
                Event::WorkMerged {
                    plan,
                    attempt,
                    commit,
                },
            ),
            Effect::Verify { plan } => (times.verify, plan_verified(plan, commit)),
            Effect::VerifyPhase { plan, phase } => (times.verify, verified(plan, phase, commit)),
            Effect::Pin {
                plan, point, holds, ..
            } => {
                let pinned = Pinned {
                    plan,
                    point,
                    commit,
                    holds,
                    uncommitted: 0,
                };
                (times.pin, Event::Pinned(pinned))
            }
            Effect::Train { order, .. } => return self.train(order),
            Effect::Wake { at } => return self.coming(at.0.saturating_sub(self.now), Happening::Wake),
            Effect::End(ending) => {
                self.ending = Some(ending);
                return;
            }
            // Nothing conflicts in a simulation.
            Effect::Resolve(_) => return,
            // Nobody asks a simulation to stop.
            Effect::Stop { .. }
            | Effect::StopVerification { .. }
            | Effect::StopPhaseCheck { .. }
            | Effect::Look { .. }
            | Effect::AwaitPerson
            | Effect::Union(_)
            | Effect::StopUnion(_) => return,
        };
        self.coming(delay, Happening::Answer(answer));
    }

    /// Answers an order of the train. Every build passes, and every landing succeeds.
    fn train(&mut self, order: Order) {
        match order {
            Order::Stop(_) => {}
            Order::Try(build) => {
                let tried = TrainAnswer::Tried {
                    build: build.id,
                    tried: Tried::Verdict(Verdict::unasked()),
                    tip_green: true,
                };
                self.coming(self.settings.overheads.merge, Happening::Train(tried));
            }
            Order::Land(landing) => {
                let moves = landing
                    .batch
                    .into_iter()
                    .map(|plan| (plan, None, self.commit.clone()));
                let landed = TrainAnswer::Landed(Ok(moves.collect()));
                self.coming(0, Happening::Train(landed));
            }
        }
    }

    /// Simulates an attempt. The agent starts, reports its work as it goes, and ends: with success, with a failure before its
    /// end, or out of time. It does not run out of time when the expected duration exceeds the time-out.
    fn launch(&mut self, launch: &Launch) {
        let Some(number) = self.scheduler.state().number(&launch.plan) else {
            return;
        };
        let plan = &self.scheduler.work().plans[number];
        let first = launch.units.first().and_then(|id| plan.unit_place(*id));
        let parts = [
            number as u64,
            first.unwrap_or(0) as u64,
            u64::from(launch.number),
            2,
        ];
        let mut rng = Rng::of(self.settings.seed, &parts);
        let Course {
            parts,
            reports,
            mut length,
            expected,
        } = Course::of(self.settings, &self.scheduler, launch, number);
        let mut exit = Exit::Code { code: 0 };
        if rng.percent(self.settings.failures) {
            length = (length as f64 * rng.share()) as u64;
            exit = Exit::Code { code: 1 };
        }
        let limit = u64::try_from(launch.timeout.as_millis()).unwrap_or(u64::MAX);
        // When the estimate exceeds the time-out, one of the two is wrong, and it is unknown which. Such an attempt is not cut
        // short.
        let too_long = (expected > limit).then_some(TooLong { expected, limit });
        if length > limit && too_long.is_none() {
            length = limit;
            exit = Exit::TimedOut;
        }
        let mut left = length;
        for (place, own) in parts {
            self.spent[number][place] += own.min(left);
            left = left.saturating_sub(own);
        }
        let start = self.settings.overheads.start;
        let slot = self.free.pop_first().unwrap_or(usize::MAX);
        let failed = exit != Exit::Code { code: 0 };
        let started = Event::AgentStarted(AgentStart {
            plan: launch.plan.clone(),
            attempt: launch.attempt.clone(),
            pid: 1,
            head: None,
            node: None,
        });
        self.coming(start, Happening::Answer(started));
        let span = self.spans.len();
        for (after, task) in reports.into_iter().filter(|(after, _)| *after <= length) {
            let lane = launch.place.lane;
            self.coming(
                start + after,
                Happening::Report {
                    span,
                    plan: number,
                    lane,
                    task,
                },
            );
        }
        self.spans.push(Span {
            plan: number,
            units: launch.units.clone(),
            slot,
            from: self.now + start,
            to: self.now + start + length,
            failed,
            timed_out: exit == Exit::TimedOut,
            too_long,
            after: self.cause,
        });
        let ends = Happening::End {
            span,
            plan: launch.plan.clone(),
            attempt: launch.attempt.clone(),
            exit,
        };
        self.coming(start + length, ends);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Durations, Generated};
    use crate::plan::PlanName;
    use crate::plan::manifest::{Content, DocumentSource, parse_manifest, resolve};
    use crate::plan::{Arrangement, Dispatch, Strategy};

    fn work(dispatch: Dispatch, seed: u64) -> Work {
        let set = Generated {
            seed,
            plans: 6,
            tasks: 12,
            max_agents: 3,
            arrangement: Arrangement {
                dispatch,
                strategy: Strategy::Dag,
                ..Arrangement::default()
            },
            ..Generated::default()
        };
        Work::new(&set.plan_set(), &Durations::default(), true)
    }

    #[test]
    fn without_memory_agents_work_one_after_the_other() {
        for dispatch in [Dispatch::Plan, Dispatch::Task] {
            let mut work = work(dispatch, 1);
            work.machine.free_memory = 5;
            let found = simulate(work, &SimulationSettings::default());
            assert_eq!(found.tasks, 72, "{dispatch}");
            let alone = found.spans.windows(2).all(|pair| pair[0].to <= pair[1].from);
            assert!(alone, "{dispatch}");
        }
    }

    #[test]
    fn every_task_is_done_and_no_bound_is_beaten() {
        for dispatch in [Dispatch::Plan, Dispatch::Phase, Dispatch::Task] {
            for seed in 0..30 {
                let settings = SimulationSettings {
                    seed,
                    noise: 0.5,
                    failures: if seed % 2 == 0 { 0.0 } else { 5.0 },
                    stragglers: 5.0,
                    ..SimulationSettings::default()
                };
                let found = simulate(work(dispatch, seed), &settings);
                assert!(found.ending.is_some(), "{dispatch:?} {seed}: it stands still");
                assert!(found.efficiency() <= 1.0, "{dispatch:?} {seed}: {found:#?}");
                assert_eq!(found.tasks_in_all, 72);
                if settings.failures == 0.0 {
                    assert_eq!(found.tasks, 72, "{dispatch:?} {seed}");
                    assert_eq!(found.ending, Some(Ending::Settled));
                }
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_world() {
        let settings = SimulationSettings {
            noise: 0.5,
            failures: 10.0,
            ..SimulationSettings::default()
        };
        let [one, other] = [(); 2].map(|()| simulate(work(Dispatch::Task, 3), &settings));
        assert_eq!(one, other);
        let last = *one.critical().last().unwrap();
        assert_eq!(one.spans[last].to, one.makespan);
    }

    /// The attempts that decided when everything ended: the plan, when it started, and until when it mattered.
    fn chain(found: &Simulation) -> Vec<(usize, u64, u64)> {
        let path = found.critical();
        let spans = path.iter().map(|span| &found.spans[*span]);
        let ends = spans.clone().skip(1).map(|next| next.after.unwrap().at);
        let last = found.spans[*path.last().unwrap()].to;
        spans
            .zip(ends.chain([last]))
            .map(|(span, to)| (span.plan, span.from, to))
            .collect()
    }

    #[test]
    fn each_part_of_what_decides_the_end_begins_where_the_one_before_let_it_begin() {
        // `second` begins at the end of the first phase of `first`, while `first` continues with its second phase. `aside` has no
        // part in that, although its end is the last one before.
        let manifest = "[run]\nmax_agents = 3\nagent = \"a\"\n[agents.a]\ncommand = [\"true\"]\n\
                        [plans.first]\nfile = \"first.md\"\n[plans.aside]\nfile = \"aside.md\"\n\
                        [plans.second]\nfile = \"second.md\"\ndepends = [\"first.phase1\"]\n";
        let document = |plan: &PlanName| match plan.as_str() {
            "first" => {
                "# F\n## Phase 1: a (expected: 20m)\n- [ ] 1.1 x\n## Phase 2: b (expected: 5m)\n- [ ] 2.1 y\n"
            }
            "aside" => "# A\n## Phase 1: a (expected: 10m)\n- [ ] 1.1 x\n",
            _ => "# S\n## Phase 1: a (expected: 30m)\n- [ ] 1.1 x\n",
        };
        let parsed = parse_manifest("plans.toml".as_ref(), manifest);
        let source = |plan: &PlanName| DocumentSource {
            display: "plan.md".into(),
            content: Ok(Content::Bytes(document(plan).as_bytes().to_vec()).read()),
        };
        let sources = parsed
            .documents()
            .map(|request| (request.plan.clone(), source(&request.plan)));
        let sources = sources.collect();
        let set = resolve(parsed, sources).unwrap();
        let work = Work::new(&set, &Durations::default(), true);
        let minutes = |of: u64| of * 60_000;
        let found = simulate(work, &SimulationSettings::default());
        assert_eq!(
            chain(&found),
            [(0, 0, minutes(20)), (2, minutes(20), minutes(50))]
        );
    }

    #[test]
    fn without_waits_that_decides_which_gave_its_slot_away() {
        for seed in 0..20 {
            let settings = SimulationSettings {
                seed,
                noise: 0.4,
                ..SimulationSettings::default()
            };
            for dispatch in [Dispatch::Plan, Dispatch::Task] {
                let found = simulate(work(dispatch, seed), &settings);
                let chain = chain(&found);
                assert_eq!(chain[0].1, 0, "{chain:?}");
                for pair in chain.windows(2) {
                    assert_eq!(pair[0].2, pair[1].1, "no gap: {chain:?}");
                }
            }
        }
    }
}
