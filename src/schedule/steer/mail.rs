//! Messages: from a person or from the agents of a plan, to the agents of another plan or to the lead.

use serde::{Deserialize, Serialize};

use super::refusal::SteerRefusal;
use crate::plan::{LONGEST_MESSAGE, Message, MessageKind, PlanName, PlanState, Point, harmless};
use crate::schedule::attempts::stall::next_id;
use crate::schedule::event::fact::Event;
use crate::schedule::event::notice::Sent;
use crate::schedule::event::person::person_fact::{PersonFact, ToLead};
use crate::schedule::explain::states::plan_state;
use crate::schedule::state::attempt::AttemptState;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::{Outcome, PlanRun, Verify};
use crate::schedule::work::plans::{PlanWork, Work};

/// The most messages that may wait until an agent, or the lead, reads them. A sender that keeps writing is refused.
pub const MOST_UNREAD: usize = 50;

/// A message on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    /// The plan whose agents it is for, `None` for the lead.
    pub to: Option<PlanName>,
    /// The plan whose agent sends it, `None` for a person.
    pub from: Option<PlanName>,
    /// What it is about.
    pub kind: MessageKind,
    /// The text.
    pub text: String,
    /// The number of the message that it answers, in the mail of the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<u32>,
}

/// The event of a message. Empty when an unread message says the same, so that sending twice changes nothing.
///
/// # Errors
///
/// When there is no such plan, no agent will work on it again, too many messages wait to be read, the answered message does not
/// exist, or the text is empty or too long.
pub fn send(work: &Work, state: &State, outgoing: &Outgoing) -> Result<Vec<Event>, SteerRefusal> {
    let Outgoing { to, from, kind, .. } = outgoing;
    let named = [to.as_ref(), from.as_ref()];
    if let Some(unknown) = named
        .into_iter()
        .flatten()
        .find(|name| state.number(name).is_none())
    {
        return Err(SteerRefusal::NoSuchPlan(unknown.clone()));
    }
    let text = harmless(check_text(&outgoing.text)?);
    refuse_unknown_answer(state, outgoing)?;
    let message = |id| Message {
        id,
        from: from.clone(),
        kind: *kind,
        text: text.clone(),
        answers: outgoing.answers,
        by_orch: false,
    };
    let same = |sent: &Message| {
        let told = (&sent.from, sent.kind, sent.answers, &sent.text);
        told == (from, *kind, outgoing.answers, &text)
    };
    let Some(to) = to else {
        if state
            .lead
            .open()
            .any(|letter| letter.to.is_none() && same(&letter.message))
        {
            return Ok(Vec::new());
        }
        refuse_too_many(None, state.lead.open().count())?;
        let message = message(state.lead.next());
        let plan = from.clone();
        return Ok(vec![Event::Person(PersonFact::ToLead(ToLead { plan, message }))]);
    };
    let run = state.plan(to);
    refuse_over(work, state, to)?;
    let open = || run.mail.open().filter(|sent| !sent.by_orch);
    if run
        .mail
        .inbox
        .iter()
        .any(|sent| sent.id > run.mail.told && same(sent))
    {
        return Ok(Vec::new());
    }
    refuse_too_many(Some(to), open().count())?;
    let message = message(next_id(&run.mail.inbox));
    let plan = to.clone();
    Ok(vec![Event::MessageSent(Sent { plan, message })])
}

/// True when an agent of the plan would read a message that is sent to it now.
pub fn has_reader(work: &Work, state: &State, to: &PlanName) -> bool {
    refuse_over(work, state, to).is_ok()
}

/// Refuses a message that no agent of the plan would read.
fn refuse_over(work: &Work, state: &State, to: &PlanName) -> Result<(), SteerRefusal> {
    let run = state.plan(to);
    let ended = || (to.clone(), plan_state(work, state, to));
    if run.cancelling.contains(&Point::Plan) {
        let (plan, state) = (to.clone(), PlanState::Cancelled);
        return Err(SteerRefusal::NoReaderNow { plan, state });
    }
    match &run.outcome {
        Some(Outcome::Finished) => {
            let (plan, state) = ended();
            return Err(SteerRefusal::NoReader { plan, state });
        }
        Some(Outcome::Failed(_) | Outcome::Skipped(_) | Outcome::Cancelled) => {
            let (plan, state) = ended();
            return Err(SteerRefusal::NoReaderNow { plan, state });
        }
        Some(Outcome::Held(_)) => return Ok(()),
        None => {}
    }
    let Some(plan) = state.number(to).map(|number| &work.plans[number]) else {
        return Ok(());
    };
    if !is_read_again(plan, run) {
        return Err(SteerRefusal::OnlyChecksLeft(to.clone()));
    }
    let scripts = |agent| work.agents.get(agent).is_some_and(|agent| agent.runs_prompt);
    let mut open = plan
        .units
        .iter()
        .filter(|unit| !run.is_unit_settled(unit.id))
        .peekable();
    if open.peek().is_some() && open.all(|unit| scripts(&unit.agent)) {
        return Err(SteerRefusal::ScriptsReadNothing(to.clone()));
    }
    Ok(())
}

/// True while the work of an agent of the plan has not been checked, or another agent will begin.
fn is_read_again(plan: &PlanWork, run: &PlanRun) -> bool {
    let judged = |state: &AttemptState| matches!(state, AttemptState::Checked(..));
    let given = |unit| {
        let mut judged = run.attempts.values().filter(|attempt| judged(&attempt.state));
        judged.any(|attempt| attempt.units.contains(&unit))
    };
    let mut units = plan.units.iter().map(|unit| unit.id);
    run.attempts.values().any(|attempt| !judged(&attempt.state))
        || run.verify == Verify::Failed
        || units.any(|unit| !run.is_unit_settled(unit) && !given(unit))
}

fn refuse_too_many(to: Option<&PlanName>, unread: usize) -> Result<(), SteerRefusal> {
    match unread < MOST_UNREAD {
        true => Ok(()),
        false => Err(SteerRefusal::TooManyUnread {
            to: to.cloned(),
            unread,
        }),
    }
}

fn refuse_unknown_answer(state: &State, outgoing: &Outgoing) -> Result<(), SteerRefusal> {
    let Some(number) = outgoing.answers else {
        return Ok(());
    };
    let known = match &outgoing.from {
        Some(from) => {
            let mut inbox = state.plan(from).mail.inbox.iter();
            inbox.any(|message| message.id == number)
        }
        None => {
            let mut letters = state.lead.letters.iter();
            letters.any(|letter| letter.id == number)
        }
    };
    match known {
        true => Ok(()),
        false => Err(SteerRefusal::NoSuchMessage {
            number,
            by_lead: outgoing.from.is_none(),
        }),
    }
}

/// The event of a message from the lead, whatever state the plan is in.
pub(in crate::schedule) fn message(state: &State, to: &PlanName, text: &str) -> Event {
    let message = Message {
        id: next_id(&state.plan(to).mail.inbox),
        from: None,
        kind: MessageKind::Coordination,
        text: harmless(text),
        answers: None,
        by_orch: false,
    };
    let plan = to.clone();
    Event::MessageSent(Sent { plan, message })
}

/// The event that the lead has read the messages up to this one. Empty when that is no news.
pub fn seen(state: &State, up_to: u32) -> Vec<Event> {
    let up_to = up_to.min(state.lead.next() - 1);
    match up_to > state.lead.seen {
        true => vec![Event::Person(PersonFact::Seen { up_to })],
        false => Vec::new(),
    }
}

/// The text of a message as it is sent.
///
/// # Errors
///
/// When it is empty or too long.
pub fn check_text(text: &str) -> Result<&str, SteerRefusal> {
    let text = text.trim();
    let bytes = text.len();
    if bytes == 0 {
        return Err(SteerRefusal::EmptyMessage);
    }
    if bytes > LONGEST_MESSAGE {
        return Err(SteerRefusal::LongMessage { bytes });
    }
    Ok(text)
}
