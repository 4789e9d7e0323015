//! Agents that resolve conflicts between plans and the target: which start, when, and what follows from their result.

use crate::plan::{AgentName, AttemptId, PhaseId, Point};
use crate::schedule::attempts::budget::is_broke;
use crate::schedule::board::ask::Ask;
use crate::schedule::board::core::Board;
use crate::schedule::board::effect::{Effect, ResolveOrder};
use crate::schedule::board::step::Step;
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::resolving::{ResolverStarted, Resolving};
use crate::schedule::event::trouble::{ConflictSides, MergeTrouble};
use crate::schedule::ready::dispatch::Room;
use crate::schedule::state::limits::Choice;
use crate::schedule::state::plan_run::{Merge, Outcome};

/// Starts agents on conflicts that were not tried yet, once for each pair of target tip and branch tip.
pub(in crate::schedule) fn start_resolvers(board: &mut Board, at: At, step: &mut Step) {
    if !std::mem::take(&mut board.frontier.resolving) {
        return;
    }
    board.frontier.reopens = None;
    for number in board.state.resolving.clone() {
        ask_resolver(board, number, step);
    }
    for number in 0..board.work.resolvers.len() {
        let Some(agent) = board.work.resolvers[number].clone() else {
            continue;
        };
        let Some((up_to, sides)) = due_conflict(board, number) else {
            continue;
        };
        let room = Room::left(&board.work, &board.state);
        let most = board.work.agent_limits.get(&agent).copied().unwrap_or(usize::MAX);
        if room.slots == 0 || room.agents.get(&agent).copied().unwrap_or(0) >= most {
            // Try again when a slot may be free.
            board.frontier.resolving = true;
            return;
        }
        let name = board.work.plans[number].name.clone();
        let account = match account_for(board, number, &agent) {
            Choice::Account(account) => account,
            Choice::Closed(until, _) => {
                board.frontier.resolving = true;
                let first = board.frontier.reopens.map_or(until, |first| first.min(until));
                board.frontier.reopens = Some(first);
                continue;
            }
        };
        let sequence = board.state.plans[number].history.len() + 1;
        let started = ResolverStarted {
            attempt: AttemptId::new(&name, u32::try_from(sequence).unwrap_or(u32::MAX)),
            plan: name,
            up_to,
            agent,
            account,
            onto: sides.onto,
            head: sides.head,
        };
        board.record(at, Event::Resolve(Resolving::Started(started)), step);
        ask_resolver(board, number, step);
    }
}

/// Returns the account for the agent, or when the agent becomes available again after a temporary obstacle.
fn account_for(board: &Board, number: usize, agent: &AgentName) -> Choice {
    let run = &board.state.plans[number];
    match run.parking(agent, board.state.now) {
        Some(parking) => Choice::Closed(parking.until, parking.why.clone()),
        None => board
            .state
            .choose_account(agent, &board.work.plans[number].name, None),
    }
}

/// Returns how much of a plan an agent should resolve, and the conflicting commits.
fn due_conflict(board: &Board, number: usize) -> Option<(Option<PhaseId>, ConflictSides)> {
    let run = &board.state.plans[number];
    let idle = run.merge == Merge::Idle && run.merge_next.is_none();
    let resolution = &run.resolution;
    // A conflict that a person resolves is left to the person.
    let by_person = resolution.path.is_some() && resolution.left_by.is_none();
    let unwanted =
        run.is_paused() || run.cancelling.contains(&Point::Plan) || run.outcome == Some(Outcome::Cancelled);
    if !idle || unwanted || by_person || resolution.agent.is_some() || is_broke(board, number) {
        return None;
    }
    let whole = run.merge_trouble.as_ref().map(|trouble| (None, trouble));
    let whole = whole.filter(|_| run.outcome == Some(Outcome::Finished) && !run.merge_again);
    let part = run.prefix_trouble.as_ref();
    let part = part.map(|(phase, trouble)| (Some(*phase), trouble));
    let mut all = whole.into_iter().chain(part);
    all.find_map(|(up_to, trouble)| {
        let sides = trouble.sides()?;
        let pair = (sides.onto.clone(), sides.head.clone());
        let ended = resolution.ended_for_standing_still(&pair);
        let again = ended <= board.work.plans[number].attempts.retries;
        (again && !resolution.tried.contains(&pair)).then(|| (up_to, sides.clone()))
    })
}

fn ask_resolver(board: &mut Board, number: usize, step: &mut Step) {
    let (plan, run) = (&board.work.plans[number], &board.state.plans[number]);
    let Some(at_work) = run.resolution.agent.clone() else {
        return;
    };
    let mut with = Vec::new();
    if let Some(MergeTrouble::Conflict { with: others, .. }) = run.trouble_of(at_work.up_to) {
        with.clone_from(others);
    }
    let order = ResolveOrder {
        plan: plan.name.clone(),
        up_to: at_work.up_to,
        attempt: at_work.attempt.clone(),
        agent: at_work.agent,
        account: at_work.account,
        onto: at_work.onto,
        head: at_work.head,
        with,
        anew: run.resolution.left_by.is_some(),
        timeout: plan.attempts.timeout,
    };
    board.ask(
        Ask::Resolve(at_work.attempt),
        Effect::Resolve(Box::new(order)),
        step,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::CommitId;
    use crate::plan::PlanName;
    use crate::plan::{RunId, WorkRef};
    use crate::schedule::drive::scheduler::Input;
    use crate::schedule::drive::scheduler::Scheduler;
    use crate::schedule::event::about::OfPlan;
    use crate::schedule::event::exit::Exit;
    use crate::schedule::event::merge_facts::{MergeBegun, NotLanded};
    use crate::schedule::event::resolving::ResolverFailed;
    use crate::schedule::work::plans::Work;

    fn commit(digit: &str) -> CommitId {
        digit.repeat(40).parse().unwrap()
    }

    /// A supervisor that lands. Its two plans are finished, and two agents may run.
    fn scheduler() -> Scheduler {
        let manifest = "[run]\nmax_agents = 2\n[merge]\non_conflict = \"agent\"\n[agents.a]\ncommand = [\"a\"]\nmax = 1\n\
                        [plans.one]\nprompt = \"do it\"\n[plans.two]\nprompt = \"do it\"\n";
        let parsed = crate::plan::manifest::parse_manifest("plans.toml".as_ref(), manifest);
        let set = crate::plan::manifest::resolve(parsed, Default::default()).unwrap();
        let mut scheduler = Scheduler::new(Work::new(&set, &Default::default(), false));
        let started = Event::RunStarted {
            run: RunId(1),
            base: commit("0"),
            target: "main".to_owned(),
            only: Vec::new(),
            merge_only: true,
        };
        let _ = scheduler.take(At(0), &started);
        for plan in ["one", "two"] {
            let of = OfPlan {
                plan: plan.parse().unwrap(),
            };
            let _ = scheduler.take(At(0), &Event::PlanFinished(of));
        }
        scheduler
    }

    fn conflict(plan: &str, onto: &str) -> Event {
        Event::MergeFailed(NotLanded {
            plan: plan.parse().unwrap(),
            up_to: None,
            why: MergeTrouble::Conflict {
                with: Vec::new(),
                files: vec!["a".to_owned()],
                tried: None,
                sides: Some(Box::new(ConflictSides {
                    onto: commit(onto),
                    head: commit("9"),
                })),
            },
        })
    }

    fn orders(step: &Step) -> Vec<ResolveOrder> {
        let orders = step.effects.iter().filter_map(|effect| match effect {
            Effect::Resolve(order) => Some((**order).clone()),
            _ => None,
        });
        orders.collect()
    }

    /// Returns the orders that follow when a plan conflicts.
    fn fails(scheduler: &mut Scheduler, plan: &str, onto: &str) -> Vec<ResolveOrder> {
        let name: PlanName = plan.parse().unwrap();
        let begun = MergeBegun {
            plan: name.clone(),
            part: None,
        };
        scheduler.handle(
            At(1),
            Input::Event(Event::MergeRequested {
                plans: vec![WorkRef::whole(&name)],
                into: None,
            }),
        );
        let _ = scheduler.take(At(1), &Event::MergeStarted(begun));
        orders(&scheduler.handle(At(1), Input::Event(conflict(plan, onto))))
    }

    fn failed(order: &ResolveOrder, exit: Exit) -> Input {
        Input::Event(Event::Resolve(Resolving::Failed(ResolverFailed {
            plan: order.plan.clone(),
            up_to: order.up_to,
            attempt: order.attempt.clone(),
            exit,
            why: "it could not".into(),
            path: None,
        })))
    }

    #[test]
    fn an_agent_tries_once_for_each_target_and_branch() {
        let mut scheduler = scheduler();
        let tried = fails(&mut scheduler, "one", "1");
        assert_eq!(tried.len(), 1);
        assert_eq!(
            (tried[0].attempt.as_str(), &tried[0].onto),
            ("one-1", &commit("1"))
        );
        scheduler.handle(At(2), failed(&tried[0], Exit::Code { code: 0 }));
        assert!(fails(&mut scheduler, "one", "1").is_empty());
        let again = fails(&mut scheduler, "one", "2");
        assert_eq!(again[0].attempt.as_str(), "one-2");
        // An attempt that a person stopped has no result.
        let anew = orders(&scheduler.handle(At(3), failed(&again[0], Exit::Stopped)));
        assert_eq!(anew[0].attempt.as_str(), "one-3");
    }

    #[test]
    fn limits_of_agents_hold_for_conflicts_too() {
        let mut scheduler = scheduler();
        let first = fails(&mut scheduler, "one", "1");
        assert!(fails(&mut scheduler, "two", "1").is_empty(), "one of it at once");
        let next = orders(&scheduler.handle(At(2), failed(&first[0], Exit::Code { code: 0 })));
        assert_eq!(next.len(), 1);
        assert_eq!(next[0].plan.as_str(), "two");
    }

    #[test]
    fn one_that_is_at_work_is_asked_for_again_after_a_replay_and_a_late_answer_counts_for_nothing() {
        let mut scheduler = scheduler();
        let order = fails(&mut scheduler, "one", "1").remove(0);
        let mut next = scheduler.clone();
        next.board.asked.clear();
        next.board.frontier.resolving = true;
        let asked = orders(&next.handle(At(2), Input::Wake));
        assert_eq!(asked.first(), Some(&order));
        scheduler.handle(At(3), failed(&order, Exit::Code { code: 0 }));
        let before = scheduler.state().clone();
        let step = scheduler.handle(At(3), failed(&order, Exit::Stopped));
        assert!(step.events.is_empty());
        assert_eq!(scheduler.state().plans, before.plans);
    }
}
