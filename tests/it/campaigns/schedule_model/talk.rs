//! Agents and people who talk in the random world: agents ask, read messages late or never and cannot start; people answer,
//! write, take an agent's place, do work by hand and run `orch up` again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use orch::plan::{
    AttemptId, Fallback, MessageKind, PlanName, Point, RunId, Speaker, Statement, TaskState, UnitId, WorkRef,
};
use orch::schedule::{
    AgentWork, At, AttachBegan, AttachEnded, Event, Input, Launch, MailUpTo, Outcome, Outgoing, PersonFact,
    Scheduler, Steer, Work, answer, attach, attempt_to_attach, plan_state, questions, send, steer,
};

use super::{Coming, Dice, World};

/// What is particular to a world in which agents and people talk.
pub struct Talk {
    pub dice: Dice,
    /// How many answers and how many further runs a person has patience for.
    answers: u32,
    runs: u32,
    /// Plans whose agents ask for ever.
    for_ever: BTreeSet<PlanName>,
    /// Attempts that end with a question.
    pub asks: BTreeMap<AttemptId, String>,
    /// The last message that was read in each plan's worktree.
    pub read: BTreeMap<PlanName, u32>,
    /// Answers that the next attempt has to get, by plan and unit.
    owed: BTreeMap<(PlanName, Option<UnitId>), String>,
    /// Counts people, messages and moments.
    next: u32,
}

/// Somebody who sits in an agent's place.
#[derive(Debug, Clone)]
pub struct Guest {
    plan: PlanName,
    lane: u32,
    pid: u32,
    units: Vec<UnitId>,
}

impl Talk {
    /// Half of the worlds talk. Their plans get lists of agents.
    pub fn of(seed: u64, trouble: bool, work: &mut Work) -> Option<Self> {
        if seed.is_multiple_of(2) {
            return None;
        }
        let mut dice = Dice(!seed);
        let silent = dice.percent(20);
        let three = AgentWork {
            runs_prompt: silent,
            ..AgentWork::default()
        };
        work.agents.insert("three".parse().unwrap(), three);
        for plan in &mut work.plans {
            if dice.percent(50) {
                continue;
            }
            let mut names = vec!["one", "two", "three"];
            let mut agents = Vec::new();
            while !names.is_empty() {
                agents.push(names.swap_remove(dice.below(names.len())).parse().unwrap());
            }
            agents.truncate(2 + dice.below(2));
            for unit in &mut plan.units {
                if dice.percent(80) {
                    unit.agent = agents.first().cloned().unwrap();
                }
            }
            let after = Duration::from_secs(dice.below(60) as u64);
            plan.fallback = Fallback { agents, after };
        }
        let names = work.plans.iter().map(|plan| plan.name.clone());
        let for_ever = names.filter(|_| trouble && dice.percent(10)).collect();
        Some(Self {
            answers: if trouble { 6 } else { 1_000 },
            runs: if trouble { dice.below(4) as u32 } else { 30 },
            dice,
            for_ever,
            asks: BTreeMap::new(),
            read: BTreeMap::new(),
            owed: BTreeMap::new(),
            next: 0,
        })
    }

    fn next(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn moment(&mut self) -> Option<Timestamp> {
        Timestamp::from_second(1_700_000_000 + i64::from(self.next())).ok()
    }

    /// What an agent does about its messages and its questions before it ends.
    pub fn turn(&mut self, launch: &Launch, sent: u32) -> Vec<Event> {
        let plan = &launch.plan;
        if self.for_ever.contains(plan) || self.dice.percent(12) {
            let number = self.next();
            self.asks
                .insert(launch.attempt.clone(), format!("question {number}?"));
        }
        let mail = |up_to| MailUpTo {
            plan: plan.clone(),
            up_to,
        };
        if sent == 0 || !self.dice.percent(40) {
            return Vec::new();
        }
        let up_to = sent - self.dice.below(2) as u32;
        let read = self.read.entry(plan.clone()).or_default();
        *read = (*read).max(up_to);
        let delivered = Event::Person(PersonFact::Delivered(mail(sent)));
        let known = self.dice.percent(50);
        let read = Event::Person(PersonFact::Read(mail(up_to)));
        [Some(delivered), Some(read).filter(|_| known)]
            .into_iter()
            .flatten()
            .collect()
    }

    /// The question that an agent's stream shows, if it asks with its own tool.
    pub fn asks_by_tool(&mut self) -> Option<Box<str>> {
        let number = self.next();
        self.dice
            .percent(5)
            .then(|| format!("question {number} by tool?").into())
    }

    /// An answer is in the first prompt after it, as something new, and named as the reason of the attempt.
    pub fn check_launch(&mut self, launch: &Launch) {
        let of = |unit: &Option<UnitId>| unit.is_none_or(|unit| launch.units.contains(&unit));
        self.owed.retain(|key, text| {
            let (plan, unit) = key;
            let is_due = *plan == launch.plan && of(unit);
            let is_told = launch
                .new_messages()
                .any(|sent| sent.text.ends_with(text.as_str()));
            assert!(!is_due || is_told, "{key:?} is not told {text}: {launch:?}");
            !is_due
        });
    }

    /// Somebody is asked for again, or gives up on it: the first prompt may be about something else.
    pub fn forget_owed(&mut self, plan: &PlanName) {
        self.owed.retain(|(of, _), _| of != plan);
    }
}

impl World {
    fn any_plan(&mut self) -> PlanName {
        let plans = &self.scheduler.work().plans;
        let talk = self.talk.as_mut().unwrap();
        plans[talk.dice.below(plans.len())].name.clone()
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.talk.as_mut().unwrap().dice.percent(percent)
    }

    /// A person or an agent may do something about the talk. True if so.
    pub fn talks(&mut self) -> bool {
        if self.talk.is_none() || !self.chance(8) {
            return false;
        }
        let plan = self.any_plan();
        match self.talk.as_mut().unwrap().dice.below(8) {
            0..=2 => self.writes(&plan),
            3 | 4 => self.answers(&plan),
            5 => self.attaches(&plan),
            6 => self.works_by_hand(&plan),
            _ => self.hands_over(&plan),
        }
        true
    }

    /// The events of a request. Without a supervisor they are only recorded.
    fn asked(&mut self, events: Vec<Event>) {
        for event in events {
            if self.ending.is_none() {
                self.tell(Input::Event(event));
            } else if self.scheduler.take(self.now, &event) {
                self.keep(event);
            }
        }
    }

    fn writes(&mut self, plan: &PlanName) {
        let from = self.any_plan();
        let talk = self.talk.as_mut().unwrap();
        let outgoing = Outgoing {
            to: Some(plan.clone()),
            from: Some(from).filter(|from| from != plan && talk.dice.percent(40)),
            kind: MessageKind::ALL[talk.dice.below(5)],
            text: format!("message {}", talk.next()),
            answers: None,
        };
        let sent = send(self.scheduler.work(), self.scheduler.state(), &outgoing);
        self.asked(sent.unwrap_or_default());
    }

    /// A person answers, perhaps twice, perhaps where nobody asks.
    fn answers(&mut self, plan: &PlanName) {
        let (work, state) = (self.scheduler.work().clone(), self.scheduler.state().clone());
        let open = questions(&state, plan);
        let run = state.plan(plan);
        let cancelled = run.outcome == Some(Outcome::Cancelled) || !run.cancelling.is_empty();
        assert!(
            !cancelled || open.is_empty(),
            "{plan} is cancelled and asks: {open:?}"
        );
        let talk = self.talk.as_mut().unwrap();
        let number = talk.next();
        let text = format!("answer {number}.");
        if open.is_empty() {
            let refused = answer(&work, &state, &WorkRef::whole(plan), None, &text);
            assert!(
                refused.is_err(),
                "{plan} ({}) asks nothing: {refused:?}",
                plan_state(&work, &state, plan)
            );
            return;
        }
        if talk.answers == 0 {
            return;
        }
        talk.answers -= 1;
        let unit = open[talk.dice.below(open.len())].0;
        let what = WorkRef::at(plan, unit.map_or(Point::Plan, UnitId::point));
        let events = answer(&work, &state, &what, None, &text).expect("an open question can be answered");
        talk.owed.insert((plan.clone(), unit), text.clone());
        let names_all = open.len() == 1;
        // Two answers at once: the second is decided when the first is recorded.
        let (first, after) = (events[0].clone(), events.len());
        assert!(
            matches!(first, Event::QuestionAnswered(_)) && after >= 3,
            "{events:?}"
        );
        let mut second = Scheduler::new(work.clone());
        second.replay(self.journal.iter().map(|(at, event)| (*at, event)));
        second.replay(events.iter().map(|event| (self.now, event)));
        let other = answer(&work, second.state(), &what, None, "another answer");
        assert!(other.is_err(), "{what} is answered twice: {other:?}");
        if names_all {
            let same = answer(&work, second.state(), &what, None, &text);
            assert_eq!(same, Ok(Vec::new()), "the same answer from another terminal");
        }
        self.asked(events);
    }

    /// A person takes the place of the plan's agent.
    fn attaches(&mut self, plan: &PlanName) {
        let work = self.scheduler.work();
        let units = &work.plans.iter().find(|work| work.name == *plan).unwrap().units;
        let talk = self.talk.as_mut().unwrap();
        let unit = units[talk.dice.below(units.len())].id;
        let point = if talk.dice.percent(50) {
            Point::Plan
        } else {
            unit.point()
        };
        let state = self.scheduler.state();
        if state.plan(plan).hands.attached.is_some() {
            return;
        }
        let Ok(found) = attempt_to_attach(work, state, &WorkRef::at(plan, point)) else {
            return;
        };
        let (lane, units) = (found.lane, found.units.clone());
        let pid = self.talk.as_mut().unwrap().next();
        let began = AttachBegan {
            plan: plan.clone(),
            lane,
            pid,
            command: "sh".to_owned(),
        };
        let Ok(events) = attach(self.scheduler.work(), self.scheduler.state(), &began) else {
            return;
        };
        self.steered = true;
        self.talk.as_mut().unwrap().forget_owed(plan);
        self.asked(events);
        let guest = Guest {
            plan: plan.clone(),
            lane,
            pid,
            units,
        };
        self.coming.push(Coming::Leaves(guest));
    }

    /// The person has done all, some or nothing of the work, and leaves.
    pub fn leaves(&mut self, guest: &Guest) {
        let at_work = self.scheduler.state().plan(&guest.plan).is_at_work();
        if at_work && self.ending.is_none() {
            assert!(!self.coming.is_empty(), "{guest:?} waits for ever");
            self.coming.push(Coming::Leaves(guest.clone()));
            return;
        }
        let share = [0, 50, 100][self.talk.as_mut().unwrap().dice.below(3)];
        for unit in guest.units.clone() {
            if self.chance(share) {
                self.reports(&guest.plan, guest.lane, unit);
            }
        }
        let (plan, pid) = (guest.plan.clone(), guest.pid);
        let ended = Event::Person(PersonFact::AttachEnded(AttachEnded { plan, pid }));
        self.asked(vec![ended]);
    }

    /// A person reports all of a unit done.
    fn reports(&mut self, plan: &PlanName, lane: u32, unit: UnitId) {
        let mut plans = self.scheduler.work().plans.iter();
        let work = plans.find(|work| work.name == *plan).unwrap();
        let by_units = work.by_units();
        for task in work.unit_tasks(unit) {
            let at = self.talk.as_mut().unwrap().moment();
            let said = vec![Statement {
                at,
                by: Some(Speaker::Person),
                ..Statement::bare(task.into(), TaskState::Done)
            }];
            if !by_units {
                self.branches.work(plan, None, task);
            }
            if self.ending.is_none() {
                self.tell(Input::Reported {
                    plan: plan.clone(),
                    lane,
                    said,
                    head: None,
                });
            } else {
                let events = self.scheduler.note(self.now, plan, lane, said, None);
                events.into_iter().for_each(|event| self.keep(event));
            }
        }
    }

    /// A person does work that no agent has at the moment.
    fn works_by_hand(&mut self, plan: &PlanName) {
        let mut plans = self.scheduler.work().plans.iter();
        let work = plans.find(|work| work.name == *plan).unwrap();
        let run = self.scheduler.state().plan(plan);
        let free = |unit: &UnitId| !run.is_unit_settled(*unit) && !run.is_worked_on(*unit);
        let mut units = work.units.iter().map(|unit| unit.id);
        let idle = run.worktree().is_some() && run.hands.attached.is_none();
        let Some(unit) = units.find(free).filter(|_| idle) else {
            return;
        };
        self.reports(plan, 0, unit);
    }

    /// A person stops the agent, does some of its work by hand and lets the plan go on.
    fn hands_over(&mut self, plan: &PlanName) {
        let what = WorkRef::whole(plan);
        let paused = self.scheduler.state().plan(plan).is_paused();
        let asked = if paused { Steer::Resume } else { Steer::PauseNow };
        let Ok(events) = steer(self.scheduler.work(), self.scheduler.state(), &what, asked) else {
            return;
        };
        if paused {
            self.works_by_hand(plan);
        }
        self.asked(events);
        self.steered = true;
    }

    /// After the end of a run a person may settle what waits and run `orch up` again. True if so.
    pub fn goes_on(&mut self) -> bool {
        let Some(talk) = self.talk.as_mut().filter(|talk| talk.runs > 0) else {
            return false;
        };
        talk.runs -= 1;
        let names = self.scheduler.work().plans.iter();
        let names: Vec<PlanName> = names.map(|plan| plan.name.clone()).collect();
        self.coming.retain(|coming| matches!(coming, Coming::Report(..)));
        let before = self.journal.len();
        for plan in &names {
            if self.trouble && self.chance(30) {
                continue;
            }
            self.settles(plan);
        }
        if self.journal.len() == before {
            return false;
        }
        self.ending = None;
        self.run_id = RunId(self.run_id.0 + 1);
        self.crash();
        true
    }

    /// A person looks at one plan while nothing runs.
    fn settles(&mut self, plan: &PlanName) {
        while !questions(self.scheduler.state(), plan).is_empty() && self.talk.as_ref().unwrap().answers > 0 {
            self.answers(plan);
        }
        let run = self.scheduler.state().plan(plan);
        let what = WorkRef::whole(plan);
        let asked = if run.is_paused() {
            Steer::Resume
        } else if matches!(run.outcome, Some(Outcome::Held(_)))
            && questions(self.scheduler.state(), plan).is_empty()
        {
            Steer::Retry
        } else {
            return;
        };
        if self.trouble && self.chance(30) {
            self.attaches(plan);
            let guest = self.coming.pop();
            if let Some(Coming::Leaves(guest)) = guest {
                self.leaves(&guest);
            }
            return;
        }
        let events = steer(self.scheduler.work(), self.scheduler.state(), &what, asked);
        self.asked(events.unwrap_or_default());
        self.steered = true;
    }

    /// Records what nobody decides about now.
    pub fn keep(&mut self, event: Event) {
        // Work that is done needs no answer any more.
        if let (Event::StageDone { plan, units, .. }, Some(talk)) = (&event, &mut self.talk) {
            let over = |unit: &Option<UnitId>| unit.is_some_and(|unit| units.contains(&unit));
            talk.owed.retain(|(of, unit), _| of != plan || !over(unit));
        }
        self.promises
            .take(self.scheduler.work(), self.scheduler.state(), &event);
        self.journal.push((self.now, event));
    }
}

/// When an event of a run's end was recorded: what has waited is told then, however short the wait.
pub fn ends_at(journal: &[(At, Event)]) -> BTreeSet<At> {
    let ends = journal
        .iter()
        .filter(|(_, event)| matches!(event, Event::RunSettled {} | Event::RunStopped { .. }));
    ends.map(|(at, _)| *at)
        .chain(journal.last().map(|(at, _)| *at))
        .collect()
}
