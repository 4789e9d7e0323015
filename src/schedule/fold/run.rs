//! Folds one event into the state. The fold is total and tolerant: an event about a plan, attempt or task that is no longer in
//! the manifest changes nothing. So a journal can be read with a manifest that was edited since.

use super::merge::{merge_not_wanted, waits_no_longer};
use super::parking::{limit, take_usage, unlimit};
use super::plan::apply;
use super::reopening::reopen;
use crate::plan::{ManifestChange, Message, PlanName, Point, WorkRef};
use crate::schedule::event::about::{ManifestEdit, Steered};
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::facts::Spent;
use crate::schedule::event::merge_facts::NotLanded;
use crate::schedule::event::person::person_fact::PersonFact;
use crate::schedule::event::resolving::Resolving;
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::state::attempt::AttemptState;
use crate::schedule::state::known::{RunInfo, RunPhase, State};
use crate::schedule::state::person::mail::{Letter, concerns_lead};
use crate::schedule::state::plan_run::{Merge, Outcome, PlanRun, Verify};
use crate::schedule::width::WidthMemory;

impl State {
    /// Folds one event into the state.
    pub fn apply(&mut self, at: At, event: &Event) {
        self.count_time(at, event);
        self.now = self.now.max(at);
        self.fold(at, event);
        self.note_gain(event);
    }

    /// Counts the time since the last event for the gain of parallel work.
    fn count_time(&mut self, at: At, event: &Event) {
        let driven = self.phase == RunPhase::Driving && !self.is_merge_only();
        if !driven || matches!(event, Event::RunStarted { .. }) {
            self.width.skip(at);
        } else if at > self.width.seen() {
            let at_work = self.open_attempts();
            let at_work = at_work.filter(|(_, _, attempt)| attempt.state == AttemptState::Running);
            let agents = at_work.count() + self.resolving.len();
            let own = |run: &PlanRun| {
                run.is_at_work() || run.verify == Verify::Running || matches!(run.merge, Merge::Running(_))
            };
            let own = agents == 0 && self.plans.iter().any(own);
            self.width.pass(at, agents, own);
        }
    }

    /// Counts ended attempts for the gain of parallel work, and changes the width.
    fn note_gain(&mut self, event: &Event) {
        if let Event::RunWidth(change) = event {
            let at_work = self.open_attempts().count();
            self.width.note_change(change, at_work);
        } else if let Event::AgentEnded { .. } = event {
            let left = self.open_attempts().count();
            self.width.agent_ended(left);
        } else if let Event::StageDone { .. } = event {
            self.width.note_judged(0);
        } else if let Event::AttemptFailed {
            plan,
            attempt,
            counted: true,
            ..
        } = event
        {
            let took = self.plan(plan).history.iter().rev();
            let mut took = took.filter(|record| record.id == *attempt);
            let took = took.find_map(|record| Some(record.ended?.0.saturating_sub(record.started?.0)));
            self.width.note_judged(took.unwrap_or(0));
        }
    }

    fn fold(&mut self, at: At, event: &Event) {
        match event {
            Event::RunStarted {
                run,
                base,
                target,
                only,
                merge_only,
            } => {
                let info = RunInfo {
                    id: *run,
                    base: base.clone(),
                    target: target.clone(),
                    only: only.iter().cloned().collect(),
                    merge_only: None,
                    started: at,
                };
                if *merge_only {
                    self.begin_merging(info);
                } else {
                    self.begin_run(at, info);
                }
            }
            Event::RunStopping { now } => {
                self.phase = RunPhase::Stopping {
                    now: *now || self.phase == RunPhase::Stopping { now: true },
                };
            }
            Event::RunStopped { resume, .. } => {
                let before = self.run.as_mut().and_then(|run| run.merge_only.take());
                if before.is_some() {
                    // The person who requested the remaining merges has got an answer.
                    self.plans.iter_mut().for_each(merge_not_wanted);
                }
                self.phase = before.unwrap_or(RunPhase::Stopped { resume: *resume });
            }
            Event::RunSettled {} => self.phase = RunPhase::Settled,
            Event::MergeRequested { plans, into } => self.request_merge(plans, into.as_deref()),
            Event::ManifestChanged(edit) => self.begin_added(at, edit),
            Event::TargetChecked(checked) => match checked.why {
                Some(_) => drop(self.red_targets.insert(checked.target.clone(), checked.clone())),
                None => drop(self.red_targets.remove(&checked.target)),
            },
            Event::MergeVerified(merge) => self.build_time.note(&merge.verdict),
            Event::Warning { .. } | Event::MergeFlaky(_) | Event::RunWidth(_) => {}
            Event::MergeLanded(landed) => {
                self.failure_rate.note(false);
                self.apply_to_plan(at, event);
                self.plans.iter_mut().for_each(waits_no_longer(&landed.plan));
            }
            Event::MergeFailed(NotLanded {
                why: MergeTrouble::Verification { .. },
                ..
            }) => {
                self.failure_rate.note(true);
                self.apply_to_plan(at, event);
            }
            Event::AgentUsage(usage) => {
                if let Some(number) = self.number(&usage.plan) {
                    let (before, now) = take_usage(&mut self.plans[number], at, usage);
                    self.spent = self.spent.beyond(before).plus(now);
                }
            }
            Event::AttemptParked(parked) => {
                limit(self, at, parked);
                self.apply_to_plan(at, event);
            }
            Event::StageDone { plan, attempt, .. } => {
                let current = self.plan(plan).attempt(attempt);
                let used = current.map(|current| (current.agent.clone(), current.account.clone()));
                if let Some((agent, account)) = used {
                    unlimit(self, &agent, account.as_ref());
                }
                self.apply_to_plan(at, event);
            }
            Event::Resolve(Resolving::Done(done)) if done.attempt.is_some() => {
                let agent = self.plan(&done.plan).resolution.agent.as_ref();
                let used = agent.map(|agent| (agent.agent.clone(), agent.account.clone()));
                if let Some((agent, account)) = used {
                    unlimit(self, &agent, account.as_ref());
                }
                self.apply_to_plan(at, event);
            }
            Event::RetryRequested(Steered { plan, .. }) => {
                self.apply_to_plan(at, event);
                self.reopen_skipped(at, plan);
            }
            Event::MessageSent(sent) => {
                self.apply_to_plan(at, event);
                self.note_letter(at, Some(&sent.plan), &sent.message);
            }
            Event::Person(PersonFact::ToLead(sent)) => {
                self.apply_to_plan(at, event);
                self.note_letter(at, None, &sent.message);
            }
            Event::Person(PersonFact::Seen { up_to }) => self.lead.seen = self.lead.seen.max(*up_to),
            _ => self.apply_to_plan(at, event),
        }
    }

    /// Adds a message to the lead's mail if it concerns the lead, and marks the message that it answers. The answered message was
    /// sent to the plan whose agent wrote this one, else to the lead.
    fn note_letter(&mut self, at: At, to: Option<&PlanName>, message: &Message) {
        if to.is_none() || concerns_lead(message) {
            self.lead.take(at, to, message);
        }
        let answered = message.answers.filter(|_| to.is_some());
        match message.from.as_ref().map(|from| self.number(from)) {
            None => self.lead.answered.extend(answered),
            Some(Some(number)) => {
                self.plans[number].mail.answered.extend(answered);
                let from = message.from.as_ref();
                // The lead need not look at messages that the agents of that plan have answered.
                let about = |letter: &&Letter| {
                    letter.to.as_ref() == from && Some(letter.message.id) == message.answers
                };
                let over: Vec<u32> = self
                    .lead
                    .letters
                    .iter()
                    .filter(about)
                    .map(|letter| letter.id)
                    .collect();
                self.lead.answered.extend(over);
            }
            Some(None) => {}
        }
    }

    fn apply_to_plan(&mut self, at: At, event: &Event) {
        if let Some(number) = event.plan().and_then(|name| self.number(name)) {
            apply(&mut self.plans[number], at, event);
            if self.plans[number].is_at_work() {
                self.at_work.insert(number);
            } else {
                self.at_work.remove(&number);
            }
            if self.plans[number].open_conflict().is_some() {
                self.in_conflict.insert(number);
            } else {
                self.in_conflict.remove(&number);
            }
            if self.plans[number].resolution.agent.is_some() {
                self.resolving.insert(number);
            } else {
                self.resolving.remove(&number);
            }
        }
    }

    /// Reopens skipped plans, because they may depend on the plan that is tried again. The others are skipped again.
    fn reopen_skipped(&mut self, at: At, again: &PlanName) {
        for (name, plan) in self.names.iter().zip(&mut self.plans) {
            let by_cause = matches!(&plan.outcome, Some(Outcome::Skipped(_))) && !plan.left_out;
            if name != again && by_cause {
                plan.outcome = None;
                plan.since = at;
            }
        }
    }

    fn begin_run(&mut self, at: At, info: RunInfo) {
        let new_run = self.run.as_ref().map(|run| run.id) != Some(info.id);
        for (name, plan) in self.names.iter().zip(&mut self.plans) {
            if info.drives(name) {
                reopen(plan, at, new_run);
                if new_run && plan.is_untouched() && plan.since == At::default() {
                    plan.since = at;
                }
            }
        }
        if new_run {
            self.spent = Spent::default();
            self.width = WidthMemory::default();
            self.width.skip(at);
        }
        self.in_conflict
            .retain(|number| self.plans[*number].open_conflict().is_some());
        self.phase = RunPhase::Driving;
        self.run = Some(info);
    }

    /// Plans that were added during the run begin now.
    fn begin_added(&mut self, at: At, edit: &ManifestEdit) {
        for (name, plan) in self.names.iter().zip(&mut self.plans) {
            let added = |change: &ManifestChange| change.added_plan().as_ref() == Some(name);
            if plan.is_untouched() && edit.changes.iter().any(added) {
                plan.since = at;
            }
        }
    }

    /// Begins to land finished plans. The run and the outcomes of its plans stay as they are.
    fn begin_merging(&mut self, info: RunInfo) {
        let before = self
            .run
            .as_ref()
            .and_then(|run| run.merge_only)
            .unwrap_or(self.phase);
        self.phase = RunPhase::Driving;
        let run = self.run.get_or_insert(info.clone());
        run.target = info.target;
        run.merge_only = Some(before);
    }

    fn request_merge(&mut self, plans: &[WorkRef], into: Option<&str>) {
        let onto = into
            .or(self.run.as_ref().map(|run| run.target.as_str()))
            .map(str::to_owned);
        for (name, plan) in self.names.iter().zip(&mut self.plans) {
            let finished = matches!(plan.outcome, Some(Outcome::Finished));
            let landed = onto.as_ref().is_some_and(|onto| plan.landed.contains_key(onto));
            let up_to = if plans.is_empty() {
                (finished && !landed).then_some(None)
            } else {
                let named = plans.iter().rfind(|named| named.plan == *name);
                named.map(|named| named.point.phase())
            };
            let Some(up_to) = up_to else { continue };
            match &plan.resolution.agent {
                None => plan.merge_wanted(up_to, into.map(str::to_owned)),
                // The agent's resolution of this conflict lands without a request.
                Some(agent) if agent.up_to == up_to => {}
                Some(_) => plan.merge_next = Some((up_to, into.map(str::to_owned))),
            }
        }
    }
}

/// The point's spelling in events and refs: `plan`, `2`, `2.3`.
pub fn point_word(point: Point) -> String {
    match point {
        Point::Plan => "plan".to_owned(),
        Point::Phase(phase) => phase.to_string(),
        Point::Task(task) => task.to_string(),
    }
}

impl RunInfo {
    /// True when this run works on the plan.
    pub fn drives(&self, plan: &PlanName) -> bool {
        self.only.is_empty() || self.only.contains(plan)
    }
}
