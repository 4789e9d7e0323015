//! Reopens work that had ended, because a person ran `orch up` again, asked for a retry or set the branch back.

use crate::plan::{PhaseId, Point, TaskState, UnitId, Waiting, WorkRef};
use crate::schedule::event::at::At;
use crate::schedule::event::person::set_back::SetBack;
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::event::why::because::Hold;
use crate::schedule::state::lost::Lost;
use crate::schedule::state::plan_run::{Outcome, PlanRun, Verify};
use crate::schedule::state::resolution::Resolution;
use crate::schedule::state::tries::Tries;

impl Tries {
    /// Counts retries from zero again. Attempts and commits stay counted.
    pub(in crate::schedule) fn begin_again(&mut self) {
        self.failures = 0;
        self.conflicts = 0;
        self.retry_at = None;
        self.alike = 0;
    }
}

/// A person ran `orch up` again. Work that needed a person is tried again, and in a new run so is failed work.
pub(in crate::schedule) fn reopen(run: &mut PlanRun, at: At, new_run: bool) {
    let waits = run.outcome.is_none();
    let again = match run.outcome {
        // A plan from which a landing took work stays held until a person accepts that. A question stays until it is answered.
        Some(Outcome::Held(Hold::TakenAway { .. } | Hold::Asks { .. })) => false,
        Some(Outcome::Held(_)) => true,
        // A plan that a person skipped stays skipped until a person wants it again.
        Some(Outcome::Skipped(_)) if run.left_out => false,
        Some(Outcome::Failed(_) | Outcome::Skipped(_)) => new_run,
        Some(Outcome::Finished | Outcome::Cancelled) | None => false,
    };
    if again {
        run.outcome = None;
        run.since = at;
        if run.verify == Verify::Failed {
            run.verify = Verify::Open;
        }
    }
    let asks = |unit: &UnitId| run.questions.contains_key(&Some(*unit));
    if new_run {
        run.lost
            .retain(|unit, lost| matches!(lost, Lost::Cancelled) || asks(unit));
    } else if again {
        // Failed work stays failed for the run, and skipped work with it.
        run.lost
            .retain(|unit, lost| !matches!(lost, Lost::Held { .. }) || asks(unit));
    }
    if again || new_run {
        run.stand_ins.clear();
        run.parked.clear();
        run.repair.begin_again();
        let open = run
            .tries
            .iter_mut()
            .filter(|(unit, _)| !run.lost.contains_key(unit));
        open.for_each(|(_, tries)| tries.begin_again());
    }
    // What needs a person still does, until the merge is tried again.
    run.merge_trouble = run.merge_trouble.take().filter(MergeTrouble::holds);
    run.merge_again = true;
    run.prefix_trouble = None;
    run.making.clear();
    if new_run {
        // What nothing but a person's word ends is still the same wait: an approval or a review.
        let review = matches!(run.merge_trouble, Some(MergeTrouble::Review { .. }));
        forget_reported_waits(run, |gate| if gate == "review" { review } else { waits });
        if run.has_made_nothing() {
            // The worktree is set up again for this run, which moves its branch to where the run begins.
            run.worktrees.clear();
        }
    }
    run.pins_refused.clear();
    run.lanes_refused.clear();
}

/// A person asked to retry the plan or a part of it. Work that was skipped because of it is reopened too, and is skipped again if
/// the cause stays.
pub(in crate::schedule) fn retry(run: &mut PlanRun, at: At, point: Point) {
    let inside = |unit: &UnitId| match point {
        Point::Plan => true,
        Point::Phase(phase) => unit.phase() == phase,
        Point::Task(task) => *unit == UnitId::Task(task) || *unit == UnitId::Phase(task.phase),
    };
    run.lost
        .retain(|unit, lost| !(inside(unit) || matches!(lost, Lost::Skipped { .. })));
    run.questions
        .retain(|unit, _| point != Point::Plan && !unit.is_some_and(|unit| inside(&unit)));
    let tries = run.tries.iter_mut().filter(|(unit, _)| inside(unit));
    tries.for_each(|(_, tries)| tries.begin_again());
    if point == Point::Plan {
        run.repair.begin_again();
        // An agent may get the plan's conflict again.
        run.resolution.tried.clear();
        run.resolution.last = None;
    }
    run.want_again(point);
    run.stand_ins.clear();
    run.left_out = false;
    run.rebuilt &= point != Point::Plan;
    let stays = run.is_held_as_whole() && point != Point::Plan;
    if !stays && run.outcome.is_some() && !matches!(run.outcome, Some(Outcome::Finished)) {
        run.outcome = None;
        if run.verify == Verify::Failed {
            run.verify = Verify::Open;
        }
    }
    run.parked.clear();
    forget_reported_waits(run, |_| false);
    run.pins_refused.clear();
    run.lanes_refused.clear();
    run.since = at;
}

/// A person set the branch back. These phases are open again, and every verdict on the plan's commits is dropped.
pub(in crate::schedule) fn was_set_back(run: &mut PlanRun, at: At, back: &SetBack) {
    let open = |phase: PhaseId| back.phases.contains(&phase);
    let open_point = |point: &Point| *point == Point::Plan || point.phase().is_some_and(open);
    for (id, item) in run.items.iter_mut().filter(|(id, _)| open(id.task.phase)) {
        // Boxes that the document has ticked stay done, because nobody reported them. `heard` keeps the reports: in a file
        // without times they must not count as news.
        if run.heard.contains_key(id) {
            (item.state, item.since) = (TaskState::Pending, at);
            (item.failed, item.assumed, item.started) = (false, false, None);
            (item.note, item.by, item.commit) = (None, None, None);
        }
    }
    let ticked = &run.ticked;
    run.proven
        .retain(|unit| !open(unit.phase()) || ticked.contains(unit));
    run.phases_done.retain(|phase, _| !open(*phase));
    run.phase_checks.retain(|phase, _| !open(*phase));
    run.touched.retain(|phase| !open(*phase));
    run.ends.retain(|phase, _| !open(*phase));
    run.pins.retain(|point, _| !open_point(point));
    run.pins_refused.retain(|point, _| !open_point(point));
    run.made_before.retain(|task| !open(task.phase));
    run.tries.retain(|unit, _| !open(unit.phase()));
    run.lost.retain(|unit, _| !open(unit.phase()));
    run.questions.clear();
    run.hands.entered.clear();
    run.repair = Tries::default();
    (run.red, run.verify, run.outcome) = (None, Verify::Open, None);
    run.made = Some(back.to.clone());
    run.set_back_after = run.history.len();
    (run.merge_trouble, run.prefix_trouble) = (None, None);
    (run.review.approved, run.review.returned) = (None, None);
    run.resolution = Resolution::default();
    run.foreseen.clear();
    run.red_with.clear();
    run.parked.clear();
    run.stand_ins.clear();
    run.left_out = false;
    forget_reported_waits(run, |_| false);
    run.since = at;
}

/// Forgets which waits were reported, so that they are reported again. Open questions stay reported, and so do these gates.
fn forget_reported_waits(run: &mut PlanRun, is_same_gate: impl Fn(&str) -> bool) {
    let open = |on: &str| {
        let work: Result<WorkRef, _> = on.parse();
        let asks =
            |unit: &Option<UnitId>, work: &WorkRef| unit.map_or(Point::Plan, UnitId::point) == work.point;
        work.is_ok_and(|work| run.questions.keys().any(|unit| asks(unit, &work)))
    };
    run.escalated.retain(|(waiting, on), _| {
        (*waiting == Waiting::Question && open(on)) || (*waiting == Waiting::Gate && is_same_gate(on))
    });
}
