//! What the scheduler promises about people: work that a person or an agent has finished is not done again, nothing lands
//! unfinished, a question stops its work until somebody answers, and no message is passed over. The promises are checked
//! against the events alone, in the order in which they are recorded.

use std::collections::{BTreeMap, BTreeSet};

use orch::plan::{AgentName, AttemptId, PlanName, Point, TaskId, UnitId};
use orch::schedule::{
    AgentStart, AttentionKind, Because, Event, Hold, Lost, Outcome, PersonFact, PlanWork, State, TaskReport,
    UnitWork, Work, attention, questions,
};

use super::conflicts::Conflicts;
use super::widths::Widths;

/// How often an agent continues because of unread messages.
const MOST_AGAIN: u32 = 2;

/// An attempt under way.
struct AtWork {
    plan: PlanName,
    agent: AgentName,
    units: Vec<UnitId>,
    repair: bool,
    /// The number of messages to its plan when it began.
    told: u32,
}

impl AtWork {
    fn is_by_person(&self) -> bool {
        self.agent.as_str() == "person"
    }

    fn first(&self) -> (PlanName, Option<UnitId>) {
        let unit = self.units.first().copied().filter(|_| !self.repair);
        (self.plan.clone(), unit)
    }
}

/// What is known from the events so far.
#[derive(Default)]
pub struct Promises {
    at_work: BTreeMap<AttemptId, AtWork>,
    /// Work that is done with all evidence, and not opened again since.
    done: BTreeSet<(PlanName, UnitId)>,
    /// The part of it that nobody may do again.
    checked: BTreeSet<(PlanName, UnitId)>,
    /// The last word about each item: whether it is settled, and the attempt whose agent said so.
    said: BTreeMap<(PlanName, TaskId), (bool, Option<AttemptId>)>,
    /// Work that a person has reported complete while no agent worked on it.
    by_hand: BTreeSet<(PlanName, UnitId)>,
    /// Unanswered questions, by the unit that waits (`None` for the whole plan).
    pub asking: BTreeSet<(PlanName, Option<UnitId>)>,
    /// Attempts that ended with a question.
    asked: BTreeSet<AttemptId>,
    /// The number of messages to each plan, the last one that an agent has to read, and the last one that was read.
    mail: BTreeMap<PlanName, (u32, u32, u32)>,
    /// How often an agent continued because of messages, by the first unit (`None` for a repair).
    again: BTreeMap<(PlanName, Option<UnitId>), u32>,
    /// The agents that took over, by plan and own agent. `None` when that is unknown since the last `orch up`.
    stand_ins: BTreeMap<(PlanName, AgentName), Option<AgentName>>,
    /// Agents that met a limit.
    limited: BTreeSet<AgentName>,
    /// The agent of the last attempt that failed, by its first unit.
    failed: BTreeMap<(PlanName, UnitId), AgentName>,
    /// The first unit of the last attempt of each plan.
    begun: BTreeMap<PlanName, UnitId>,
    /// The first unit of the last attempt of each plan that failed.
    last: BTreeMap<PlanName, UnitId>,
    /// Conflicts, and the work that waits for their resolution.
    pub conflicts: Conflicts,
    widths: Widths,
    /// Questions, answers, unread messages that an agent continued with, work by hand, agents that took over, and those of them
    /// that took over a repair.
    pub counted: [u64; 6],
    /// Plans whose verification is red since the last attempt.
    red: BTreeSet<PlanName>,
}

impl Promises {
    pub fn of(work: &Work) -> Self {
        let ticked = work.plans.iter().flat_map(|plan| {
            let units = plan.units.iter().filter(|unit| unit.ticked);
            units.map(|unit| (plan.name.clone(), unit.id))
        });
        let done: BTreeSet<_> = ticked.collect();
        Self {
            checked: done.clone(),
            done,
            ..Self::default()
        }
    }

    /// Takes the next event, after which the state may be that of a later one.
    pub fn take(&mut self, work: &Work, state: &State, event: &Event) {
        let repair = match event {
            Event::AttemptAssigned { plan, attempt, .. } => {
                state.plan(plan).attempt(attempt).is_some_and(|now| now.repair)
            }
            _ => false,
        };
        self.conflicts.take(work, event, repair);
        self.widths.take(work, event);
        match event {
            Event::AttemptAssigned { .. } => self.assigned(work, state, event),
            Event::AgentStarted(AgentStart { plan, attempt, .. }) => {
                if let Some(begun) = self.at_work.get(attempt) {
                    let told = begun.told;
                    self.read(plan, told);
                }
            }
            Event::AttemptChecked {
                plan,
                attempt,
                evidence,
            } => {
                self.read(plan, evidence.read.unwrap_or(0));
                if evidence.asks.is_some() {
                    self.asked.insert(attempt.clone());
                }
            }
            Event::AttemptFailed {
                plan,
                attempt,
                unread,
                ..
            } => self.failed(plan, attempt, *unread),
            Event::AttemptParked(parked) => {
                self.limited.insert(parked.agent.clone());
                self.failed(&parked.plan, &parked.attempt, false);
            }
            Event::StageDone { plan, attempt, units } => self.stage_done(plan, attempt, units),
            Event::TaskDone(said) | Event::TaskSkipped(said) => self.settled(work, said),
            Event::TaskFailed(said) => self.taken_back(said),
            Event::WorkLeftOut(about) => {
                self.asking.remove(&(about.plan.clone(), Some(about.unit)));
                self.is_done(&about.plan, about.unit);
            }
            Event::PlanFinished(about) => {
                self.finished(work.plans.iter(), &about.plan);
                self.stand_ins.retain(|(of, _), _| *of != about.plan);
            }
            Event::VerifyFailed(about) => drop(self.red.insert(about.plan.clone())),
            // Where people did the work, there is no agent to try.
            Event::PlanHeld {
                plan,
                why: Hold::Verification { why },
            } if !matches!(why, Because::PhaseRed { .. }) => self.held_red(plan_of(work, plan)),
            Event::PlanFailed(about) => {
                let plan = plan_of(work, &about.plan);
                let last = self.last.get(&about.plan).filter(|_| !plan.by_units());
                last.into_iter().for_each(|unit| self.given_up(plan, *unit));
            }
            Event::WorkFailed {
                plan,
                unit,
                held: false,
                ..
            } => self.given_up(plan_of(work, plan), *unit),
            Event::QuestionAsked(question) => {
                self.counted[0] += 1;
                self.asking.insert((question.plan.clone(), question.unit));
            }
            Event::QuestionAnswered(answer) => {
                self.counted[1] += 1;
                self.asking.remove(&(answer.plan.clone(), answer.unit));
            }
            Event::RetryRequested(about) => {
                let inside = |unit: UnitId| match about.point {
                    Point::Plan => true,
                    Point::Phase(phase) => unit.phase() == phase,
                    Point::Task(task) => unit.covers(task),
                };
                self.asking
                    .retain(|(plan, unit)| *plan != about.plan || !unit.is_none_or(inside));
                self.stand_ins.retain(|(plan, _), _| *plan != about.plan);
            }
            Event::RunStarted { .. } => self.stand_ins.values_mut().for_each(|by| *by = None),
            Event::MessageSent(sent) => {
                let mail = self.mail.entry(sent.plan.clone()).or_default();
                mail.0 += 1;
                if !sent.message.by_orch {
                    mail.1 = sent.message.id;
                }
            }
            Event::Person(fact) => self.person(work, fact),
            _ => {}
        }
    }

    fn person(&mut self, work: &Work, fact: &PersonFact) {
        match fact {
            PersonFact::Read(mail) => self.read(&mail.plan, mail.up_to),
            PersonFact::ReviewReturned(back) => drop(self.again.remove(&(back.plan.clone(), None))),
            PersonFact::Replaced(replaced) => {
                let plan = plan_of(work, &replaced.plan);
                let place = |agent| plan.fallback.agents.iter().position(|known| known == agent);
                assert!(
                    place(&replaced.from).is_some() && place(&replaced.by) > place(&replaced.from),
                    "{replaced:?} is not the order of {:?}",
                    plan.fallback.agents
                );
                self.counted[4] += 1;
                self.counted[5] += u64::from(self.red.contains(&replaced.plan));
                let own = (replaced.plan.clone(), replaced.own.clone());
                self.stand_ins.insert(own, Some(replaced.by.clone()));
            }
            _ => {}
        }
    }

    fn read(&mut self, plan: &PlanName, up_to: u32) {
        let mail = self.mail.entry(plan.clone()).or_default();
        mail.2 = mail.2.max(up_to);
    }

    fn assigned(&mut self, work: &Work, state: &State, event: &Event) {
        let Event::AttemptAssigned {
            plan,
            attempt,
            agent,
            units,
            ..
        } = event
        else {
            return;
        };
        let begun = AtWork {
            plan: plan.clone(),
            agent: agent.clone(),
            units: units.clone(),
            repair: state.plan(plan).attempt(attempt).is_some_and(|now| now.repair),
            told: self.mail.get(plan).map_or(0, |mail| mail.0),
        };
        let of = |unit: &UnitId| (plan.clone(), *unit);
        assert!(
            !self.asking.contains(&(plan.clone(), None)),
            "{attempt} begins although {plan} asks a question"
        );
        if begun.is_by_person() {
            self.counted[3] += 1;
        } else {
            let asks = |unit: &&UnitId| self.asking.contains(&(plan.clone(), Some(**unit)));
            let asks = units.iter().find(asks);
            assert!(
                asks.is_none(),
                "{attempt} begins although {asks:?} asks a question"
            );
            if !begun.repair {
                let again = units.iter().find(|unit| self.checked.contains(&of(unit)));
                assert!(again.is_none(), "{attempt} does {again:?} of {plan} again");
                let by_hand = units.iter().all(|unit| self.by_hand.contains(&of(unit)));
                assert!(!by_hand, "{attempt} does {units:?} of {plan}, which a person did");
            }
            self.check_agent(work, &begun, attempt);
        }
        self.begun
            .extend(units.first().map(|first| (plan.clone(), *first)));
        self.red.remove(plan);
        self.at_work.insert(attempt.clone(), begun);
    }

    /// The agent is the unit's own, or the one that has taken over.
    fn check_agent(&self, work: &Work, begun: &AtWork, attempt: &AttemptId) {
        let plan = plan_of(work, &begun.plan);
        let Some(unit) = begun.units.first().and_then(|unit| plan.unit(*unit)) else {
            return;
        };
        let stand_in = self.stand_ins.get(&(begun.plan.clone(), unit.agent.clone()));
        let fits = match stand_in {
            None => unit.agent == begun.agent,
            Some(Some(by)) => *by == begun.agent,
            Some(None) => plan.fallback.agents.contains(&begun.agent),
        };
        assert!(fits, "{attempt} has {}: {} {stand_in:?}", begun.agent, unit.agent);
    }

    fn failed(&mut self, plan: &PlanName, attempt: &AttemptId, unread: bool) {
        let Some(ended) = self.at_work.remove(attempt) else {
            return;
        };
        for unit in &ended.units {
            self.by_hand.remove(&(plan.clone(), *unit));
            // What is no longer on the branch was not checked, by an agent or by a person.
            let check = (plan.clone(), UnitId::Task(TaskId::verify(unit.phase())));
            self.checked.remove(&check);
            self.by_hand.remove(&check);
        }
        self.said
            .retain(|(of, _), (_, by)| of != plan || by.as_ref() != Some(attempt));
        if unread {
            let again = self.again.entry(ended.first()).or_default();
            *again += 1;
            self.counted[2] += 1;
            assert!(
                *again <= MOST_AGAIN,
                "{attempt} goes on with messages for the {again}. time"
            );
        }
        if let Some(first) = ended.units.first() {
            self.failed.insert((plan.clone(), *first), ended.agent);
            self.last.insert(plan.clone(), *first);
        }
    }

    fn stage_done(&mut self, plan: &PlanName, attempt: &AttemptId, units: &[UnitId]) {
        let ended = self.at_work.remove(attempt).expect("an attempt is done once");
        assert!(
            ended.is_by_person() || !self.asked.contains(attempt),
            "{attempt} asked a question, and its work counts as done"
        );
        self.again.remove(&ended.first());
        if !ended.repair {
            self.again.remove(&(plan.clone(), None));
        }
        if !ended.repair {
            self.stand_ins.retain(|(of, _), _| of != plan);
        }
        for unit in ended.units.iter().chain(units) {
            self.is_done(plan, *unit);
            self.by_hand.remove(&(plan.clone(), *unit));
            self.asking.remove(&(plan.clone(), Some(*unit)));
        }
    }

    fn is_done(&mut self, plan: &PlanName, unit: UnitId) {
        self.done.insert((plan.clone(), unit));
        self.checked.insert((plan.clone(), unit));
    }

    fn settled(&mut self, work: &Work, report: &TaskReport) {
        let (name, task) = (&report.plan, report.task.task);
        if report.task.sub.is_some() {
            return;
        }
        self.said
            .insert((name.clone(), task), (true, report.attempt.clone()));
        let plan = plan_of(work, name);
        let Some(unit) = plan.unit_of(task).filter(|_| report.attempt.is_none()) else {
            return;
        };
        let at_work = |begun: &AtWork| begun.plan == *name && begun.units.contains(&unit);
        let said = |task: &TaskId| self.said.get(&(name.clone(), *task));
        let settled = |task: TaskId| said(&task).is_some_and(|(settled, _)| *settled);
        let free = !report.assumed && !self.at_work.values().any(at_work);
        if free && plan.unit_tasks(unit).into_iter().all(settled) {
            self.by_hand.insert((name.clone(), unit));
        }
    }

    fn taken_back(&mut self, report: &TaskReport) {
        let (name, task) = (&report.plan, report.task.task);
        self.said.insert((name.clone(), task), (false, None));
        let check = UnitId::Task(TaskId::verify(task.phase));
        let opens = |(plan, unit): &(PlanName, UnitId)| plan == name && (unit.covers(task) || *unit == check);
        self.done.retain(|known| !opens(known));
        self.checked.retain(|known| !opens(known));
        self.by_hand.retain(|known| !opens(known));
    }

    fn finished<'a>(&self, mut plans: impl Iterator<Item = &'a PlanWork>, name: &PlanName) {
        let plan = plans.find(|plan| plan.name == *name).expect("a known plan");
        self.check_done(plan);
        let asks = self.asking.iter().find(|(of, _)| of == name);
        assert!(asks.is_none(), "{name} is finished and asks: {asks:?}");
        let (_, last, read) = self.mail.get(name).copied().unwrap_or_default();
        assert!(
            last <= read,
            "{name} is finished with unread messages: {last} sent, {read} read"
        );
    }

    /// Nothing of a plan that is finished or lands is open.
    pub fn check_done(&self, plan: &PlanWork) {
        let open = |unit: &&UnitWork| !self.done.contains(&(plan.name.clone(), unit.id));
        let open: Vec<UnitId> = plan.units.iter().filter(open).map(|unit| unit.id).collect();
        assert!(open.is_empty(), "{} is complete with {open:?} open", plan.name);
    }

    /// Every agent of a list is tried before the work is given up.
    fn given_up(&self, plan: &PlanWork, unit: UnitId) {
        let name = &plan.name;
        let (Some(agent), Some(own)) = (self.failed.get(&(name.clone(), unit)), plan.unit(unit)) else {
            return;
        };
        self.check_tried(plan, &own.agent, agent);
    }

    /// None of the agents after this one in a list is left.
    fn check_tried(&self, plan: &PlanWork, own: &AgentName, agent: &AgentName) {
        let agents = &plan.fallback.agents;
        if agents.first() != Some(own) {
            return;
        }
        let after = agents.iter().skip_while(|known| *known != agent).skip(1);
        let free: Vec<&AgentName> = after.filter(|next| !self.limited.contains(*next)).collect();
        assert!(
            free.is_empty(),
            "{} is given up by {agent} before {free:?} tried",
            plan.name
        );
    }

    /// Every agent of a list has tried to repair what stays red.
    fn held_red(&self, plan: &PlanWork) {
        let last = self.begun.get(&plan.name).and_then(|unit| plan.unit(*unit));
        let own = last.unwrap_or(&plan.units[0]).agent.clone();
        let known = self.stand_ins.get(&(plan.name.clone(), own.clone()));
        // Unknown since the last `orch up`.
        let Some(agent) = known.map_or(Some(&own), Option::as_ref) else {
            return;
        };
        self.check_tried(plan, &own, agent);
    }

    /// Work that waits for an answer uses no slot.
    pub fn check_asking(&self, state: &State) {
        for (plan, unit) in &self.asking {
            let run = state.plan(plan);
            let busy = match unit {
                None => run.is_at_work(),
                Some(unit) => run.attempts.values().any(|attempt| {
                    let by_person = attempt.agent.as_str() == "person";
                    !by_person && attempt.units.contains(unit)
                }),
            };
            assert!(!busy, "{plan} {unit:?} asks a question and is at work");
        }
    }

    /// At the end every question that can still be answered is shown to the lead.
    pub fn check_end(&self, work: &Work, state: &State) {
        let shown = attention(work, state);
        for (plan, unit) in &self.asking {
            let run = state.plan(plan);
            let waits = match unit {
                None => matches!(run.outcome, Some(Outcome::Held(Hold::Asks { .. }))),
                Some(unit) => {
                    let open = matches!(run.outcome, None | Some(Outcome::Held(_)));
                    open && matches!(run.lost.get(unit), Some(Lost::Held { .. }))
                }
            };
            if !waits || !run.cancelling.is_empty() {
                continue;
            }
            let open = questions(state, plan);
            assert!(
                open.iter().any(|(of, _)| of == unit),
                "{plan} {unit:?} asks, and nobody can answer: {open:?}"
            );
            let told = shown
                .iter()
                .any(|item| item.plan == *plan && item.kind == AttentionKind::Question);
            assert!(told, "{plan} {unit:?} asks, and nobody is told");
        }
    }
}

fn plan_of<'a>(work: &'a Work, name: &PlanName) -> &'a PlanWork {
    let mut plans = work.plans.iter();
    plans.find(|plan| plan.name == *name).expect("a known plan")
}
