//! When plans are due, and by how much they are expected later.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::plan::{Milestone, PlanState};
use crate::supervisor::view::situation::Situation;

/// The owner and the due day of a plan that is not done yet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MilestoneView {
    /// Who answers for it.
    pub owner: Option<String>,
    /// The last day for it.
    pub due: Option<Date>,
    /// When it is expected to be done; `None` when it needs a person first.
    pub expected: Option<Timestamp>,
    /// By how many percent of the planned time it is expected later: 100 when it takes twice as long. 0 when it is on time, `None` when
    /// that is unknown or the due day is over.
    pub behind_percent: Option<u64>,
    /// True when the due day is over.
    pub is_overdue: bool,
}

impl MilestoneView {
    /// The milestone of a plan in this state, with so many milliseconds of work left. The planned time begins with the run, or now where
    /// none goes on, and ends with the due day in local time. `None` for a plan that is done, or that has neither owner nor due day.
    pub fn of(
        own: &Milestone,
        plan: PlanState,
        left: Option<u64>,
        situation: &Situation,
        now: Timestamp,
    ) -> Option<Self> {
        let done = matches!(
            plan,
            PlanState::Finished | PlanState::Landed | PlanState::Cancelled | PlanState::Skipped
        );
        if done || (own.owner.is_none() && own.due.is_none()) {
            return None;
        }
        let run = situation
            .scheduler
            .state()
            .run
            .as_ref()
            .filter(|_| situation.driven);
        let from = run.and_then(|run| situation.wall(run.started)).unwrap_or(now);
        let left = left.and_then(|left| i64::try_from(left).ok());
        let expected = left.and_then(|left| now.checked_add(SignedDuration::from_millis(left)).ok());
        let end = own.due.and_then(end_of);
        Some(Self {
            owner: own.owner.clone(),
            due: own.due,
            expected,
            behind_percent: end.zip(expected).and_then(|(due, end)| behind(from, due, end)),
            is_overdue: end.is_some_and(|due| due <= now),
        })
    }
}

/// The moment after the last of a day, in local time.
fn end_of(day: Date) -> Option<Timestamp> {
    let next = day.tomorrow().ok()?;
    Some(next.to_zoned(TimeZone::system()).ok()?.timestamp())
}

/// By how many percent the way from `from` to `end` is longer than that to `due`. `None` when `due` is over at the beginning.
fn behind(from: Timestamp, due: Timestamp, end: Timestamp) -> Option<u64> {
    let planned = due.duration_since(from).as_secs_f64();
    let expected = end.duration_since(from).as_secs_f64();
    (planned > 0.0).then(|| ((expected / planned - 1.0) * 100.0).round().max(0.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_is_a_share_of_the_planned_time() {
        let at = |hour: i64| Timestamp::from_second(hour * 3_600).unwrap();
        assert_eq!(behind(at(0), at(100), at(112)), Some(12));
        assert_eq!(behind(at(0), at(100), at(90)), Some(0));
        assert_eq!(behind(at(0), at(0), at(90)), None);
    }

    #[test]
    fn a_day_is_over_when_the_next_one_begins() {
        let day: Date = "2026-12-01".parse().unwrap();
        let end = end_of(day).unwrap().to_zoned(TimeZone::system());
        assert_eq!(end.date().to_string(), "2026-12-02");
    }
}
