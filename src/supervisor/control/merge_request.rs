//! A merge request, from its arrival until the result of each of its plans is known.

use tokio::sync::oneshot;

use crate::plan::{CommitId, PhaseId, PlanName, Point, WorkRef};
use crate::schedule::{Event, Landed, Merge, MergeTrouble, NotLanded, Outcome, Resolving, State};
use crate::words::{because, conflict_words, repair_words};

use super::request::{Answer, MergeOutcome, MergeReport, MergedPlan};

/// An open request.
#[derive(Debug)]
pub struct MergeRequest {
    open: Vec<WorkRef>,
    /// Commits with which plans had landed before the request.
    there: Vec<CommitId>,
    report: MergeReport,
    reply: Option<oneshot::Sender<Answer>>,
}

impl MergeRequest {
    /// A request for these plans, or for every finished plan that is not on the target yet.
    pub fn new(
        plans: &[WorkRef],
        target: &str,
        before: Option<CommitId>,
        state: &State,
        reply: Option<oneshot::Sender<Answer>>,
    ) -> Self {
        let open = if plans.is_empty() {
            let finished = state.plans().filter(|(_, run)| {
                run.outcome == Some(Outcome::Finished) && !run.landed.contains_key(target)
            });
            finished.map(|(name, _)| WorkRef::whole(name)).collect()
        } else {
            plans.to_vec()
        };
        let there = state.plans().flat_map(|(_, run)| run.commits_on(target));
        Self {
            open,
            there: there.cloned().collect(),
            report: MergeReport {
                target: target.to_owned(),
                before: before.clone(),
                after: before,
                plans: Vec::new(),
            },
            reply,
        }
    }

    /// True when the supervisor itself made the request: the report is the command's own.
    pub fn is_own(&self) -> bool {
        self.reply.is_none()
    }

    /// Updates the request with a recorded event.
    pub fn hear(&mut self, event: &Event) {
        let (plan, up_to, merged) = match event {
            Event::MergeLanded(Landed {
                plan,
                commit,
                target,
                part,
                ..
            }) if *target == self.report.target => {
                let known = self.there.contains(commit);
                if !known {
                    self.report.after = Some(commit.clone());
                }
                let why = known.then(|| "it was there already".to_owned());
                let merged = (MergeOutcome::Landed, Some(commit.clone()), why, false);
                (plan, part.as_ref().map(|part| part.up_to), merged)
            }
            Event::MergeFailed(NotLanded { plan, up_to, why }) => {
                (plan, *up_to, not_landed(&what(plan, *up_to), why))
            }
            Event::Resolve(Resolving::Started(started)) => {
                // An agent resolves the conflict, so the result is open again.
                let plans = &mut self.report.plans;
                let about = what(&started.plan, started.up_to);
                if let Some(place) = plans.iter().position(|known| known.name == about) {
                    plans.remove(place);
                    self.open.push(about);
                }
                return;
            }
            Event::MergeRequested { plans, into } => {
                // A plan that failed before is tried again: what it needed may have landed since.
                let same = into.as_ref().is_none_or(|into| *into == self.report.target);
                for about in plans.iter().filter(|_| same) {
                    let known = self.report.plans.iter().position(|known| known.name == *about);
                    if let Some(place) = known {
                        self.report.plans.remove(place);
                        self.open.push(about.clone());
                    }
                }
                return;
            }
            Event::Resolve(Resolving::Failed(failed)) => {
                let next = match &failed.path {
                    Some(path) => format!("it lies in {path}; finish it there, then `orch merge --continue"),
                    None => "`orch merge --resolve".to_owned(),
                };
                let why = format!(
                    "it conflicts, and {} could not resolve it: {}\n{next} {}`",
                    failed.attempt,
                    because(&failed.why),
                    what(&failed.plan, failed.up_to)
                );
                (
                    &failed.plan,
                    failed.up_to,
                    (MergeOutcome::Held, None, Some(why), false),
                )
            }
            _ => return,
        };
        let about = |open: &WorkRef| open.plan == *plan && open.point.phase() == up_to;
        let Some(place) = self.open.iter().position(about) else {
            return;
        };
        let name = self.open.remove(place);
        let (outcome, commit, why, refused) = merged;
        self.report.plans.push(MergedPlan {
            name,
            outcome,
            commit,
            why,
            refused,
        });
    }

    /// Sends the report to the requesting process, once nothing of the request is under way.
    pub fn finish(&mut self, state: &State) -> Option<MergeReport> {
        let busy = |open: &WorkRef| {
            let run = state.plan(&open.plan);
            run.merge != Merge::Idle || run.merge_next.is_some() || run.resolution.agent.is_some()
        };
        if self.open.iter().any(busy) {
            return None;
        }
        // The supervisor stopped first: nothing was recorded about these plans.
        for name in std::mem::take(&mut self.open) {
            self.report.plans.push(MergedPlan {
                name,
                outcome: MergeOutcome::Skipped,
                commit: None,
                why: Some("a person asked to stop before its turn came".to_owned()),
                refused: false,
            });
        }
        for plan in &mut self.report.plans {
            if plan.outcome == MergeOutcome::Landed {
                let resolution = &state.plan(&plan.name.plan).resolution;
                let left_out = resolution.left_out.as_ref();
                let left_out = left_out.map(|why| format!("lines were left out: {why}"));
                let repaired = resolution.repaired.as_ref().map(repair_words).or(left_out);
                plan.why = plan.why.take().or(repaired);
            }
        }
        let report = self.report.clone();
        if let Some(reply) = self.reply.take() {
            // The requesting process may have ended.
            let _ = reply.send(Answer::Merged(report.clone()));
        }
        Some(report)
    }
}

fn what(plan: &PlanName, up_to: Option<PhaseId>) -> WorkRef {
    WorkRef::at(plan, up_to.map_or(Point::Plan, Point::Phase))
}

/// Describes work that did not land: outcome, commit, reason, and whether it was refused.
pub fn not_landed(
    plan: &WorkRef,
    why: &MergeTrouble,
) -> (MergeOutcome, Option<CommitId>, Option<String>, bool) {
    let (outcome, text) = match why {
        MergeTrouble::Conflict {
            with, files, tried, ..
        } => (
            MergeOutcome::Held,
            format!(
                "{}\n`orch merge --resolve {plan}` checks it out in a worktree",
                conflict_words(with, files, tried.as_deref().map(because).as_deref())
            ),
        ),
        MergeTrouble::Verification { why } => (
            MergeOutcome::Failed,
            format!("the merged tree does not pass: {why}"),
        ),
        MergeTrouble::TargetRed { why } => (
            MergeOutcome::Held,
            format!("the target itself does not pass: {why}"),
        ),
        MergeTrouble::Refused { why } => (MergeOutcome::Failed, because(why)),
        MergeTrouble::Obstacle { why } => (MergeOutcome::Failed, why.clone()),
        MergeTrouble::Review { commit } => (
            MergeOutcome::Held,
            format!("it waits for review of {}: `orch review {plan}`", commit.short()),
        ),
        MergeTrouble::Waits { on } => (
            MergeOutcome::Skipped,
            format!("it builds on {on}, which has not landed"),
        ),
        MergeTrouble::NotFinished { why } => (MergeOutcome::Skipped, because(why)),
    };
    let refused = matches!(why, MergeTrouble::Refused { .. } | MergeTrouble::Obstacle { .. });
    (outcome, None, Some(text), refused)
}

/// The open merge requests, and the result of the supervisor's own.
#[derive(Debug, Default)]
pub struct MergeRequests {
    open: Vec<MergeRequest>,
    own: Option<MergeReport>,
}

impl MergeRequests {
    /// Adds a request.
    pub fn add(&mut self, request: MergeRequest) {
        self.open.push(request);
    }

    /// Updates every request with a recorded event.
    pub fn hear(&mut self, event: &Event) {
        for request in &mut self.open {
            request.hear(event);
        }
    }

    /// Answers the requests that have nothing open.
    pub fn finish(&mut self, state: &State) {
        let report = &mut self.own;
        self.open.retain_mut(|request| {
            let own = request.is_own();
            let done = request.finish(state);
            let is_open = done.is_none();
            if own && !is_open {
                *report = done;
            }
            is_open
        });
    }

    /// Takes the answer to the supervisor's own request.
    pub fn take_own(&mut self) -> Option<MergeReport> {
        self.own.take()
    }
}
