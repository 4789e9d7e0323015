//! The state of one plan: the fold of its events.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::attempt::{Attempt, AttemptRecord};
use super::limits::Parking;
use super::lost::Lost;
use super::open_question::OpenQuestion;
use super::person::{attached::Hands, mail::Mail, review::Review};
use super::phase_run::{LandedBefore, LandedPrefix, PhaseCheck, PhaseEnd};
use super::resolution::Resolution;
use super::tries::Tries;
use crate::plan::{
    AgentName, AttemptId, CommitId, ItemId, LandedBy, PhaseId, PlanName, Point, TaskId, TaskState, UnitId,
    Waiting,
};
use crate::schedule::event::facts::Spent;
use crate::schedule::event::merge_facts::Prefix;
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::event::why::because::{Because, Hold};
use crate::schedule::event::{about::Ticks, at::At};

/// State of one plan.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlanRun {
    /// True when phases or tasks are dispatched one by one. Then nothing counts as reached before its commits are on the plan's
    /// branch.
    pub by_units: bool,
    /// The sub-tasks of tasks and the numbered boxes of VERIFY blocks, as the document has them.
    pub pieces: BTreeMap<TaskId, Vec<ItemId>>,
    /// The items of each phase that is dispatched as a whole and has items.
    pub parts: BTreeMap<PhaseId, Vec<TaskId>>,
    /// Its worktrees by lane; 0 is the plan's own.
    pub worktrees: BTreeMap<u32, WorktreeMade>,
    /// The progress of creating a lane's worktree, when that takes a while.
    pub making: BTreeMap<u32, String>,
    /// Lanes whose worktree could not be created in this run, and why.
    pub lanes_refused: BTreeMap<u32, String>,
    /// Tasks and sub-tasks that were reported, or ticked in the document.
    pub items: BTreeMap<ItemId, Item>,
    /// Phases that are done, and since when.
    pub phases_done: BTreeMap<PhaseId, At>,
    /// The state of each phase's own verification.
    pub phase_checks: BTreeMap<PhaseId, PhaseCheck>,
    /// Units that an attempt completed with all required evidence. A phase that was only reported done lets dependents start, but
    /// a report alone does not finish the plan.
    pub proven: BTreeSet<UnitId>,
    /// How many attempts there were when the branch was last set back. Their conversations are not continued.
    pub set_back_after: usize,
    /// Work that will not be done in this run.
    pub lost: BTreeMap<UnitId, Lost>,
    /// Paused points, and whether running work was to stop.
    pub paused: BTreeMap<Point, bool>,
    /// Cancelled points that may still have running work.
    pub cancelling: BTreeSet<Point>,
    /// Parts of cancelled points that are to be done all the same.
    pub spared: BTreeSet<Point>,
    /// Points that a person asked to retry, until the plan ends or the point is cancelled.
    pub retried: BTreeSet<Point>,
    /// Gates that a person has approved.
    pub approved: BTreeSet<Point>,
    /// Commits pinned for the dependents of this plan's points.
    pub pins: BTreeMap<Point, CommitId>,
    /// Every commit that was ever pinned for a point. A dependent that started from one still has it, whatever was pinned since.
    pub handed_on: BTreeMap<Point, BTreeSet<CommitId>>,
    /// The contents of the branch when a phase's end was pinned.
    pub ends: BTreeMap<PhaseId, PhaseEnd>,
    /// Undeclared files that units turned out to touch when their commits conflicted.
    pub found: BTreeMap<UnitId, BTreeSet<String>>,
    /// Files that attempts on branches of their own have changed.
    pub made_in: BTreeMap<UnitId, BTreeSet<String>>,
    /// Phases that may have work on the branch, whatever became of that work since.
    pub touched: BTreeSet<PhaseId>,
    /// Points whose commit could not be pinned in this run, and why.
    pub pins_refused: BTreeMap<Point, String>,
    /// The attempts under way, by lane.
    pub attempts: BTreeMap<u32, Attempt>,
    /// Every attempt of this plan, oldest first.
    pub history: Vec<AttemptRecord>,
    /// Attempts at open work, by the first unit of the attempt.
    pub tries: BTreeMap<UnitId, Tries>,
    /// Attempts at repairing a failed verification of the plan.
    pub repair: Tries,
    /// The last failure of the plan's verification.
    pub red: Option<Because>,
    /// The state of the plan's own verification.
    pub verify: Verify,
    /// How the plan ended, once it has.
    pub outcome: Option<Outcome>,
    /// Units that the document had ticked as a whole when the plan began. Before the plan begins, the units that it has ticked
    /// now.
    pub ticked: BTreeSet<UnitId>,
    /// The boxes that the document had ticked when the first attempt began.
    pub ticks_at_first: Option<Ticks>,
    /// The boxes that were ticked when the document was last read.
    pub ticks: Option<Ticks>,
    /// True once a person skipped the whole plan, until a person wants it again.
    pub left_out: bool,
    /// True after the journal was lost, until a person asks to retry the plan. Until then the plan does not land on its own,
    /// because it is unknown what people had decided about it.
    pub rebuilt: bool,
    /// The commits with which it landed, by target branch.
    pub landed: BTreeMap<String, CommitId>,
    /// The tip of its branch at that time, if known, by target branch.
    pub landed_heads: BTreeMap<String, CommitId>,
    /// The fingerprint of its tasks when the whole plan last landed, if known.
    pub landed_print: Option<u32>,
    /// The first phases that landed on their own, by target branch.
    pub landed_prefix: BTreeMap<String, LandedPrefix>,
    /// The evidence of a landing by a person, by target branch.
    pub landed_by_hand: BTreeMap<String, LandedBy>,
    /// The commits that reverted it, by target branch.
    pub reverted: BTreeMap<String, CommitId>,
    /// The phases that were reverted with it and have not come back since, by target branch.
    pub taken_back: BTreeMap<String, BTreeSet<PhaseId>>,
    /// The landings that were reverted, by target branch. A landing counts again when its revert is undone.
    pub before_back: BTreeMap<String, LandedBefore>,
    /// The state of its merge.
    pub merge: Merge,
    /// The last phase that the merge is about, `None` for the whole plan.
    pub merge_up_to: Option<PhaseId>,
    /// The phases that are being merged, `None` for the whole plan.
    pub merge_prefix: Option<Prefix>,
    /// The merge that was requested while another was under way: the last phase, and the target.
    pub merge_next: Option<(Option<PhaseId>, Option<String>)>,
    /// Why the last merge did not land it.
    pub merge_trouble: Option<MergeTrouble>,
    /// True from the next `orch up` on: the trouble stands, and does not keep the merge from being tried again.
    pub merge_again: bool,
    /// The last trouble that needed a person, and when it was first found. Still known after `orch up` tried again.
    pub held_by: Option<(MergeTrouble, At)>,
    /// The resolution of its conflict with the target.
    pub resolution: Resolution,
    /// The last phase of the last merge of first phases, and why these phases did not land.
    pub prefix_trouble: Option<(PhaseId, MergeTrouble)>,
    /// The last report on each task and sub-task, whether it counted or came too late.
    pub heard: BTreeMap<ItemId, TaskState>,
    /// The time of the last report that a person made on each item, if the report has a time.
    pub said_by_people: BTreeMap<ItemId, Timestamp>,
    /// True once a person has reported.
    pub people_spoke: bool,
    /// True once any agent of the plan has reported. From then on, only reported work counts.
    pub spoken: bool,
    /// The tip of the plan's branch after the last work on it.
    pub made: Option<CommitId>,
    /// Tasks that an attempt with commits reported done beyond its own units.
    pub made_before: BTreeSet<TaskId>,
    /// The state of a person's review of it.
    pub review: Review,
    /// Messages to its agents.
    pub mail: Mail,
    /// The agents that have taken over, by the agent that the manifest names.
    pub stand_ins: BTreeMap<AgentName, AgentName>,
    /// The work of people between agents.
    pub hands: Hands,
    /// The branches that its branch conflicts with now, and the files in conflict. Other branches are named by their plan, the
    /// target by its branch.
    pub foreseen: BTreeMap<String, Vec<String>>,
    /// Groups of other plans together with which it fails the verification, as their branches stood, and how the verification
    /// failed.
    pub red_with: BTreeMap<Vec<PlanName>, String>,
    /// Unanswered questions, by the unit that waits (`None` for the whole plan).
    pub questions: BTreeMap<Option<UnitId>, OpenQuestion>,
    /// Reported waits, and when they were reported.
    pub escalated: BTreeMap<(Waiting, String), At>,
    /// Agents that met a rate limit or an outage here. Their work on this plan waits.
    pub parked: BTreeMap<AgentName, Parking>,
    /// The usage of all its attempts.
    pub spent: Spent,
    /// When the state last changed.
    pub since: At,
}

/// A worktree that exists.
#[derive(Debug, Clone, PartialEq)]
pub struct WorktreeMade {
    /// Its folder.
    pub path: String,
    /// Its branch.
    pub branch: String,
    /// Where the branch started.
    pub base: CommitId,
}

/// The state of a task or sub-task.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its state as last reported.
    pub state: TaskState,
    /// True when it was reported failed, and neither done nor skipped since.
    pub failed: bool,
    /// When work on it began.
    pub started: Option<At>,
    /// When that state was reported.
    pub since: At,
    /// How many attempts the plan had had by then.
    pub attempts: usize,
    /// Its title at that time, if known.
    pub title: Option<String>,
    /// The agent's note.
    pub note: Option<String>,
    /// The attempt whose agent reported the state. `None` when a person reported it or nobody did.
    pub by: Option<AttemptId>,
    /// The commit of the worktree at that time.
    pub commit: Option<CommitId>,
    /// True when nobody reported the state and commits count instead.
    pub assumed: bool,
}

/// The state of a plan's own verification.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Verify {
    /// It has not run on the present work.
    #[default]
    Open,
    /// Running.
    Running,
    /// The commit passed.
    Passed(CommitId),
    /// It failed, and an agent has to repair that before it runs again.
    Failed,
}

/// How a plan ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Done and verified.
    Finished,
    /// Attempts used up.
    Failed(Because),
    /// A dependency did not succeed.
    Skipped(Because),
    /// Needs a person.
    Held(Hold),
    /// A person cancelled it.
    Cancelled,
}

/// The state of a plan's merge.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Merge {
    /// Nobody has requested it.
    #[default]
    Idle,
    /// It is requested. Holds the target if that is not the run's.
    Wanted(Option<String>),
    /// It is under way. Holds the target if that is not the run's.
    Running(Option<String>),
}

impl PlanRun {
    /// The plan's own worktree, once there is one.
    pub fn worktree(&self) -> Option<&WorktreeMade> {
        self.worktrees.get(&0)
    }

    /// The state of a task as reported, corrected by the states of its parts (see [`TaskState::beside_parts`]). Pending without a
    /// report.
    pub fn item_state(&self, item: &ItemId) -> TaskState {
        let Some(known) = self.items.get(item) else {
            return TaskState::Pending;
        };
        let parts = self.pieces_of(item).filter_map(|piece| self.items.get(piece));
        known
            .state
            .beside_parts(known.by.is_none(), parts.map(|part| part.state))
    }

    /// True when no work remains on the task.
    pub fn is_item_settled(&self, item: &ItemId) -> bool {
        self.item_state(item).is_settled()
    }

    /// True when the unit is done with all required evidence, or was left out on purpose while nobody worked on it. Work under
    /// another `dispatch` counts: a done phase counts for its tasks but not for its check, and a phase counts as done when all of
    /// its items are.
    pub fn is_unit_done(&self, unit: UnitId) -> bool {
        let other = match unit {
            UnitId::Task(task) => !task.is_verify() && self.proven.contains(&UnitId::Phase(task.phase)),
            UnitId::Phase(phase) => self.parts.get(&phase).is_some_and(|parts| {
                let mut parts = parts.iter();
                parts.all(|part| self.proven.contains(&UnitId::Task(*part)))
            }),
        };
        other || self.proven.contains(&unit)
    }

    /// True when somebody reported that the task is not needed, and no attempt works on it or may still withdraw that report.
    pub fn is_given_up_on(&self, task: TaskId) -> bool {
        let mut attempts = self.attempts.values();
        self.item_state(&task.into()) == TaskState::Skipped
            && !attempts
                .any(|attempt| attempt.units.contains(&UnitId::Task(task)) || attempt.claimed.contains(&task))
    }

    /// True when an attempt has the unit.
    pub fn is_worked_on(&self, unit: UnitId) -> bool {
        self.attempts
            .values()
            .any(|attempt| attempt.units.contains(&unit))
    }

    /// True when the unit is done or will not be done.
    pub fn is_unit_settled(&self, unit: UnitId) -> bool {
        self.lost.contains_key(&unit) || self.is_unit_done(unit)
    }

    /// True when the point has been reached (for the whole plan: finished; landing is another fact).
    pub fn has_reached(&self, point: Point) -> bool {
        match point {
            Point::Plan => matches!(self.outcome, Some(Outcome::Finished)) || !self.landed.is_empty(),
            Point::Phase(phase) => self.phases_done.contains_key(&phase),
            Point::Task(task) if self.by_units => {
                self.is_unit_done(UnitId::Task(task)) || self.is_unit_done(UnitId::Phase(task.phase))
            }
            Point::Task(task) => self.is_item_settled(&task.into()),
        }
    }

    /// True when the point will not be reached in this run. Work that needs a person may still be done.
    pub fn has_lost(&self, point: Point) -> bool {
        let gone = |unit: &UnitId| self.lost.get(unit).is_some_and(Lost::is_final);
        self.has_given_up()
            || match point {
                Point::Plan => self.lost.values().any(Lost::is_final),
                Point::Phase(phase) => {
                    let mut lost = self.lost.keys();
                    lost.any(|unit| unit.phase() == phase && gone(unit))
                }
                Point::Task(task) => gone(&UnitId::Task(task)) || gone(&UnitId::Phase(task.phase)),
            }
    }

    /// True when the plan is finished, or the first phases of it that are to land are done, and nobody has paused it.
    pub fn may_land(&self) -> bool {
        let done = |phase: &PhaseId| self.phases_done.contains_key(phase);
        let whole = || self.outcome == Some(Outcome::Finished);
        let part = self.merge_prefix.as_ref();
        let fit = part.map_or_else(whole, |part| part.phases.iter().all(done));
        fit && !self.is_landing_paused() && !self.has_less_to_show()
    }

    /// True when the plan ended without success and will not continue in this run.
    pub fn has_given_up(&self) -> bool {
        match self.outcome {
            Some(Outcome::Failed(_) | Outcome::Skipped(_) | Outcome::Cancelled) => true,
            Some(Outcome::Finished | Outcome::Held(_)) | None => false,
        }
    }

    /// True when the plan is finished or has given up.
    pub fn has_settled(&self) -> bool {
        self.has_given_up() || self.outcome == Some(Outcome::Finished)
    }

    /// True when work on the plan may still begin.
    pub fn is_open(&self) -> bool {
        self.outcome.is_none()
    }

    /// True while any agent of the plan is being started, runs, or has left work to be inspected.
    pub fn is_at_work(&self) -> bool {
        !self.attempts.is_empty()
    }

    /// The attempt of this id, while it is under way.
    pub fn attempt(&self, id: &crate::plan::AttemptId) -> Option<&Attempt> {
        self.attempts.values().find(|attempt| &attempt.id == id)
    }

    /// The record of an attempt.
    pub fn history_of(&self, id: &crate::plan::AttemptId) -> Option<&AttemptRecord> {
        self.history.iter().rev().find(|record| &record.id == id)
    }

    /// The attempts at the plan's work, oldest first, without attempts at conflicts with the target.
    pub fn work_attempts(&self) -> impl DoubleEndedIterator<Item = &AttemptRecord> {
        self.history.iter().filter(|record| !record.resolves)
    }

    /// The attempts at work that begins with this unit. Attempts at repairing a failed verification are counted separately.
    pub fn tries_of(&self, unit: Option<UnitId>, repair: bool) -> &Tries {
        static NONE: std::sync::LazyLock<Tries> = std::sync::LazyLock::new(Tries::default);
        match (repair, unit) {
            (true, _) => &self.repair,
            (false, Some(unit)) => self.tries.get(&unit).unwrap_or(&NONE),
            (false, None) => &NONE,
        }
    }
}
