//! The variables of prompt templates.

use serde::Serialize;

use crate::plan::{MessageKind, PhaseId, PlanName, TaskId, TaskState};

/// The variables of a prompt template.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PromptContext {
    /// How much of the plan the agent is given. The kind selects the template for this.
    pub kind: PromptKind,
    /// The plan.
    pub plan: PlanName,
    /// Its document's title.
    pub title: String,
    /// Its document's goal.
    pub goal: Option<String>,
    /// Number of this attempt, from 1.
    pub attempt: u32,
    /// Shell line that must succeed on the finished plan.
    pub verify: Option<String>,
    /// True when the given work finishes the plan.
    pub is_last: bool,
    /// Output of the failed `verify`, when the work is to make `verify` pass.
    pub red: Option<String>,
    /// The changes that a person asked for in a review.
    pub review: Option<String>,
    /// How the previous attempt ended.
    pub failure: Option<PromptFailure>,
    /// The given tasks that are not done yet, when there was a failure.
    pub open: Vec<TaskId>,
    /// The messages to the plan's agents since the last start.
    pub messages: Vec<PromptMessage>,
    /// The commits that people have made since the last agent ended, newest first.
    pub by_people: Vec<String>,
    /// True when the attempt continues a conversation that knows everything except the messages.
    pub brief: bool,
    /// The phases of this stage, and no others.
    pub phases: Vec<PromptPhase>,
    /// The plan's branch.
    pub branch: String,
    /// What the branch started from.
    pub base: String,
    /// The branch it will land on.
    pub target: String,
    /// Path of the status file.
    pub status_file: String,
    /// Path of the worktree's copy of the document.
    pub plan_file: String,
    /// Path of the committed document, when there is one.
    pub document: Option<String>,
}

/// What an attempt is given to work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptKind {
    /// Every phase of the plan.
    Plan,
    /// Some of its phases, one after the other.
    #[serde(rename = "leg")]
    Stage,
    /// One phase, beside others.
    Phase,
    /// One task, beside others.
    Task,
    /// The check of finished work.
    Verifier,
}

/// The variables of the template for resolving a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResolverContext {
    /// The plan that is to be merged.
    pub plan: PlanName,
    /// Its document's title.
    pub title: String,
    /// Its document's goal.
    pub goal: Option<String>,
    /// The last phase that is to be merged; none for the whole plan.
    pub up_to: Option<PhaseId>,
    /// Its branch.
    pub branch: String,
    /// The branch that it is to be merged into.
    pub target: String,
    /// Plans on the target that changed the same files; empty when no plan did.
    pub others: Vec<OtherSide>,
    /// The files in conflict.
    pub files: Vec<ConflictingFile>,
    /// The shell line that will verify the merge.
    pub verify: Option<String>,
    /// Path of the plan's document.
    pub plan_file: String,
    /// Path of the file that explains why lines were left out.
    pub left_out_file: String,
}

/// A plan whose changes conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherSide {
    /// The plan.
    pub plan: PlanName,
    /// Its document's title.
    pub title: String,
    /// Its document's goal.
    pub goal: Option<String>,
}

/// A file that git cannot merge on its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConflictingFile {
    /// Its path.
    pub path: String,
    /// How it conflicts, in git's words.
    pub kind: String,
}

/// Why there is another attempt at the same work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyAgain {
    /// The attempt before failed.
    Failed,
    /// A person stopped the attempt before.
    Stopped,
    /// The attempt before vanished, as after a power cut.
    Vanished,
    /// A limit or an outage cut the attempt before short.
    CutShort,
    /// All work was done, but the plan's verification failed.
    Verify,
    /// All work was done, but a person who reviewed it wants changes.
    Review,
    /// The attempt before left messages unread.
    Unread,
    /// The attempt before asked a person, who has answered.
    Answered,
    /// A person took over for a while.
    ByHand,
}

/// How an earlier attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromptFailure {
    /// Why there is another attempt.
    pub cause: WhyAgain,
    /// The reason, in one sentence.
    pub reason: String,
    /// The end of its log.
    pub tail: Option<String>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromptMessage {
    /// Who wrote it: a plan, or `the lead`.
    pub from: String,
    /// What it is about.
    pub kind: MessageKind,
    /// The text.
    pub text: String,
}

/// A phase of the stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromptPhase {
    /// Its number.
    pub id: PhaseId,
    /// Its title.
    pub title: String,
    /// Its objective.
    pub objective: Option<String>,
    /// All of its tasks, whatever their state.
    pub tasks: Vec<PromptTask>,
    /// What must be true at its end.
    pub checks: Vec<String>,
    /// The id under which these checks are reported, when they are work of their own.
    pub verify: Option<TaskId>,
}

/// A task of the stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromptTask {
    /// Its id.
    pub id: TaskId,
    /// Its title.
    pub title: String,
    /// The lines below it.
    pub details: String,
    /// Its state.
    pub state: TaskState,
}
