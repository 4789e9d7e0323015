//! The data for a person who reviews a plan.

use serde::Serialize;

use crate::git;
use crate::journal::SCHEMA;
use crate::plan::{CommitId, FinishCheck, PlanName};
use crate::schedule::{PlanRun, PlanWork, Verify, plan_state};

use super::situation::{Situation, commit_to_land};
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::repository_plans::Project;

/// The answer of `orch review PLAN --json`.
#[derive(Debug, Clone, Serialize)]
pub struct ReviewView {
    /// Version of the document.
    pub schema: u32,
    /// The plan.
    pub plan: PlanName,
    /// Its state.
    pub state: &'static str,
    /// The commit that would land.
    pub commit: CommitId,
    /// True when the plan lands only after a review.
    pub needed: bool,
    /// The commit whose landing a person has approved.
    pub approved: Option<CommitId>,
    /// Its commits that the target lacks, latest first.
    pub commits: Vec<CommitLine>,
    /// The files that these commits change.
    pub files: Vec<String>,
    /// Lines added by them.
    pub added: usize,
    /// Lines removed by them.
    pub removed: usize,
    /// The plan's `verify`.
    pub verify: Option<String>,
    /// The command that verifies it once it is merged with the target.
    pub merge_verify: Option<String>,
    /// The commit with which `verify` succeeded.
    pub verified: Option<CommitId>,
    /// Comments that the agent has not received yet.
    pub comments: Vec<CommentView>,
    /// Its worktree.
    pub worktree: Option<String>,
}

/// One commit.
#[derive(Debug, Clone, Serialize)]
pub struct CommitLine {
    /// Its full id.
    pub commit: CommitId,
    /// The first line of its message.
    pub subject: String,
}

/// One comment.
#[derive(Debug, Clone, Serialize)]
pub struct CommentView {
    /// The file, from the repository's top.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The contents of the line.
    pub quote: String,
    /// The comment.
    pub text: String,
}

impl ReviewView {
    /// Of a plan, as it is; none without commits.
    ///
    /// # Errors
    ///
    /// When the repository cannot be read.
    pub fn of(
        project: &Project,
        situation: &Situation,
        plan: &PlanName,
    ) -> Result<Option<Self>, SupervisorError> {
        let (work, state) = (situation.scheduler.work(), situation.scheduler.state());
        let (Some(set), Some(number)) = (project.plan(plan), state.number(plan)) else {
            return Ok(None);
        };
        let (repo, run): (_, &PlanRun) = (&project.repo, state.plan(plan));
        let Some(commit) = commit_to_land(project, &set.branch, run)? else {
            return Ok(None);
        };
        let target = repo.branch_tip(&project.target)?;
        let target = target.unwrap_or_else(|| project.base.clone());
        let base = repo
            .merge_base(&target, &commit)?
            .unwrap_or_else(|| target.clone());
        let beyond = git::repo::commits_beyond(repo, &commit, [&target])?;
        let commits: Result<Vec<CommitLine>, _> = beyond
            .into_iter()
            .map(|(commit, _)| {
                repo.subject(&commit)
                    .map(|subject| CommitLine { commit, subject })
            })
            .collect();
        let files = git::repo::files_between(repo, &base, &commit)?;
        let (added, removed) = git::repo::lines_between(repo, &base, &commit)?;
        let known: &PlanWork = &work.plans[number];
        Ok(Some(Self {
            schema: SCHEMA,
            plan: plan.clone(),
            state: plan_state(work, state, plan).as_str(),
            needed: known.review,
            approved: run.review.approved.clone(),
            commits: commits?,
            files: files
                .iter()
                .map(|file| file.to_string_lossy().into_owned())
                .collect(),
            added,
            removed,
            verify: FinishCheck::plan_line(set),
            merge_verify: project.set.merge.verify.clone(),
            verified: match &run.verify {
                Verify::Passed(commit) => Some(commit.clone()),
                Verify::Open | Verify::Running | Verify::Failed => None,
            },
            comments: run.review.comments.iter().map(CommentView::of).collect(),
            worktree: run.worktree().map(|made| made.path.clone()),
            commit,
        }))
    }
}

impl CommentView {
    fn of(comment: &crate::schedule::ReviewComment) -> Self {
        Self {
            file: comment.file.clone(),
            line: comment.line,
            quote: comment.quote.clone(),
            text: comment.text.clone(),
        }
    }
}
