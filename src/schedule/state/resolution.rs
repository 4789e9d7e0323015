//! The resolution of a conflict with the target.

use std::collections::BTreeSet;

use super::attempt::Stall;
use crate::plan::{AgentName, AttemptId, CommitId, OnStall, PhaseId, PlanName, WorkRef};
use crate::schedule::event::at::At;
use crate::schedule::event::resolving::{ConflictRepaired, up_to};

/// An agent that resolves a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolverAtWork {
    /// Its attempt.
    pub attempt: AttemptId,
    /// The last phase that it is about, `None` for the whole plan.
    pub up_to: Option<PhaseId>,
    /// The agent.
    pub agent: AgentName,
    /// The target tip.
    pub onto: CommitId,
    /// The tip of the plan's branch.
    pub head: CommitId,
    /// When it began.
    pub since: At,
    /// Its stall, once that was noticed.
    pub stall: Option<Stall>,
    /// The account it uses, `None` when its agent has only one.
    pub account: Option<String>,
    /// When the obstacle that it reports is over, if known.
    pub resets_at: Option<At>,
    /// True once a person has cancelled it.
    pub cancelled: bool,
}

/// The resolution of a plan's conflict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolution {
    /// The last phase that it is about, `None` for the whole plan.
    pub up_to: Option<PhaseId>,
    /// The worktree in which the conflict is checked out.
    pub path: Option<String>,
    /// The commit that resolves it. `None` before there is one, and again once the conflict is checked out again.
    pub commit: Option<CommitId>,
    /// The conflict that was resolved automatically in the merge that was last built, or that landed.
    pub repaired: Option<ConflictRepaired>,
    /// The agent that resolves it.
    pub agent: Option<ResolverAtWork>,
    /// The pairs of target tip and branch tip that an agent was given.
    pub tried: BTreeSet<(CommitId, CommitId)>,
    /// The pair that an agent was given last, and how many agents at that pair were ended because they stalled.
    pub last: Option<((CommitId, CommitId), u32)>,
    /// The attempt that left the worktree in its present state, `None` when a person has the worktree.
    pub left_by: Option<AttemptId>,
    /// An agent's explanation of the lines that it left out of what landed, or is to land.
    pub left_out: Option<String>,
}

impl Resolution {
    /// The subject: a plan, or its first phases.
    pub fn about(&self, plan: &PlanName) -> WorkRef {
        up_to(plan, self.up_to)
    }

    /// How many agents at this pair of commits were ended because they stalled.
    pub(in crate::schedule) fn ended_for_standing_still(&self, pair: &(CommitId, CommitId)) -> u32 {
        let last = self.last.as_ref().filter(|(last, _)| last == pair);
        last.map_or(0, |(_, ended)| *ended)
    }
}

/// What a person can do about a conflict of a plan, or of its first phases, with the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayOut {
    /// Nothing: an agent works on it in this attempt.
    AgentAtWork(AttemptId),
    /// Resolve it in the worktree at this path.
    ResolveIn(String),
    /// First end the resolution of another part of the plan, begun at this path.
    EndOther(WorkRef, String),
    /// Check the conflict out in a worktree.
    CheckOut,
}

impl WayOut {
    pub(in crate::schedule) fn of(what: &WorkRef, resolution: &Resolution) -> Self {
        let other = resolution.about(&what.plan);
        if let Some(agent) = resolution.agent.as_ref().filter(|_| other == *what) {
            return Self::AgentAtWork(agent.attempt.clone());
        }
        match (&resolution.path, &resolution.commit) {
            (Some(path), None) if other == *what => Self::ResolveIn(path.clone()),
            (Some(path), None) => Self::EndOther(other, path.clone()),
            // There is no worktree, or the resolution does not merge with what has landed since.
            _ => Self::CheckOut,
        }
    }
}

impl ResolverAtWork {
    /// True when the agent stalled and is being ended for that.
    pub(in crate::schedule) fn is_given_up(&self) -> bool {
        let acted = self.stall.as_ref().and_then(|stall| stall.acted);
        acted.is_some_and(OnStall::ends_it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::event::about::OfPlan;
    use crate::schedule::event::fact::Event;
    use crate::schedule::event::resolving::ConflictOpened;
    use crate::schedule::event::resolving::ConflictResolved;
    use crate::schedule::event::resolving::Resolving;
    use crate::schedule::fold::resolving::apply_resolving;
    use crate::schedule::state::plan_run::PlanRun;

    fn opened() -> Resolving {
        let commit: CommitId = "1".repeat(40).parse().unwrap();
        Resolving::Opened(ConflictOpened {
            plan: "auth".parse().unwrap(),
            up_to: None,
            path: "/w/auth.resolve".to_owned(),
            onto: commit.clone(),
            head: commit,
            files: vec!["a.txt".to_owned()],
            reused: Vec::new(),
        })
    }

    #[test]
    fn a_fact_is_written_and_read_as_any_other_event() {
        let event = Event::Resolve(opened());
        let text = serde_json::to_value(&event).unwrap();
        assert_eq!(text["event"], "resolve.opened");
        assert_eq!(text["plan"], "auth");
        assert_eq!(Event::read("resolve.opened", text).unwrap(), event);
        let unknown = serde_json::json!({"event": "resolve.unheard_of", "plan": "auth"});
        assert!(Event::read("resolve.unheard_of", unknown).is_err());
    }

    #[test]
    fn what_to_do_next_follows_what_was_done() {
        let plan: PlanName = "auth".parse().unwrap();
        let mut run = PlanRun::default();
        let what = WorkRef::whole(&plan);
        assert_eq!(WayOut::of(&what, &run.resolution), WayOut::CheckOut);
        apply_resolving(&mut run, At::default(), &opened());
        let path = "/w/auth.resolve".to_owned();
        assert_eq!(
            WayOut::of(&what, &run.resolution),
            WayOut::ResolveIn(path.clone())
        );
        let part = up_to(&plan, Some(PhaseId(2)));
        let other = WayOut::EndOther(what.clone(), path);
        assert_eq!(WayOut::of(&part, &run.resolution), other);
        let done = Resolving::Done(ConflictResolved {
            plan: plan.clone(),
            up_to: None,
            commit: "2".repeat(40).parse().unwrap(),
            attempt: None,
            left_out: None,
        });
        apply_resolving(&mut run, At::default(), &done);
        assert_eq!(WayOut::of(&what, &run.resolution), WayOut::CheckOut);
        apply_resolving(
            &mut run,
            At::default(),
            &Resolving::Dropped(OfPlan { plan: plan.clone() }),
        );
        assert_eq!(run.resolution, Resolution::default());
    }
}
