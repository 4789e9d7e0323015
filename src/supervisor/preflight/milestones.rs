//! The milestones of what is left to do.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::plan::{Lint, LintId, Place, PlanName, PlanSet};
use crate::schedule::{eta, plan_state};
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::view::plan::milestone_view::MilestoneView;
use crate::supervisor::view::situation::Situation;

/// A plan with an owner or a due day that is not done yet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedMilestone {
    /// The plan.
    pub plan: PlanName,
    /// Its owner and due day.
    #[serde(flatten)]
    pub milestone: MilestoneView,
}

/// The milestones of the plans that are open, in manifest order.
pub(super) fn milestones(set: &PlanSet, situation: &Situation, now: Timestamp) -> Vec<PlannedMilestone> {
    let (work, state) = (situation.scheduler.work(), situation.scheduler.state());
    let ends = eta(work, state).plans;
    let plans = set.plans.iter().filter_map(|plan| {
        let left = state.number(&plan.name).and_then(|number| ends[number]);
        let own = plan_state(work, state, &plan.name);
        Some(PlannedMilestone {
            plan: plan.name.clone(),
            milestone: MilestoneView::of(&plan.milestone, own, left, situation, now)?,
        })
    });
    plans.collect()
}

/// What to do about a plan that is late.
const REMEDY: &str = "give it more agents or a higher priority, or move `due`";

/// Plans that are still open after their due day. `days` has the due days of a manifest `file`, each with its place.
pub(super) fn overdue(
    project: &Project,
    file: &Path,
    days: impl Iterator<Item = (PlanName, Date, Place)>,
) -> Vec<Lint> {
    let now = Timestamp::now();
    let today = now.to_zoned(TimeZone::system()).date();
    let mut past = days.filter(|(_, due, _)| *due < today).peekable();
    if past.peek().is_none() {
        return Vec::new();
    }
    let open = Situation::look(project).map(|situation| milestones(&project.set, &situation, now));
    // An unreadable journal is reported elsewhere.
    let open = open.unwrap_or_default();
    let past = past.filter(|(plan, ..)| open.iter().any(|planned| planned.plan == *plan));
    past.map(|(plan, due, place)| {
        let message = format!("plan `{plan}` was due on {due}");
        Lint::at(LintId::Milestone, file, place.line, Some(place.column), message).hint(REMEDY)
    })
    .collect()
}

/// What is overdue, and what is expected too late.
pub(super) fn lints(milestones: &[PlannedMilestone]) -> impl Iterator<Item = Lint> + '_ {
    milestones.iter().filter_map(|planned| {
        let own = &planned.milestone;
        let due = own.due?;
        let message = match (own.is_overdue, own.behind_percent, own.expected) {
            (true, ..) => format!("it was due on {due}"),
            (false, Some(behind @ 1..), Some(end)) => {
                let end = end.to_zoned(TimeZone::system()).date();
                format!("it is behind plan by {behind} %: due on {due}, expected on {end}")
            }
            _ => return None,
        };
        Some(Lint::of(LintId::Milestone, &planned.plan, message).hint(REMEDY))
    })
}
