//! Floor 0: the vocabulary. Text in, values out; no clock, no files, no processes, no git.

mod agent;
mod arrangement;
mod attempt;
mod branch_name;
mod commit;
mod dependency;
mod document;
mod document_lints;
mod duration;
mod fault;
mod id;
mod landed_by;
mod lane;
mod lint;
mod live_edit;
mod live_fields;
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
mod preset;
mod priority;
mod prompt_context;
mod report;
mod same_title;
pub(crate) mod seek;
mod setup;
mod size;
mod starter;
mod state;
mod statement;
mod templates;
mod unit;
mod vanished;

pub use agent::{Account, Agent, AgentStdin, EventFormat, Price, StopSignal};
pub use arrangement::{Arrangement, Dispatch, Lanes, Overlap, Strategy};
pub use attempt::{AttemptId, RunId};
pub use branch_name::{BranchNameError, check_branch_name};
pub use commit::{CommitId, CommitIdError};
pub use dependency::{Dependency, Point, ReferenceError, WorkRef};
pub use document::{Document, Phase, PipelineStart, Subtask, Task, Upstream, VerifyBlock};
pub use duration::{DurationError, format_duration, parse_duration, spoken};
pub use fault::{Fault, Faults};
pub use id::{IdError, ItemId, PhaseId, TaskId};
pub use landed_by::LandedBy;
pub use lane::LaneId;
pub use lint::{Lint, LintId, LintPlace};
pub use live_edit::{LiveEdit, ManifestChange, Openness};
pub use merge_message::{MERGE_TEMPLATE, MergeContext, MergeTask, render_merge_message};
pub use message::{LONGEST_MESSAGE, Message, MessageKind, MessageKindError};
pub use name::{AgentName, NameError, PlanName, ResourceName};
pub use patience::{Escalate, OnStuck, Waiting};
pub use place::Place;
pub use placeholder::{
    BRANCH_PLACEHOLDERS, COMMAND_PLACEHOLDERS, PlaceholderError, RESUME_PLACEHOLDERS, Template,
    WORKTREE_PLACEHOLDERS,
};
pub use plan_set::{
    AttemptPolicy, CommitPolicy, MergeSettings, MergeStrategy, OnConflict, PhaseSettings, Plan, PlanSet,
    Regenerate, RunSettings, SyncPoint,
};
pub use preset::{Login, PRESETS, Preset, UNWANTED_TOOLS};
pub use priority::{Priority, PriorityError};
pub use prompt_context::{
    ConflictingFile, OtherSide, PromptContext, PromptFailure, PromptKind, PromptMessage, PromptPhase,
    PromptTask, ResolverContext, WhyAgain,
};
pub use report::Report;
pub use same_title::is_same_title;
pub use setup::{Hooks, Setup};
pub use size::{SizeError, parse_size};
pub use starter::{init_manifest, new_plan};
pub use state::{PlanState, TaskState};
pub use statement::{Speaker, Statement};
pub use templates::{PromptError, Templates};
pub use unit::UnitId;
pub use vanished::{Sides, returned, speaks_of, vanished};
