//! A person's answer to a question of an agent.

use super::command::Steer;
use super::mail::{check_text, message};
use super::refusal::SteerRefusal;
use super::steering::steer;
use crate::plan::{Message, PlanName, Point, UnitId, WorkRef, harmless};
use crate::schedule::event::fact::Event;
use crate::schedule::event::question::QuestionAnswer;
use crate::schedule::event::why::because::Hold;
use crate::schedule::state::known::State;
use crate::schedule::state::lost::Lost;
use crate::schedule::state::plan_run::Outcome;
use crate::schedule::work::plans::Work;

/// The events of an answer. The question is closed, the agent gets a message with the question and the answer, and the work is
/// retried. The retry continues the conversation if the agent can do that.
///
/// # Errors
///
/// When nothing of the plan asks a question, several questions wait and none is named, another question than `to` waits, or the text is
/// empty or too long.
pub fn answer(
    work: &Work,
    state: &State,
    what: &WorkRef,
    to: Option<&str>,
    text: &str,
) -> Result<Vec<Event>, SteerRefusal> {
    let plan = &what.plan;
    if state.number(plan).is_none() {
        return Err(SteerRefusal::NoSuchPlan(plan.clone()));
    }
    let text = &harmless(check_text(text)?);
    let open = questions(state, plan);
    let last = state.plan(plan).mail.inbox.last();
    // A client whose supervisor dies asks the next one, so the same answer may come twice. Once its work is done, it does not.
    let mut tries = state.plan(plan).tries.values();
    let mut counts = |id| tries.any(|tries| tries.needs(id));
    let same = |last: &Message| counts(last.id) && last.text.ends_with(&answered(text));
    if open.is_empty() && last.is_some_and(same) {
        return Ok(Vec::new());
    }
    let (unit, question) = match (what.point, open.as_slice()) {
        (Point::Plan, []) => return Err(nothing_asked(state, what)),
        (Point::Plan, [one]) => one.clone(),
        (Point::Plan, [_, ..]) => {
            return Err(SteerRefusal::SeveralQuestions {
                plan: plan.clone(),
                asking: open.iter().map(|(unit, _)| asker(plan, *unit)).collect(),
            });
        }
        (point, _) => {
            let named =
                |(unit, _): &&(Option<UnitId>, String)| unit.is_some_and(|unit| unit.point() == point);
            let found = open.iter().find(named).cloned();
            found.ok_or_else(|| nothing_asked(state, what))?
        }
    };
    if to.is_some_and(|to| to.trim() != question.trim()) {
        return Err(SteerRefusal::OtherQuestion {
            what: asker(plan, unit),
            question,
        });
    }
    let mut after = state.clone();
    let over = Event::QuestionAnswered(QuestionAnswer {
        plan: plan.clone(),
        unit,
        text: text.to_owned(),
    });
    let body = format!("You asked: {question}{}", self::answered(text));
    let mut events = vec![over, message(state, plan, &body)];
    for event in &events {
        after.apply(after.now, event);
    }
    let again = asker(plan, unit);
    events.extend(steer(work, &after, &again, Steer::Retry)?);
    Ok(events)
}

/// The unanswered questions of a plan, by the unit that waits (`None` for the whole plan).
pub fn questions(state: &State, plan: &PlanName) -> Vec<(Option<UnitId>, String)> {
    let run = state.plan(plan);
    let over = matches!(
        run.outcome,
        Some(Outcome::Finished | Outcome::Cancelled | Outcome::Skipped(_))
    );
    let waits = |unit: &Option<UnitId>| match unit {
        None => matches!(run.outcome, Some(Outcome::Held(Hold::Asks { .. }))),
        Some(unit) => matches!(run.lost.get(unit), Some(Lost::Held { .. })),
    };
    // Work that a person wants to stop asks nothing any more.
    let over = over || !run.cancelling.is_empty();
    let open = run.questions.iter().filter(|(unit, _)| !over && waits(unit));
    open.map(|(unit, open)| (*unit, open.text.clone())).collect()
}

/// The text in front of an answer, in the message to the agent.
const ANSWER: &str = "The answer: ";

/// The answer in a message with a question and its answer.
pub fn answer_in(message: &str) -> Option<&str> {
    message.rsplit_once(ANSWER).map(|(_, answer)| answer.trim())
}

fn answered(text: &str) -> String {
    format!("\n\n{ANSWER}{text}")
}

/// The plan, or its phase or task, that asks.
fn asker(plan: &PlanName, unit: Option<UnitId>) -> WorkRef {
    WorkRef::at(plan, unit.map_or(Point::Plan, UnitId::point))
}

fn nothing_asked(state: &State, what: &WorkRef) -> SteerRefusal {
    let asking = state.plans().flat_map(|(plan, _)| {
        let open = questions(state, plan).into_iter();
        open.map(|(unit, _)| asker(plan, unit)).collect::<Vec<_>>()
    });
    SteerRefusal::NothingAsked {
        what: what.clone(),
        asking: asking.collect(),
    }
}
