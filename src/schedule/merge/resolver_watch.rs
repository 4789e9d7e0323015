//! Agents that resolve conflicts, while they are at it: ended when a person or the budget says so, watched for standing still,
//! and given it again when something that passes was in their way.

use crate::plan::{PlanName, Point};
use crate::schedule::attempts::stuck::pause;
use crate::schedule::board::ask::Ask;
use crate::schedule::board::effect::Effect;
use crate::schedule::drive::scheduler::{Scheduler, Step};
use crate::schedule::event::at::At;
use crate::schedule::event::exit::Exit;
use crate::schedule::event::fact::Event;
use crate::schedule::event::facts::Obstacle;
use crate::schedule::event::resolving::{ResolverFailed, Resolving};
use crate::schedule::state::known::Phase;

impl Scheduler {
    /// A person asked to stop: agents that resolve conflicts are ended too.
    pub(in crate::schedule) fn stop_resolvers(&mut self, step: &mut Step) {
        let Phase::Stopping { now } = self.state.phase else {
            return;
        };
        for number in self.state.resolving.clone() {
            self.stop_resolver(number, now, step);
        }
    }

    /// Ends those that a person does not want to go on, that stand still, or for which there is no money.
    pub(in crate::schedule) fn stop_unwanted_resolvers(&mut self, step: &mut Step) {
        for number in self.state.resolving.clone() {
            let run = &self.state.plans[number];
            let paused = run.paused.get(&Point::Plan) == Some(&true);
            let cancelled = run.cancelling.contains(&Point::Plan);
            let agent = run.resolution.agent.as_ref();
            let own = agent.is_some_and(|agent| agent.cancelled || agent.is_given_up());
            if paused || cancelled || own || self.is_beyond_budget(number) {
                self.stop_resolver(number, false, step);
            }
        }
    }

    fn stop_resolver(&mut self, number: usize, now: bool, step: &mut Step) {
        let agent = self.state.plans[number].resolution.agent.as_ref();
        let Some(attempt) = agent.map(|agent| agent.attempt.clone()) else {
            return;
        };
        // Nobody has it yet otherwise.
        if self.asked.contains(&Ask::Resolve(attempt.clone())) {
            let stop = Effect::Stop {
                attempt: attempt.clone(),
                now,
            };
            self.ask(Ask::Stop(attempt, now), stop, step);
        }
    }

    /// Asks for the looks that are due, and notes when to look again.
    pub(in crate::schedule) fn watch_resolvers(&mut self, at: At, step: &mut Step) {
        self.frontier.next_look = None;
        for number in self.state.resolving.clone() {
            let (plan, run) = (&self.work.plans[number], &self.state.plans[number]);
            let (Some(patience), Some(agent)) = (plan.attempts.stuck_after, &run.resolution.agent) else {
                continue;
            };
            if agent.is_given_up() || agent.cancelled {
                continue;
            }
            let seen = self.looked.get(&agent.attempt).copied().unwrap_or(agent.since);
            let due = seen + pause(patience);
            if due > at {
                let next = self.frontier.next_look.map_or(due, |next| next.min(due));
                self.frontier.next_look = Some(next);
                continue;
            }
            let (plan, attempt) = (plan.name.clone(), agent.attempt.clone());
            let look = Effect::Look {
                plan,
                lane: 0,
                attempt: attempt.clone(),
                patience,
            };
            self.ask(Ask::Look(attempt), look, step);
        }
    }

    /// What is to be recorded of the end of an agent that resolved a conflict: why it ended is known better here.
    pub(in crate::schedule) fn with_its_reason(&self, event: Event) -> Event {
        let Event::Resolve(Resolving::Failed(failed)) = event else {
            return event;
        };
        let agent = self.state.plan(&failed.plan).resolution.agent.as_ref();
        let stuck = agent
            .filter(|agent| agent.is_given_up())
            .and_then(|agent| agent.stuck.as_ref());
        let why = match stuck {
            Some(stuck) if failed.exit == Exit::Stopped => stuck.why(),
            None if failed.exit == Exit::Stopped && self.is_out_of_money(&failed.plan) => {
                "it was ended because the budget is used up".to_owned()
            }
            _ => match self.obstacle_of(&failed) {
                Some(obstacle) => format!("{}: {}", obstacle.kind.word(), obstacle.why),
                None => failed.why.clone(),
            },
        };
        Event::Resolve(Resolving::Failed(ResolverFailed { why, ..failed }))
    }

    fn is_out_of_money(&self, plan: &PlanName) -> bool {
        self.state
            .number(plan)
            .is_some_and(|number| self.is_beyond_budget(number))
    }

    /// What was in its way although it did nothing wrong; nothing where it was asked to stop. Programs that would wait for long
    /// are stopped by their runner.
    fn obstacle_of(&self, failed: &ResolverFailed) -> Option<&Obstacle> {
        let asked = |now| self.asked.contains(&Ask::Stop(failed.attempt.clone(), now));
        let record = self.state.plan(&failed.plan).history_of(&failed.attempt)?;
        record
            .facts
            .obstacle
            .as_ref()
            .filter(|_| !asked(false) && !asked(true))
    }

    /// How long the plan waits where an agent that was to resolve its conflict met something that passes. To be asked before
    /// its end is recorded.
    pub(in crate::schedule) fn parked_resolver(&self, at: At, event: &Event) -> Option<Event> {
        let Event::Resolve(Resolving::Failed(failed)) = event else {
            return None;
        };
        let agent = self.state.plan(&failed.plan).resolution.agent.as_ref()?;
        let obstacle = self
            .obstacle_of(failed)
            .filter(|obstacle| obstacle.kind.passes())?;
        let used = (agent.agent.clone(), agent.account.clone());
        let parked = self.parked(at, &failed.plan, &failed.attempt, used, agent.resets_at, obstacle);
        Some(Event::AttemptParked(parked))
    }

    /// When an agent that is wanted for a conflict can be started.
    pub(in crate::schedule) fn resolver_reopens(&self) -> Option<At> {
        self.frontier.reopens
    }
}
