//! Between the state and the merge train: who is in the queue, and what is recorded about what became of them.

use super::landing;
use super::prefix::{Prefix, prefix};
use crate::plan::{CommitId, PhaseId, PlanName, WorkRef};
use crate::schedule::board::ask::Ask;
use crate::schedule::board::effect::Effect;
use crate::schedule::drive::scheduler::{Scheduler, Step};
use crate::schedule::event::about::{FlakyMerge, VerifiedMerge};
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::merge_facts::{Landed, MergeBegun, NotLanded};
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::state::plan_run::{Merge, Outcome as PlanOutcome};
use crate::schedule::train::{Answer, Order, Outcome, Tried};

impl Scheduler {
    /// Refuses what cannot land and lets the train go on with what can.
    pub(in crate::schedule) fn land(&mut self, at: At, step: &mut Step) {
        if !std::mem::take(&mut self.frontier.landing) {
            return;
        }
        self.refuse_paused(at, step);
        while let Some((plan, why)) = landing::refusal(&self.work, &self.state) {
            self.not_landed(at, plan, why, step);
        }
        self.try_red_ones_again(at, step);
        self.frontier.landing = false;
        let under_way = (!self.train.is_idle()).then(|| self.train.heads_for().map(str::to_owned));
        let (into, queue) = landing::queue(&self.work, &self.state, under_way);
        self.train.set_queue(into, queue);
        self.train.lend(self.early.busy());
        for order in self.train.decide(&self.state.odds) {
            if let Order::Try(trial) = &order {
                for plan in &trial.stack {
                    if !matches!(self.state.plan(plan).merge, Merge::Running(_)) {
                        let (plan, part) = (plan.clone(), landing::part(&self.work, &self.state, plan));
                        self.record(at, Event::MergeStarted(MergeBegun { plan, part }), step);
                    }
                }
            }
            self.order(order, step);
        }
    }

    fn order(&mut self, order: Order, step: &mut Step) {
        let ask = match &order {
            Order::Try(trial) => Ask::Try(trial.id),
            Order::Stop(trial) => Ask::StopTrial(*trial),
            Order::Land(_) => Ask::Land,
        };
        let into = self.train.heads_for().map(str::to_owned);
        self.ask(ask, Effect::Train { order, into }, step);
    }

    /// Takes in what the shell says about the train.
    pub(in crate::schedule) fn take_answer(&mut self, at: At, answer: Answer, step: &mut Step) {
        match &answer {
            Answer::Tried { trial, tried, .. } => {
                self.asked.remove(&Ask::Try(*trial));
                self.asked.remove(&Ask::StopTrial(*trial));
                let about = self.train.running().find(|running| running.id == *trial);
                if let (Some(about), Tried::Verdict(verdict)) = (about, tried)
                    && verdict.runs > 0
                {
                    let verified = Event::MergeVerified(VerifiedMerge {
                        plan: about.stack.last().cloned(),
                        plans: about.stack.clone(),
                        verdict: verdict.clone(),
                    });
                    self.record(at, verified, step);
                }
            }
            Answer::Landed(_) => {
                self.asked.remove(&Ask::Land);
            }
        }
        let into = self.train.heads_for().map(str::to_owned);
        let target = into.or_else(|| self.state.run.as_ref().map(|run| run.target.clone()));
        for outcome in self.train.take(answer) {
            let event = match outcome {
                Outcome::Landed { plan, before, commit } => {
                    self.has_landed(plan, before, commit, target.as_deref())
                }
                Outcome::Failed(plan, why) => {
                    if matches!(why, MergeTrouble::Verification { .. }) {
                        self.train.ejected.red(&plan);
                    }
                    self.not_landed(at, plan, why, step);
                    continue;
                }
                Outcome::Flaky { stack, why } => Event::MergeFlaky(FlakyMerge {
                    plan: stack.last().cloned(),
                    plans: stack,
                    why,
                }),
                Outcome::Rebuilt => continue,
            };
            self.record(at, event, step);
        }
        self.frontier.landing = true;
    }

    fn has_landed(
        &mut self,
        plan: PlanName,
        before: Option<CommitId>,
        commit: CommitId,
        target: Option<&str>,
    ) -> Event {
        self.train.ejected.landed(&plan);
        let number = self.state.number(&plan);
        Event::MergeLanded(Landed {
            target: target.unwrap_or_default().to_owned(),
            before,
            commit,
            part: self.state.plan(&plan).merge_prefix.clone(),
            print: number.map(|number| self.work.plans[number].document.print()),
            plan,
        })
    }

    /// Plans that were red before others landed are asked for once more, when the train has nothing else to do; and whoever
    /// waits for them.
    fn try_red_ones_again(&mut self, at: At, step: &mut Step) {
        let nobody_lands = || self.state.plans().all(|(_, run)| run.merge == Merge::Idle);
        if !self.train.is_idle() || !nobody_lands() {
            return;
        }
        let trouble = |plan: &PlanName| {
            let run = self.state.plan(plan);
            let open = run.outcome == Some(PlanOutcome::Finished) && run.paused.is_empty();
            run.merge_trouble
                .as_ref()
                .filter(|_| open && !self.state.is_landed(plan))
        };
        let red = |plan: &PlanName| matches!(trouble(plan), Some(MergeTrouble::Verification { .. }));
        let at_the_end = self.state.open_attempts().next().is_none();
        let mut plans = self.train.ejected.due(at_the_end, red);
        if plans.is_empty() {
            return;
        }
        let behind = |plans: &[PlanName]| {
            let mut names = self.work.plans.iter().map(|plan| &plan.name);
            let waits = |plan: &&PlanName| matches!(trouble(plan), Some(MergeTrouble::Waits { on }) if plans.contains(on));
            names.find(|plan| !plans.contains(*plan) && waits(plan)).cloned()
        };
        while let Some(plan) = behind(&plans) {
            plans.push(plan);
        }
        let plans = plans.iter().map(WorkRef::whole).collect();
        let into = self.train.heads_for().map(str::to_owned);
        self.record(at, Event::MergeRequested { plans, into }, step);
    }

    /// A person asked to stop: ends what the train has under way, and lets go of the rest.
    pub(in crate::schedule) fn stop_train(&mut self, at: At, step: &mut Step) {
        for trial in self.train.stop() {
            self.order(Order::Stop(trial), step);
        }
        if !self.train.is_idle() {
            return;
        }
        let left = self
            .state
            .plans()
            .filter(|(_, run)| matches!(run.merge, Merge::Running(_)));
        for plan in left.map(|(name, _)| name.clone()).collect::<Vec<PlanName>>() {
            let why = "a person asked to stop before its turn came".to_owned();
            let why = MergeTrouble::Refused { why };
            self.not_landed(at, plan, why, step);
        }
    }

    /// The first phases of a plan that a merge up to a phase would be about; none while the commit is being looked for.
    ///
    /// # Errors
    ///
    /// Why there are none that could land.
    pub fn first_phases(&self, plan: &PlanName, up_to: PhaseId) -> Result<Option<Prefix>, MergeTrouble> {
        match self.plan_work(plan) {
            Some(work) => prefix(work, self.state.plan(plan), up_to),
            None => Ok(None),
        }
    }

    fn not_landed(&mut self, at: At, plan: PlanName, why: MergeTrouble, step: &mut Step) {
        let up_to = self.state.plan(&plan).merge_up_to;
        self.record(at, Event::MergeFailed(NotLanded { plan, up_to, why }), step);
    }
}
