//! Reasons as text.

use std::fmt;

use super::list::{joined, rough};
use super::{at_work, capacity, delay, ended, landed, merge, waiting};
use crate::plan::{PlanName, Point, UnitId, WorkRef};
use crate::schedule::{
    Event, Explanation, LandedReason, Reason, RunPhase, Scheduler, State, Work, explain, explain_unit,
    is_rewritten, shortened,
};

/// A reason, and what a person can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonText {
    /// The reason.
    pub text: String,
    /// What a person can do about it; `None` when nobody needs to act.
    pub remedy: Option<String>,
}

impl ReasonText {
    /// A reason for which nobody needs to act.
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            remedy: None,
        }
    }

    pub(super) fn with_remedy(text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            remedy: Some(remedy.into()),
        }
    }

    pub(super) fn of(reason: &Reason, about: &About<'_>) -> Self {
        match reason {
            Reason::Failed { why } => ended::failed(why, about),
            Reason::Skipped { why } => Self::plain(why),
            Reason::Cancelled => Self::with_remedy("a person cancelled it", about.retry()),
            Reason::Reverted { target, commit } => Self::with_remedy(
                format!("it was taken off {target} again by {}", commit.short()),
                about.retry(),
            ),
            Reason::Held(hold) => ended::held(hold, about),
            Reason::Lost(unit, lost) => ended::lost(*unit, lost, about),
            Reason::Asks(unit, question) => {
                let of = unit.map(|unit| format!("{unit} ")).unwrap_or_default();
                let what = WorkRef::at(about.plan, unit.map_or(Point::Plan, UnitId::point));
                Self::with_remedy(
                    format!("{of}asks {question:?}"),
                    format!("orch answer {what} TEXT"),
                )
            }
            Reason::Done => Self::plain("is done"),
            Reason::Merge(merge) => merge::merge(merge, about.plan),
            Reason::Landed(landed) => landed::landed(landed),
            Reason::Waits(wait) => waiting::waiting(wait, about),
            Reason::Later(later) => delay::delay(later, about.plan),
            Reason::Capacity(limit) => capacity::capacity(limit),
            Reason::AtWork(attempt, at) => at_work::at_work(attempt, at, about.plan),
            Reason::Verifying => Self::plain("its verification runs"),
            Reason::Unread(text) => Self::plain(text),
            Reason::StandIn { own, by } => Self::plain(format!("{by} has taken over from {own}")),
            Reason::Foreseen { with, files } => Self::with_remedy(
                format!("a conflict with {with} is foreseen: {}", files.join(", ")),
                "orch conflicts",
            ),
            Reason::RedWith { with, why } => Self::with_remedy(
                format!(
                    "together with {} it does not pass: {}",
                    joined(with),
                    shortened(why)
                ),
                "a warning from branches as they stood: fix one of them, or let both agree (orch send)",
            ),
        }
    }
}

impl fmt::Display for ReasonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The context that the wording of a reason depends on.
pub(super) struct About<'a> {
    pub(super) plan: &'a PlanName,
    pub(super) phase: RunPhase,
}

impl<'a> About<'a> {
    pub(super) fn of(plan: &'a PlanName, state: &State) -> Self {
        let phase = state.phase;
        Self { plan, phase }
    }

    /// The command that tries the plan again.
    pub(super) fn retry(&self) -> String {
        format!("orch retry {}", self.plan)
    }

    /// The command that tries something again. Another `orch up` is refused while one is running.
    pub(super) fn again(&self, what: impl fmt::Display) -> String {
        match self.phase {
            RunPhase::Driving | RunPhase::Stopping { .. } => format!("orch retry {what}"),
            // A continued run does not retry its own failures by itself.
            RunPhase::Stopped { resume: true } => format!("orch retry {what}, then orch up"),
            RunPhase::Idle | RunPhase::Stopped { .. } | RunPhase::Settled => "orch up".to_owned(),
        }
    }
}

/// Why a plan is in its state, most important first. Never empty for a plan that does not run.
pub fn explained(work: &Work, state: &State, plan: &PlanName) -> Vec<ReasonText> {
    let Explanation { reasons, escalated } = explain(work, state, plan);
    let mut texts = texts(&reasons, state, plan);
    if let (Some(first), Some(told)) = (texts.first_mut(), escalated) {
        first.text += &format!("; escalated {} ago", rough(told.ago));
        if told.after.as_secs() > 0 {
            first.text += &format!(", after {}", rough(told.after));
        }
    }
    texts
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
        .map(|reason| ReasonText::of(reason, &about))
        .collect()
}

/// The remark about a landed plan whose document has other tasks by now; `None` for any other plan.
pub fn rewritten(work: &Work, state: &State, plan: &PlanName) -> Option<ReasonText> {
    let plan = work.plans.iter().find(|known| known.name == *plan)?;
    is_rewritten(state, plan).then(|| landed::landed(&LandedReason::Rewritten))
}

/// Adds texts to events that the core creates without text.
pub fn complete(events: &mut [Event], scheduler: &Scheduler) {
    let (work, state) = (scheduler.work(), scheduler.state());
    for event in events {
        if let Event::Escalated(told) = event {
            let Explanation { reasons, .. } = explain(work, state, &told.plan);
            let first = texts(&reasons, state, &told.plan).into_iter().next();
            told.why = first.map(|reason| reason.text).unwrap_or_default();
        }
    }
}
