//! What prompts speak about.

use serde::Serialize;

use crate::plan::{MessageKind, PhaseId, PlanName, TaskId, TaskState};

/// What a prompt template can speak about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PromptContext {
    /// How much of the plan is given: the name of the template that says so.
    pub kind: PromptKind,
    /// The plan.
    pub plan: PlanName,
    /// Its document's title.
    pub title: String,
    /// Its document's goal.
    pub goal: Option<String>,
    /// Number of this attempt, from 1.
    pub attempt: u32,
    /// Shell line that the finished plan has to pass.
    pub verify: Option<String>,
    /// True when the plan is finished with what is given.
    pub is_last: bool,
    /// What that wrote when it failed, where the work is to make it pass.
    pub red: Option<String>,
    /// The changes that a person asked for in a review.
    pub review: Option<String>,
    /// What became of the attempt before this one.
    pub failure: Option<PromptFailure>,
    /// What is not done yet of what is given, when there was a failure.
    pub open: Vec<TaskId>,
    /// The messages to the plan's agents since the last start.
    pub messages: Vec<PromptMessage>,
    /// True when it continues with a conversation that knows all but the messages.
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

/// What an attempt is given.
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

/// What the template for resolving a conflict can speak about.
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
    /// Plans on the target that changed the same files; empty when others did.
    pub others: Vec<OtherSide>,
    /// The files in conflict.
    pub files: Vec<ConflictingFile>,
    /// The shell line by which the merge will be verified.
    pub verify: Option<String>,
    /// Path of the plan's document.
    pub plan_file: String,
    /// Path of the file that explains lines which were left out.
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

/// A file that git cannot merge alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConflictingFile {
    /// Its path.
    pub path: String,
    /// How it conflicts, as git says it.
    pub kind: String,
}

/// Why there is another attempt at the same work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhyAgain {
    /// The one before was not enough.
    Failed,
    /// A person stopped it.
    Stopped,
    /// It vanished, as after a power cut.
    Vanished,
    /// A limit or an outage cut it short.
    CutShort,
    /// All was done, and the plan's verification failed.
    Verify,
    /// All was done, and a person who reviewed it wants changes.
    Review,
    /// It left messages unread.
    Unread,
    /// It asked a person, who has answered.
    Answered,
}

/// What became of an earlier attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromptFailure {
    /// Why there is another.
    pub cause: WhyAgain,
    /// One sentence.
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
