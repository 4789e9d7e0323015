//! Messages to the agents of a plan: from a person, or from the agents of another plan.

use super::refusal::SteerRefusal;
use crate::plan::{LONGEST_MESSAGE, Message, MessageKind, PlanName};
use crate::schedule::attempts::stall::next_id;
use crate::schedule::event::fact::Event;
use crate::schedule::event::notice::Sent;
use crate::schedule::explain::states::plan_state;
use crate::schedule::state::known::State;
use crate::schedule::state::plan_run::Outcome;
use crate::schedule::work::plans::Work;

/// The event of a message; none when an unread message says the same, so that asking twice changes nothing.
///
/// # Errors
///
/// When there is no such plan, no agent will work on it again, or the text is empty or too long.
pub fn send(
    work: &Work,
    state: &State,
    to: &PlanName,
    from: Option<&PlanName>,
    kind: MessageKind,
    text: &str,
) -> Result<Vec<Event>, SteerRefusal> {
    let refuse = |why: String, hint: &str| {
        Err(SteerRefusal {
            why,
            hint: Some(hint.to_owned()),
        })
    };
    if let Some(unknown) = [Some(to), from]
        .into_iter()
        .flatten()
        .find(|name| state.number(name).is_none())
    {
        let why = format!("there is no plan `{unknown}` in the manifest that is driven");
        return refuse(why, "`orch status` lists the plans");
    }
    let text = check_text(text)?;
    let run = state.plan(to);
    let is = plan_state(work, state, to);
    let again = format!("orch retry {to}, then send it again");
    match &run.outcome {
        Some(Outcome::Finished) => {
            let why = format!("{to} is already {is}: no agent works on it any longer");
            return refuse(why, "make a new plan for what is left to do");
        }
        Some(Outcome::Failed(_) | Outcome::Skipped(_) | Outcome::Cancelled) => {
            return refuse(format!("{to} is {is}: nobody works on it"), &again);
        }
        Some(Outcome::Held(_)) | None => {}
    }
    let same = |sent: &Message| {
        sent.id > run.told && sent.from.as_ref() == from && sent.kind == kind && sent.text == text
    };
    if run.inbox.iter().any(same) {
        return Ok(Vec::new());
    }
    Ok(vec![letter(state, to, from, kind, text)])
}

/// The event of a message of the lead, whatever state the plan is in.
pub(in crate::schedule) fn message(state: &State, to: &PlanName, text: &str) -> Event {
    letter(state, to, None, MessageKind::Coordination, text)
}

fn letter(state: &State, to: &PlanName, from: Option<&PlanName>, kind: MessageKind, text: &str) -> Event {
    let message = Message {
        id: next_id(&state.plan(to).inbox),
        from: from.cloned(),
        kind,
        text: text.to_owned(),
        by_orch: false,
    };
    let plan = to.clone();
    Event::MessageSent(Sent { plan, message })
}

/// The text of a message as it is sent.
///
/// # Errors
///
/// When it is empty or too long.
pub fn check_text(text: &str) -> Result<&str, SteerRefusal> {
    let refuse = |why: String, hint: &str| {
        let hint = Some(hint.to_owned());
        Err(SteerRefusal { why, hint })
    };
    let text = text.trim();
    match text.len() {
        0 => refuse("the message is empty".to_owned(), "orch send PLAN TEXT"),
        long if long > LONGEST_MESSAGE => refuse(
            format!("the message has {long} bytes, at most {LONGEST_MESSAGE} are sent"),
            "write it to a file, and send where that lies",
        ),
        _ => Ok(text),
    }
}
