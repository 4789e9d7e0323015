//! The fold of what people ask for.

use crate::plan::{Point, UnitId, WhyAgain};
use crate::schedule::event::at::At;
use crate::schedule::event::person::review::{ReviewApproval, ReviewReturn};
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::state::lost::Lost;
use crate::schedule::state::person::attached::Attached;
use crate::schedule::state::person::review::Review;
use crate::schedule::state::plan_run::{Outcome, PlanRun, Verify};
use crate::schedule::state::tries::Tries;

/// A person holds the point back; `now` stops what runs of it.
pub(in crate::schedule) fn paused(run: &mut PlanRun, at: At, point: Point, now: bool) {
    if !put_off_pause(run, point, Some(now)) {
        run.paused.insert(point, now);
    }
    run.since = at;
}

/// The point continues.
pub(in crate::schedule) fn resumed(run: &mut PlanRun, at: At, point: Point) {
    if put_off_pause(run, point, None) {
        return;
    }
    run.paused.remove(&point);
    // What was refused because of the pause may be asked for again, and lands on its own where it would have.
    if !run.is_landing_paused() && matches!(run.merge_trouble, Some(MergeTrouble::Refused { .. })) {
        run.merge_trouble = None;
    }
    run.since = at;
}

/// A person lets the point begin.
pub(in crate::schedule) fn approved(run: &mut PlanRun, at: At, point: Point) {
    run.approved.insert(point);
    run.since = at;
}

/// The plan has stopped.
pub(in crate::schedule) fn cancelled(run: &mut PlanRun, at: At) {
    run.cancelling.clear();
    run.spared.clear();
    run.end(at, Outcome::Cancelled);
}

/// The unit has stopped.
pub(in crate::schedule) fn unit_cancelled(run: &mut PlanRun, unit: UnitId) {
    run.lost.insert(unit, Lost::Cancelled);
    let open = |point: &Point| match point {
        Point::Task(task) => unit != UnitId::Task(*task),
        Point::Phase(_) | Point::Plan => true,
    };
    run.cancelling.retain(open);
}

/// A person lets a commit land.
pub(in crate::schedule) fn reviewed(run: &mut PlanRun, at: At, approval: &ReviewApproval) {
    run.review.approved = Some(approval.commit.clone());
    if matches!(run.merge_trouble, Some(MergeTrouble::Review { .. })) {
        run.merge_trouble = None;
    }
    run.since = at;
}

/// A person wants changes: the same way back to work as after a verification that failed.
pub(in crate::schedule) fn returned(run: &mut PlanRun, at: At, back: &ReviewReturn) {
    run.review = Review {
        returned: Some(back.text.clone()),
        ..Review::default()
    };
    run.outcome = None;
    run.merge_trouble = None;
    run.verify = Verify::Failed;
    run.repair = Tries {
        before: Some((WhyAgain::Review, back.text.clone())),
        ..Tries::default()
    };
    run.since = at;
}

/// Holds everything of the plan back, as a pause does that stops what runs, until the person has left.
pub(in crate::schedule) fn attach(run: &mut PlanRun, attached: Attached) {
    let before = run.hands.attached.take().map(|before| before.paused);
    let paused = run.paused.insert(Point::Plan, true);
    run.since = attached.since;
    run.hands.attached = Some(Attached {
        paused: before.unwrap_or(paused),
        ..attached
    });
}

/// The person has left: the plan's own pause counts again, and what was done is looked at.
pub(in crate::schedule) fn detach(run: &mut PlanRun, at: At, pid: u32) {
    let Some(attached) = run.hands.attached.take_if(|attached| attached.pid == pid) else {
        return;
    };
    match attached.paused {
        Some(now) => run.paused.insert(Point::Plan, now),
        None => run.paused.remove(&Point::Plan),
    };
    run.hands.left = Some(attached.lane);
    run.since = at;
}

/// A pause of the whole plan, or its end (none), that comes while somebody is attached counts afterwards. True when it was put off.
fn put_off_pause(run: &mut PlanRun, point: Point, now: Option<bool>) -> bool {
    let attached = run.hands.attached.as_mut().filter(|_| point == Point::Plan);
    let is_put_off = attached.is_some();
    if let Some(attached) = attached {
        attached.paused = now;
    }
    is_put_off
}
