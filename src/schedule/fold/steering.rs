//! The fold of what people ask for.

use crate::plan::{Point, UnitId, WhyAgain};
use crate::schedule::event::at::At;
use crate::schedule::event::lead::review::Reviewing;
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::state::lost::Lost;
use crate::schedule::state::plan_run::{Outcome, PlanRun, Verify};
use crate::schedule::state::review::Review;
use crate::schedule::state::tries::Tries;

/// A person holds the point back; `now` stops what runs of it.
pub(in crate::schedule) fn paused(run: &mut PlanRun, at: At, point: Point, now: bool) {
    run.paused.insert(point, now);
    run.since = at;
}

/// The point continues.
pub(in crate::schedule) fn resumed(run: &mut PlanRun, at: At, point: Point) {
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

/// A step of a review.
pub(in crate::schedule) fn apply_review(run: &mut PlanRun, at: At, fact: &Reviewing) {
    match fact {
        Reviewing::Commented(comment) => run.review.comments.push(comment.clone()),
        Reviewing::Approved(approval) => {
            run.review.approved = Some(approval.commit.clone());
            if matches!(run.merge_trouble, Some(MergeTrouble::Review { .. })) {
                run.merge_trouble = None;
            }
            run.since = at;
        }
        // The same way back to work as after a verification that failed.
        Reviewing::Returned(back) => {
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
    }
}
