//! Floor 0: the vocabulary. Text in, values out; no clock, no files, no processes, no git.

mod arrangement;
mod attempt;
mod branch_name;
mod commit;
mod dependency;
mod document;
mod duration;
mod fault;
mod id;
mod landed_by;
mod lane;
pub mod manifest;
pub mod markdown;
mod merge_message;
mod message;
mod name;
mod near_miss;
mod patience;
mod place;
mod placeholder;
mod plan_set;
mod priority;
mod prompt;
mod starter;
mod state;
mod unit;

pub use arrangement::{Arrangement, Dispatch, Lanes, Overlap, Strategy};
pub use attempt::{AttemptId, RunId};
pub use branch_name::{BranchNameError, check_branch_name};
pub use commit::{CommitId, CommitIdError};
pub use dependency::{Dependency, Point, ReferenceError, WorkRef};
pub use document::{Document, Phase, PipelineStart, Subtask, Task, Upstream, VerifyBlock};
pub use duration::{DurationError, format_duration, parse_duration};
pub use fault::{Fault, Faults};
pub use id::{IdError, ItemId, PhaseId, TaskId};
pub use landed_by::LandedBy;
pub use lane::LaneId;
pub use merge_message::{MERGE_TEMPLATE, MergeContext, MergeTask, render_merge_message};
pub use message::{LONGEST_MESSAGE, Message, MessageKind, MessageKindError};
pub use name::{AgentName, NameError, PlanName, ResourceName};
pub use patience::{Escalate, OnStuck, Waiting};
pub use place::Place;
pub use placeholder::{
    BRANCH_PLACEHOLDERS, COMMAND_PLACEHOLDERS, PlaceholderError, Template, WORKTREE_PLACEHOLDERS,
};
pub use plan_set::{
    Agent, AgentStdin, AttemptPolicy, CommitPolicy, Hooks, MergeSettings, MergeStrategy, PhaseSettings, Plan,
    PlanSet, RunSettings, SyncPoint,
};
pub use priority::{Priority, PriorityError};
pub use prompt::{
    PROMPT_TEMPLATE, PromptContext, PromptError, PromptFailure, PromptMessage, PromptPhase, PromptTask,
    render_prompt,
};
pub use starter::{init_manifest, new_plan};
pub use state::{PlanState, TaskState};
pub use unit::UnitId;
