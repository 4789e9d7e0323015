//! Unread messages: an agent that ends without reading a message continues with it before its work is judged.

use crate::plan::PlanName;
use crate::schedule::attempts::failing::hold_attempt;
use crate::schedule::board::ask::Ask;
use crate::schedule::board::core::Board;
use crate::schedule::board::step::Step;
use crate::schedule::event::at::At;
use crate::schedule::event::exit::Exit;
use crate::schedule::event::fact::Event;
use crate::schedule::event::person::person_fact::{MailUpTo, PersonFact};
use crate::schedule::event::why::because::{Because, Hold};
use crate::schedule::judge::verdict::{AttemptVerdict, judge};
use crate::schedule::state::attempt::{Attempt, AttemptState};

/// How often in a row an agent continues because of unread messages. Then a person decides: somebody may write to it for ever.
pub(in crate::schedule) const MOST_AGAIN: u32 = 2;

/// Continues the work of an attempt that ended by itself while messages to its plan are unread, or holds it after some times.
/// Returns true if it did.
pub(in crate::schedule) fn continue_with_unread(
    board: &mut Board,
    at: At,
    number: usize,
    lane: u32,
    step: &mut Step,
) -> bool {
    let run = &board.state.plans[number];
    let Some(attempt) = run.attempts.get(&lane) else {
        return false;
    };
    // The attempt's commits are being merged into the plan's branch.
    if board.asked.contains(&Ask::Integrate(attempt.id.clone())) {
        return false;
    }
    let tries = run.tries_of(attempt.units.first().copied(), attempt.repair);
    let Some(unread) = run
        .why_unread_by(&attempt.units)
        .filter(|_| may_continue(board, number, attempt))
    else {
        return false;
    };
    let (plan, id) = (board.work.plans[number].name.clone(), attempt.id.clone());
    if tries.unread >= MOST_AGAIN {
        let hold = hold(unread);
        hold_attempt(board, at, &plan, &id, hold, step);
        return true;
    }
    let event = Event::AttemptFailed {
        plan,
        attempt: id,
        why: unread,
        retry_in_ms: Some(0),
        counted: false,
        nothing_made: false,
        unread: true,
    };
    board.record(at, event, step);
    true
}

/// Why a plan with unread messages needs a person.
fn hold(unread: Because) -> Hold {
    Hold::Needs {
        why: unread,
        how: String::new(),
        obstacle: None,
    }
}

/// Marks the messages in an agent's prompt as read once the agent has started.
pub(in crate::schedule) fn note_told(board: &mut Board, at: At, name: &PlanName, step: &mut Step) {
    let mail = &board.state.plan(name).mail;
    if Some(mail.told) > mail.read.or(Some(0)) {
        let (plan, up_to) = (name.clone(), mail.told);
        let read = Event::Person(PersonFact::Read(MailUpTo { plan, up_to }));
        board.record(at, read, step);
    }
}

/// Holds a plan whose work is complete while a message is unread that no agent can read any more: a script ran last, or a
/// person did the work. Returns true if it did.
pub(in crate::schedule) fn hold_unread(board: &mut Board, at: At, name: &PlanName, step: &mut Step) -> bool {
    let Some(unread) = board.state.plan(name).why_unread() else {
        return false;
    };
    let (plan, why) = (name.clone(), hold(unread));
    board.record(at, Event::PlanHeld { plan, why }, step);
    true
}

/// Returns true when the agent may continue once more: it ended in order, or its work is complete however it ended.
fn may_continue(board: &Board, number: usize, attempt: &Attempt) -> bool {
    let AttemptState::Checked(exit, evidence) = &attempt.state else {
        return false;
    };
    // A person cannot be sent back to work. An agent that asks a question continues with the answer and the messages.
    if *exit == Exit::ByHand || evidence.asks.is_some() {
        return false;
    }
    let (plan, run) = (&board.work.plans[number], &board.state.plans[number]);
    let agent = board.work.agents.get(&attempt.agent);
    let reads = agent.is_none_or(|agent| !agent.runs_prompt);
    let in_order =
        *exit == (Exit::Code { code: 0 }) && evidence.trouble.is_none() && attempt.facts.obstacle.is_none();
    let complete = || matches!(judge(plan, run, attempt), Some(AttemptVerdict::Done(_)));
    reads && !attempt.is_given_up() && (in_order || complete())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Message;
    use crate::plan::{AttemptId, CommitId, MessageKind, Point, RunId, WhyAgain, WorkRef};
    use crate::schedule::board::effect::{Effect, Launch};
    use crate::schedule::drive::scheduler::Input;
    use crate::schedule::drive::scheduler::Scheduler;
    use crate::schedule::event::about::{AgentStart, Failed};
    use crate::schedule::event::exit::Evidence;
    use crate::schedule::event::notice::Sent;
    use crate::schedule::event::why::because::Because;
    use crate::schedule::steer::command::Steer;
    use crate::schedule::steer::steering::steer;
    use crate::schedule::work::plans::Work;

    fn commit() -> CommitId {
        "0".repeat(40).parse().unwrap()
    }

    fn plan() -> PlanName {
        "p".parse().unwrap()
    }

    fn run_started(number: u32) -> Event {
        Event::RunStarted {
            run: RunId(number),
            base: commit(),
            target: "main".to_owned(),
            only: Vec::new(),
            merge_only: false,
        }
    }

    /// Returns a plan whose agent needs no report beside its commits, and the first launch order.
    fn begun(agent: &str) -> (Scheduler, Launch) {
        begun_with("retries = 0", agent, "")
    }

    fn begun_with(run: &str, agent: &str, keys: &str) -> (Scheduler, Launch) {
        let manifest = format!("[run]\n{run}\n[agents.a]\n{agent}\n[plans.p]\nprompt = \"do it\"\n{keys}\n");
        let parsed = crate::plan::manifest::parse_manifest("plans.toml".as_ref(), &manifest);
        let set = crate::plan::manifest::resolve(parsed, Default::default()).unwrap();
        let mut scheduler = Scheduler::new(Work::new(&set, &Default::default(), false));
        scheduler.handle(At(0), Input::Event(run_started(1)));
        let created = Event::WorktreeCreated {
            plan: plan(),
            lane: 0,
            path: "/p".to_owned(),
            branch: "orch/p".to_owned(),
            base: commit(),
        };
        let step = scheduler.handle(At(0), Input::Event(created));
        let launch = launched(&step).unwrap();
        (scheduler, launch)
    }

    const OWN: &str = "command = [\"a\"]";

    fn launched(step: &Step) -> Option<Launch> {
        step.effects.iter().find_map(|effect| match effect {
            Effect::Launch(launch) => Some(launch.clone()),
            _ => None,
        })
    }

    fn send(scheduler: &mut Scheduler, id: u32, by_orch: bool) {
        let message = Message {
            id,
            from: None,
            kind: MessageKind::Coordination,
            text: format!("message {id}"),
            answers: None,
            by_orch,
        };
        let sent = Event::MessageSent(Sent {
            plan: plan(),
            message,
        });
        scheduler.handle(At(1), Input::Event(sent));
    }

    /// Starts an attempt, ends it and delivers its examination.
    fn ends(scheduler: &mut Scheduler, attempt: &AttemptId, read: Option<u32>, exit: Exit) -> Step {
        let (plan, attempt) = (plan(), attempt.clone());
        let started = Event::AgentStarted(AgentStart {
            plan: plan.clone(),
            attempt: attempt.clone(),
            pid: 1,
            head: Some(commit()),
            node: None,
        });
        scheduler.handle(At(2), Input::Event(started));
        let ended = Event::AgentEnded {
            plan: plan.clone(),
            attempt: attempt.clone(),
            exit,
            why: None,
        };
        scheduler.handle(At(3), Input::Event(ended));
        let evidence = Evidence {
            head: Some(commit()),
            commits: 1,
            read,
            ..Evidence::default()
        };
        let checked = Event::AttemptChecked {
            plan,
            attempt,
            evidence,
        };
        scheduler.handle(At(3), Input::Event(checked))
    }

    fn is_finished(step: &Step) -> bool {
        step.events
            .iter()
            .any(|event| matches!(event, Event::PlanFinished(_)))
    }

    fn warnings(step: &Step) -> Vec<&Because> {
        let warnings = step.events.iter().filter_map(|event| match event {
            Event::Warning { why, .. } => Some(why),
            _ => None,
        });
        warnings.collect()
    }

    fn held(step: &Step) -> Option<String> {
        step.events.iter().find_map(|event| match event {
            Event::PlanHeld { why, .. } => Some(crate::words::held(why)),
            _ => None,
        })
    }

    /// A person asks for another try, and runs the plan again.
    fn retried(scheduler: &mut Scheduler) -> Step {
        let again = WorkRef::at(&plan(), Point::Plan);
        let events = steer(scheduler.work(), scheduler.state(), &again, Steer::Retry).unwrap();
        let mut all = Step::default();
        for event in events.into_iter().chain([run_started(2)]) {
            let step = scheduler.handle(At(4), Input::Event(event));
            all.events.extend(step.events);
            all.effects.extend(step.effects);
        }
        all
    }

    const OK: Exit = Exit::Code { code: 0 };

    #[test]
    fn who_ends_with_unread_messages_goes_on_with_them_and_spends_no_retry() {
        let (mut scheduler, first) = begun(OWN);
        send(&mut scheduler, 1, false);
        let step = ends(&mut scheduler, &first.attempt, Some(0), OK);
        assert!(!is_finished(&step), "{:?}", step.events);
        let second = launched(&step).unwrap();
        assert_eq!((second.number, second.units.clone()), (1, first.units));
        assert_eq!(second.after.unwrap().cause, WhyAgain::Unread);
        assert_eq!((second.inbox.len(), second.told), (1, 0));
        // A message in the prompt counts as read.
        let step = ends(&mut scheduler, &second.attempt, Some(1), OK);
        assert!(
            is_finished(&step) && warnings(&step).is_empty(),
            "{:?}",
            step.events
        );
    }

    #[test]
    fn at_most_twice_and_then_a_person_lets_the_agent_continue_with_the_message() {
        let (mut scheduler, mut launch) = begun(OWN);
        for id in 1..=2 {
            send(&mut scheduler, id, false);
            let step = ends(&mut scheduler, &launch.attempt, Some(0), OK);
            launch = launched(&step).unwrap();
        }
        send(&mut scheduler, 3, false);
        let step = ends(&mut scheduler, &launch.attempt, Some(0), OK);
        assert!(
            !is_finished(&step) && launched(&step).is_none(),
            "{:?}",
            step.events
        );
        let why = "1 unread message that no agent has read, from the lead: message 3";
        assert_eq!(held(&step).as_deref(), Some(why));
        let step = retried(&mut scheduler);
        let again = launched(&step).unwrap();
        assert_eq!((again.inbox.len(), again.told), (3, 2));
        assert!(is_finished(&ends(&mut scheduler, &again.attempt, Some(3), OK)));
    }

    #[test]
    fn what_orch_wrote_itself_and_what_was_read_hold_nobody_up_and_what_nobody_can_read_a_person_passes() {
        let (mut scheduler, first) = begun(OWN);
        send(&mut scheduler, 1, false);
        send(&mut scheduler, 2, true);
        assert!(is_finished(&ends(&mut scheduler, &first.attempt, Some(1), OK)));
        let (mut scheduler, first) = begun("preset = \"shell\"");
        send(&mut scheduler, 1, false);
        let step = ends(&mut scheduler, &first.attempt, Some(0), OK);
        assert!(!is_finished(&step), "{:?}", step.events);
        let why = "1 unread message that no agent has read, from the lead: message 1";
        assert_eq!(held(&step).as_deref(), Some(why));
        // A person who knows of it lets the plan finish.
        let step = retried(&mut scheduler);
        assert!(
            is_finished(&step) && launched(&step).is_none(),
            "{:?}",
            step.events
        );
        // Read state is unknown, as in old journals.
        let (mut scheduler, first) = begun(OWN);
        send(&mut scheduler, 1, false);
        let step = ends(&mut scheduler, &first.attempt, None, OK);
        assert!(
            is_finished(&step) && warnings(&step).is_empty(),
            "{:?}",
            step.events
        );
    }

    #[test]
    fn a_repair_that_is_done_leaves_the_next_repair_all_its_turns() {
        let (mut scheduler, first) = begun_with("retries = 2", OWN, "verify = \"false\"");
        ends(&mut scheduler, &first.attempt, Some(0), OK);
        let mut sent = 0;
        for repair in 1..=2 {
            let red = Event::VerifyFailed(Failed {
                plan: plan(),
                why: "red".into(),
            });
            let step = scheduler.handle(At(3), Input::Event(red));
            let mut launch = launched(&step).unwrap();
            for _ in 0..MOST_AGAIN {
                sent += 1;
                send(&mut scheduler, sent, false);
                let step = ends(&mut scheduler, &launch.attempt, Some(sent - 1), OK);
                launch = launched(&step).unwrap_or_else(|| panic!("repair {repair}: {:?}", step.events));
                assert_eq!(launch.after.as_ref().unwrap().cause, WhyAgain::Unread);
            }
            ends(&mut scheduler, &launch.attempt, Some(sent), OK);
        }
    }

    #[test]
    fn an_attempt_that_failed_is_judged_whatever_was_sent() {
        let (mut scheduler, first) = begun(OWN);
        send(&mut scheduler, 1, false);
        let step = ends(&mut scheduler, &first.attempt, Some(0), Exit::Code { code: 1 });
        assert!(launched(&step).is_none(), "no retry is left: {:?}", step.events);
    }
}
