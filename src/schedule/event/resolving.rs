//! Facts about resolving the conflict of a plan with the target, and what is known of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::about::OfPlan;
use super::at::At;
use super::exit::Exit;
use super::trouble::MergeTrouble;
use crate::plan::{AgentName, AttemptId, CommitId, PhaseId, PlanName, Point, WorkRef};
use crate::schedule::merge::prefix::Prefix;
use crate::schedule::state::attempt::Stuck;
use crate::schedule::state::plan_run::PlanRun;

/// One fact about a conflict with the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum Resolving {
    /// The conflict is checked out in a worktree made for it.
    #[serde(rename = "resolve.opened")]
    Opened(ConflictOpened),
    /// It was resolved there.
    #[serde(rename = "resolve.done")]
    Done(ConflictResolved),
    /// Its resolution was given up.
    #[serde(rename = "resolve.dropped")]
    Dropped(OfPlan),
    /// A person does not want the agent at it to go on, nor another to begin on these two commits.
    #[serde(rename = "resolve.cancelled")]
    Cancelled(OfPlan),
    /// A candidate was built although it conflicts: as it was resolved before, or by making generated files anew.
    #[serde(rename = "resolve.reused")]
    Reused(ConflictMended),
    /// An agent was given the conflict. Written before its process starts.
    #[serde(rename = "resolve.started")]
    Started(ResolverStarted),
    /// What the agent made of it is not accepted.
    #[serde(rename = "resolve.failed")]
    Failed(ResolverFailed),
}

/// A conflict that is checked out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictOpened {
    /// The plan.
    pub plan: PlanName,
    /// The last phase that it is about, where that is not the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<PhaseId>,
    /// The worktree.
    pub path: String,
    /// Where the target stood.
    pub onto: CommitId,
    /// Where the plan's branch stood.
    pub head: CommitId,
    /// The files that are to be resolved.
    pub files: Vec<String>,
    /// Files that were resolved as they were before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reused: Vec<String>,
}

/// A conflict that was resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictResolved {
    /// The plan.
    pub plan: PlanName,
    /// The last phase that it is about, where that is not the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<PhaseId>,
    /// The commit that holds both sides.
    pub commit: CommitId,
    /// The attempt of the agent that resolved it; none when a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// What the agent said about lines that it left out; none when it left none out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
}

/// An agent that was given a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolverStarted {
    /// The plan.
    pub plan: PlanName,
    /// The last phase that it is about, where that is not the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<PhaseId>,
    /// The attempt.
    pub attempt: AttemptId,
    /// The agent.
    pub agent: AgentName,
    /// The account it uses; none when the agent has but one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Where the target stood.
    pub onto: CommitId,
    /// Where the plan's branch stood.
    pub head: CommitId,
}

/// An agent that did not resolve a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolverFailed {
    /// The plan.
    pub plan: PlanName,
    /// The last phase that it is about, where that is not the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<PhaseId>,
    /// The attempt.
    pub attempt: AttemptId,
    /// How its process ended; `stopped` when a person asked to stop, and it says nothing then.
    pub exit: Exit,
    /// What was missing.
    pub why: String,
    /// The worktree with what it made, to look at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// An agent that resolves a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolverAtWork {
    /// Its attempt.
    pub attempt: AttemptId,
    /// The last phase that it is about, where that is not the whole plan.
    pub up_to: Option<PhaseId>,
    /// The agent.
    pub agent: AgentName,
    /// Where the target stood.
    pub onto: CommitId,
    /// Where the plan's branch stood.
    pub head: CommitId,
    /// When it was begun.
    pub since: At,
    /// Since when nothing of it moves, once that was noticed.
    pub stuck: Option<Stuck>,
    /// The account it uses; none when its agent has but one.
    pub account: Option<String>,
    /// When the obstacle that it tells of is over, where that was said.
    pub resets_at: Option<At>,
    /// True once a person does not want it to go on.
    pub cancelled: bool,
}

/// A conflict that nobody needed to resolve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictMended {
    /// The plan.
    pub plan: PlanName,
    /// The last phase that it is about, where that is not the whole plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<PhaseId>,
    /// Where the target stood, with what is to land before.
    pub onto: CommitId,
    /// Files that were resolved as they were before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reused: Vec<String>,
    /// Files that were made anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regenerated: Vec<String>,
}

impl ConflictMended {
    /// In words.
    pub fn words(&self) -> String {
        let part =
            |files: &[String], how: &str| (!files.is_empty()).then(|| format!("{} {how}", files.join(", ")));
        let parts = [
            part(&self.reused, "resolved as it was before"),
            part(&self.regenerated, "made anew"),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

/// What is known of the resolution of a plan's conflict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolution {
    /// The last phase that it is about, where that is not the whole plan.
    pub up_to: Option<PhaseId>,
    /// The worktree in which it is checked out.
    pub path: Option<String>,
    /// The commit that was made of it; none before, and again once it is checked out anew.
    pub commit: Option<CommitId>,
    /// What needed nobody in the merge that was built last, or that landed.
    pub mended: Option<ConflictMended>,
    /// The agent that is at it.
    pub agent: Option<ResolverAtWork>,
    /// The targets and branches that an agent was given.
    pub tried: BTreeSet<(CommitId, CommitId)>,
    /// Those that an agent was given last, and how many at them were ended because they stood still.
    pub last: Option<((CommitId, CommitId), u32)>,
    /// The attempt that left the worktree as it is; none when a person has it.
    pub left_by: Option<AttemptId>,
    /// What an agent said about lines that it left out of what landed, or is to land.
    pub left_out: Option<String>,
}

impl Resolution {
    /// What it is about: a plan, or its first phases.
    pub fn about(&self, plan: &PlanName) -> WorkRef {
        up_to(plan, self.up_to)
    }
}

/// A plan, or its first phases.
pub(in crate::schedule) fn up_to(plan: &PlanName, phase: Option<PhaseId>) -> WorkRef {
    WorkRef::at(plan, phase.map_or(Point::Plan, Point::Phase))
}

/// What a person does about a conflict of a plan, or of its first phases, with the target.
pub(in crate::schedule) fn way_out(what: &WorkRef, resolution: &Resolution) -> String {
    let other = resolution.about(&what.plan);
    if let Some(agent) = resolution.agent.as_ref().filter(|_| other == *what) {
        return format!("{} works on it: orch logs {} -f", agent.attempt, what.plan);
    }
    match (&resolution.path, &resolution.commit) {
        (Some(path), None) if other == *what => {
            format!("resolve it in {path}, `git add`, then orch merge --continue {what}")
        }
        (Some(path), None) => format!(
            "end what is begun on {other} in {path} (orch merge --continue {other}, or --abort {other}), then orch merge \
             --resolve {what}"
        ),
        // What was made of it does not merge with what came since.
        _ => format!("orch merge --resolve {what} checks it out in a worktree"),
    }
}

impl Resolving {
    /// The plan that it is about.
    pub fn plan(&self) -> &PlanName {
        match self {
            Self::Opened(opened) => &opened.plan,
            Self::Done(done) => &done.plan,
            Self::Dropped(of) | Self::Cancelled(of) => &of.plan,
            Self::Reused(mended) => &mended.plan,
            Self::Started(started) => &started.plan,
            Self::Failed(failed) => &failed.plan,
        }
    }
}

impl PlanRun {
    pub(in crate::schedule) fn apply_resolving(&mut self, at: At, fact: &Resolving) {
        match fact {
            Resolving::Opened(opened) => {
                self.resolution.up_to = opened.up_to;
                self.resolution.path = Some(opened.path.clone());
                self.resolution.commit = None;
                self.resolution.left_by = None;
                self.since = at;
            }
            Resolving::Done(done) => {
                self.resolution.up_to = done.up_to;
                self.resolution.commit = Some(done.commit.clone());
                self.resolution.left_out = done.left_out.clone();
                if let Some(attempt) = &done.attempt {
                    self.resolver_succeeded(at, attempt);
                }
                self.since = at;
            }
            Resolving::Dropped(_) => {
                let tried = std::mem::take(&mut self.resolution.tried);
                self.resolution = Resolution {
                    tried,
                    ..Resolution::default()
                };
            }
            Resolving::Cancelled(_) => {
                if let Some(agent) = &mut self.resolution.agent {
                    agent.cancelled = true;
                }
            }
            Resolving::Reused(mended) => self.resolution.mended = Some(mended.clone()),
            Resolving::Started(started) => self.resolver_started(at, started),
            Resolving::Failed(failed) => self.resolver_failed(at, failed),
        }
    }

    /// The plan has landed on top of `before`: its conflict is over.
    pub(in crate::schedule) fn conflict_is_over(&mut self, before: Option<&CommitId>) {
        let Resolution { mended, left_out, .. } = std::mem::take(&mut self.resolution);
        self.resolution = Resolution {
            mended: mended.filter(|mended| Some(&mended.onto) == before),
            left_out,
            ..Resolution::default()
        };
    }

    /// First phases have landed on top of `before`: so is their conflict, and one of more of the plan is not.
    pub(in crate::schedule) fn conflict_of_part_is_over(&mut self, part: &Prefix, before: Option<&CommitId>) {
        let mine = self
            .resolution
            .up_to
            .is_some_and(|phase| part.holds(Point::Phase(phase)));
        match mine {
            true => self.conflict_is_over(before),
            false => {
                let mended = self.resolution.mended.take();
                self.resolution.mended = mended.filter(|mended| Some(&mended.onto) == before);
            }
        }
    }

    /// What of the plan conflicts with the target and waits for somebody: all of it, or its first phases.
    pub fn in_conflict(&self, name: &PlanName) -> Option<WorkRef> {
        if let Some(MergeTrouble::Conflict { .. }) = self.merge_trouble {
            return Some(WorkRef::whole(name));
        }
        match &self.prefix_trouble {
            Some((phase, MergeTrouble::Conflict { .. })) => Some(up_to(name, Some(*phase))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::event::fact::Event;

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
        assert!(way_out(&what, &run.resolution).contains("--resolve auth"));
        run.apply_resolving(At::default(), &opened());
        assert!(way_out(&what, &run.resolution).contains("/w/auth.resolve"));
        assert!(way_out(&what, &run.resolution).contains("--continue auth"));
        let part = up_to(&plan, Some(PhaseId(2)));
        let words = way_out(&part, &run.resolution);
        assert!(
            words.contains("--abort auth)") && words.ends_with("--resolve auth.2"),
            "{words}"
        );
        let done = Resolving::Done(ConflictResolved {
            plan: plan.clone(),
            up_to: None,
            commit: "2".repeat(40).parse().unwrap(),
            attempt: None,
            left_out: None,
        });
        run.apply_resolving(At::default(), &done);
        assert!(way_out(&what, &run.resolution).contains("--resolve auth"));
        run.apply_resolving(At::default(), &Resolving::Dropped(OfPlan { plan: plan.clone() }));
        assert_eq!(run.resolution, Resolution::default());
    }
}
