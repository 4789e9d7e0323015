//! A reason, in words.

use super::about::About;
use super::list::{joined, shortened};
use super::reason_text::ReasonText;
use super::why::because;
use super::{at_work, capacity, delay, ended, landed, merge, waiting};
use crate::plan::{Point, UnitId, WorkRef};
use crate::schedule::Reason;

pub(super) fn reason(reason: &Reason, about: &About<'_>) -> ReasonText {
    match reason {
        Reason::Failed { why } => ended::failed(why, about),
        Reason::Skipped { why } => ReasonText::plain(because(why)),
        Reason::Cancelled => ReasonText::with_remedy("a person cancelled it", about.retry()),
        Reason::Reverted { target, commit } => ReasonText::with_remedy(
            format!("it was taken off {target} again by {}", commit.short()),
            about.retry(),
        ),
        Reason::Held(hold) => ended::held(hold, about),
        Reason::Lost(unit, lost) => ended::lost(*unit, lost, about),
        Reason::Asks(unit, question) => {
            let of = unit.map(|unit| format!("{unit} ")).unwrap_or_default();
            let what = WorkRef::at(about.plan, unit.map_or(Point::Plan, UnitId::point));
            ReasonText::with_remedy(
                format!("{of}asks \"{}\"", in_a_row(question)),
                format!("orch answer {what} TEXT"),
            )
        }
        Reason::Done => ReasonText::plain("is done"),
        Reason::Merge(merge) => merge::merge(merge, about.plan),
        Reason::Landed(landed) => landed::landed(landed),
        Reason::Waits(wait) => waiting::waiting(wait, about),
        Reason::Later(later) => delay::delay(later, about.plan),
        Reason::Capacity(limit) => capacity::capacity(limit),
        Reason::AtWork(attempt, at) => at_work::at_work(attempt, at, about.plan),
        Reason::Verifying => ReasonText::plain("its verification runs"),
        Reason::Unread(why) => ReasonText::plain(because(why)),
        Reason::StandIn { own, by } => ReasonText::plain(format!("{by} has taken over from {own}")),
        Reason::Foreseen { with, files } => ReasonText::with_remedy(
            format!("a conflict with {with} is foreseen: {}", files.join(", ")),
            "orch conflicts",
        ),
        Reason::RedWith { with, why } => ReasonText::with_remedy(
            format!(
                "together with {} it does not pass: {}",
                joined(with),
                shortened(why)
            ),
            "a warning from branches as they stood: fix one of them, or let both agree (orch send)",
        ),
    }
}

/// Several questions on one line.
fn in_a_row(question: &str) -> String {
    let lines = question.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" · ")
}
