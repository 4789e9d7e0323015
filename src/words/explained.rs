//! The reasons for the state of a plan, in words.

use std::time::Duration;

use super::about::About;
use super::list::rough;
use super::reason_text::ReasonText;
use super::{landed, reason};
use crate::plan::{PlanName, Point, UnitId, Waiting, WorkRef};
use crate::schedule::{
    CapacityReason, Escalation, Event, Explanation, LandedReason, Reason, Scheduler, State, Work, explain,
    explain_unit, is_rewritten, questions, tokens_taken,
};

/// Why a plan is in its state, most important first. Never empty for a plan that does not run.
pub fn explained(work: &Work, state: &State, plan: &PlanName) -> Vec<ReasonText> {
    let Explanation { reasons, escalated } = explain(work, state, plan);
    let mut texts = texts(&reasons, state, plan);
    if let (Some(first), Some(told)) = (texts.first_mut(), escalated) {
        first.text += &format!("; escalated {} ago", since(told.ago));
        if told.after.as_secs() > 0 {
            first.text += &format!(", after {}", rough(told.after));
        }
    }
    texts
}

/// How long ago something was, in whole seconds: no reader needs milliseconds, and cut ones look like minutes.
fn since(ago: Duration) -> String {
    rough(Duration::from_secs(ago.as_secs()))
}

/// Why nobody works on a unit of a plan, most important first; the activity of its attempt when there is
/// one.
pub fn explained_unit(work: &Work, state: &State, plan: &PlanName, unit: UnitId) -> Vec<ReasonText> {
    texts(&explain_unit(work, state, plan, unit), state, plan)
}

fn texts(reasons: &[Reason], state: &State, plan: &PlanName) -> Vec<ReasonText> {
    let about = About::of(plan, state);
    reasons
        .iter()
        .map(|reason| reason::reason(reason, &about))
        .collect()
}

/// The remark about a landed plan whose document has other tasks by now; `None` for any other plan.
pub fn rewritten(work: &Work, state: &State, plan: &PlanName) -> Option<ReasonText> {
    let plan = work.plans.iter().find(|known| known.name == *plan)?;
    is_rewritten(state, plan).then(|| landed::landed(&LandedReason::Rewritten))
}

/// The question that a wait is about, if it is about one.
fn asked_on(state: &State, told: &Escalation) -> Vec<Reason> {
    if told.waiting != Waiting::Question {
        return Vec::new();
    }
    let on = |unit: &Option<UnitId>| {
        let point = unit.map_or(Point::Plan, UnitId::point);
        WorkRef::at(&told.plan, point).to_string() == told.on
    };
    let open = questions(state, &told.plan).into_iter();
    let open = open.filter(|(unit, _)| on(unit));
    open.map(|(unit, question)| Reason::Asks(unit, question))
        .collect()
}

/// The resource that a wait is for, if it is for one.
fn taken_on(work: &Work, state: &State, told: &Escalation) -> Option<Reason> {
    let resource = told
        .on
        .parse()
        .ok()
        .filter(|_| told.waiting == Waiting::Resource)?;
    let taken = tokens_taken(work, state, resource);
    Some(Reason::Capacity(CapacityReason::Resource(taken)))
}

/// Adds texts to events that the core creates without text.
pub fn complete(events: &mut [Event], scheduler: &Scheduler) {
    let (work, state) = (scheduler.work(), scheduler.state());
    for event in events {
        if let Event::Escalated(told) = event {
            let mut reasons = asked_on(state, told);
            reasons.extend(taken_on(work, state, told));
            if reasons.is_empty() {
                reasons = explain(work, state, &told.plan).reasons;
            }
            let first = texts(&reasons, state, &told.plan).into_iter().next();
            told.why = first.map(|reason| reason.text).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_ago_has_no_milliseconds() {
        let said = [435, 1_900, 720_000].map(|ms| since(Duration::from_millis(ms)));
        assert_eq!(said, ["0s", "1s", "12m"]);
    }
}
