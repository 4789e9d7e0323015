//! The fold of people's requests.

use crate::plan::{Point, UnitId, WhyAgain};
use crate::schedule::event::at::At;
use crate::schedule::event::person::review::{ReviewApproval, ReviewReturn};
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::state::lost::Lost;
use crate::schedule::state::person::attached::Attached;
use crate::schedule::state::person::review::Review;
use crate::schedule::state::plan_run::{Outcome, PlanRun, Verify};
use crate::schedule::state::tries::Tries;

/// A person pauses the point. `now` also stops the running work of the point.
pub(in crate::schedule) fn paused(run: &mut PlanRun, at: At, point: Point, now: bool) {
    if !put_off_pause(run, point, Some(now)) {
        run.paused.insert(point, now);
    }
    run.since = at;
}

/// A person resumes the point.
pub(in crate::schedule) fn resumed(run: &mut PlanRun, at: At, point: Point) {
    if put_off_pause(run, point, None) {
        return;
    }
    run.paused.remove(&point);
    may_land_again(run);
    run.since = at;
}

/// A merge that was refused because of a pause may be requested again, and a plan that lands on its own does so now.
fn may_land_again(run: &mut PlanRun) {
    if !run.is_landing_paused() && matches!(run.merge_trouble, Some(MergeTrouble::Refused { .. })) {
        run.merge_trouble = None;
    }
}

/// A person approves the point, so that its work may begin.
pub(in crate::schedule) fn approved(run: &mut PlanRun, at: At, point: Point) {
    run.approved.insert(point);
    run.since = at;
}

/// The cancelled plan has stopped.
pub(in crate::schedule) fn cancelled(run: &mut PlanRun, at: At) {
    run.cancelling.clear();
    run.spared.clear();
    run.end(at, Outcome::Cancelled);
}

/// The cancelled unit has stopped.
pub(in crate::schedule) fn unit_cancelled(run: &mut PlanRun, unit: UnitId) {
    run.lost.insert(unit, Lost::Cancelled);
    let open = |point: &Point| match point {
        Point::Task(task) => unit != UnitId::Task(*task),
        Point::Phase(_) | Point::Plan => true,
    };
    run.cancelling.retain(open);
}

/// A person has reviewed a commit and lets the commit land.
pub(in crate::schedule) fn reviewed(run: &mut PlanRun, at: At, approval: &ReviewApproval) {
    run.review.approved = Some(approval.commit.clone());
    if matches!(run.merge_trouble, Some(MergeTrouble::Review { .. })) {
        run.merge_trouble = None;
    }
    run.since = at;
}

/// A person has reviewed the plan and wants changes. The plan goes back to work the same way as after a failed verification.
pub(in crate::schedule) fn returned(run: &mut PlanRun, at: At, back: &ReviewReturn) {
    run.review = Review {
        returned: Some(back.text.clone()),
        ..Review::default()
    };
    run.outcome = None;
    run.merge_trouble = None;
    run.verify = Verify::Failed;
    run.repair = Tries {
        before: Some((WhyAgain::Review, back.text.as_str().into())),
        ..Tries::default()
    };
    run.since = at;
}

/// Pauses the whole plan and stops its running work, until the person has left.
pub(in crate::schedule) fn attach(run: &mut PlanRun, attached: Attached) {
    let before = run.hands.attached.take().map(|before| before.paused);
    let paused = run.paused.insert(Point::Plan, true);
    run.since = attached.since;
    run.hands.attached = Some(Attached {
        paused: before.unwrap_or(paused),
        ..attached
    });
}

/// The person has left. The plan's own pause applies again, and the person's work is to be inspected.
pub(in crate::schedule) fn detach(run: &mut PlanRun, at: At, pid: u32) {
    let Some(attached) = run.hands.attached.take_if(|attached| attached.pid == pid) else {
        return;
    };
    match attached.paused {
        Some(now) => run.paused.insert(Point::Plan, now),
        None => run.paused.remove(&Point::Plan),
    };
    may_land_again(run);
    run.hands.left.insert(attached.lane);
    let last = run.work_attempts().rfind(|record| record.lane == attached.lane);
    let unit = last.and_then(|last| last.units.first().copied());
    let unit = unit.filter(|unit| run.by_units && !run.is_unit_done(*unit));
    run.hands.entered.extend(unit);
    run.since = at;
}

/// Postpones a pause of the whole plan, or the end of the pause (`None`), until the attached person has left. True when a person
/// is attached and the change was postponed.
fn put_off_pause(run: &mut PlanRun, point: Point, now: Option<bool>) -> bool {
    let attached = run.hands.attached.as_mut().filter(|_| point == Point::Plan);
    let is_put_off = attached.is_some();
    if let Some(attached) = attached {
        attached.paused = now;
    }
    is_put_off
}
