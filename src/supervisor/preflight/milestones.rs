//! When plans are due, and by how much they are expected later.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::plan::{Lint, LintId, PlanName, PlanSet, PlanState};
use crate::schedule::{eta, plan_state};
use crate::supervisor::view::situation::Situation;

/// A plan with an owner or a due day that is not done yet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedMilestone {
    /// The plan.
    pub plan: PlanName,
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

/// The milestones of the plans that are open, in manifest order. The planned time begins with the run, or now where none goes on. It ends
/// with the due day, in local time.
pub(super) fn milestones(set: &PlanSet, situation: &Situation, now: Timestamp) -> Vec<PlannedMilestone> {
    let (work, state) = (situation.scheduler.work(), situation.scheduler.state());
    let began = state.run.as_ref().filter(|_| situation.driven);
    let from = began.and_then(|run| situation.wall(run.started)).unwrap_or(now);
    let ends = eta(work, state).plans;
    let mut found = Vec::new();
    for plan in &set.plans {
        let own = &plan.milestone;
        let done = matches!(
            plan_state(work, state, &plan.name),
            PlanState::Finished | PlanState::Landed | PlanState::Cancelled | PlanState::Skipped
        );
        if done || (own.owner.is_none() && own.due.is_none()) {
            continue;
        }
        let left = state.number(&plan.name).and_then(|number| ends[number]);
        let left = left.and_then(|left| i64::try_from(left).ok());
        let expected = left.and_then(|left| now.checked_add(SignedDuration::from_millis(left)).ok());
        let end = own.due.and_then(end_of);
        found.push(PlannedMilestone {
            plan: plan.name.clone(),
            owner: own.owner.clone(),
            due: own.due,
            expected,
            behind_percent: end.zip(expected).and_then(|(due, end)| behind(from, due, end)),
            is_overdue: end.is_some_and(|due| due <= now),
        });
    }
    found
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

/// What is overdue, and what is expected too late.
pub(super) fn lints(milestones: &[PlannedMilestone]) -> impl Iterator<Item = Lint> + '_ {
    milestones.iter().filter_map(|own| {
        let due = own.due?;
        let message = match (own.is_overdue, own.behind_percent, own.expected) {
            (true, ..) => format!("it was due on {due}"),
            (false, Some(behind @ 1..), Some(end)) => {
                let end = end.to_zoned(TimeZone::system()).date();
                format!("it is behind plan by {behind} %: due on {due}, expected on {end}")
            }
            _ => return None,
        };
        Some(
            Lint::of(LintId::Milestone, &own.plan, message)
                .hint("give it more agents or a higher priority, or move `due`"),
        )
    })
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
