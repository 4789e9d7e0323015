//! Floor 0: the vocabulary. Text in, values out; no clock, no files, no processes, no git.
//!
//! | floor | sub-room | what lives there |
//! |---|---|---|
//! | 4 | `edit` | edits of the manifest's text |
//! | 4 | `manifest` | `plans.toml`: read, checked, resolved |
//! | 4 | `live` | which edits of the manifest take effect while plans run |
//! | 3 | `set` | plans in force, agents, settings |
//! | 2 | `markdown` | plan documents: reading and lints |
//! | 2 | `prompt` | templates, messages, and the values that fill them |
//! | 1 | `id` | names, ids, dependencies, documents as values |
//! | 0 | `text` | durations, sizes, positions, misspelled names |
//!
//! A sub-room imports only from sub-rooms on lower floors. The files in this folder import from all of them.

mod document_lints;
mod edit;
mod finish_check;
mod id;
mod live;
pub mod manifest;
pub mod markdown;
mod merge_message;
mod parallel_work;
mod prompt;
mod set;
mod starter;
mod text;

pub use edit::plan_table::{NewPlan, add_plan, remove_plan};
pub use edit::refusal::EditRefusal;
pub use edit::value::set_key;
pub use finish_check::{CheckKind, FinishCheck};
pub use id::attempt::{AttemptId, RunId};
pub use id::commit::{CommitId, CommitIdError};
pub use id::dependency::{Dependency, Point, ReferenceError, WorkRef};
pub use id::document::{Document, Phase, PipelineStart, Subtask, Task, Upstream, VerifyBlock};
pub use id::landed_by::LandedBy;
pub use id::lane::LaneId;
pub use id::name::{AgentName, ExecutorName, NameError, PlanName, ResourceName};
pub use id::numbers::{IdError, ItemId, PhaseId, TaskId};
pub use id::priority::{Priority, PriorityError};
pub use id::state::{PlanState, TaskState};
pub use id::statement::{Speaker, Statement};
pub use id::unit::UnitId;
pub use live::edit::{ClosedPlan, LiveEdit, ManifestChange, Openness};
pub use live::loosened::{formerly, loosened};
pub use live::places::keep_used_executors;
pub use merge_message::{MERGE_TEMPLATE, MergeContext, MergeTask, render_merge_message};
pub use parallel_work::parallel_words;
pub use prompt::context::{
    ConflictingFile, OtherSide, PromptContext, PromptFailure, PromptKind, PromptMessage, PromptPhase,
    PromptTask, ResolverContext, WhyAgain,
};
pub use prompt::message::{
    LONGEST_MESSAGE, Message, MessageKind, MessageKindError, added_question, fit_question, harmless,
};
pub use prompt::placeholder::{
    BRANCH_PLACEHOLDERS, COMMAND_PLACEHOLDERS, PlaceholderError, RESUME_PLACEHOLDERS, Template,
    WORKTREE_PLACEHOLDERS,
};
pub use prompt::templates::{PromptError, Templates};
pub use set::agent::{Account, Agent, Price};
pub use set::arrangement::{Arrangement, Dispatch, Lanes, Overlap, Strategy};
pub use set::call::{AgentStdin, EventFormat, PermissionPolicy, StopSignal};
pub use set::currency::{Currency, CurrencyError};
pub use set::executor::{ENGINE_PLACEHOLDERS, EngineCalls, Executor, SshHost, SubmitRate, silent_after};
pub use set::fallback::Fallback;
pub use set::job_needs::JobNeeds;
pub use set::lint::{Lint, LintId, LintPlace};
pub use set::login::Login;
pub use set::milestone::{Milestone, Person};
pub use set::plan_set::{
    AttemptPolicy, CommitPolicy, MergeSettings, MergeStrategy, OnConflict, PhaseSettings, Plan, PlanSet,
    Regenerate, RunSettings, SyncPoint,
};
pub use set::preset::{MCP_PROGRAMS, PRESETS, Preset, UNWANTED_TOOLS};
pub use set::report::Report;
pub use set::setup::{Hooks, Setup};
pub use set::stall::{Escalate, OnStall, Waiting};
pub use starter::{init_manifest, new_plan};
pub use text::branch_name::{BranchNameError, check_branch_name};
pub use text::diagnostic::{Diagnostic, Diagnostics};
pub use text::duration::{DurationError, format_duration, parse_duration, spoken};
pub use text::list::{and_more, first_of, listed};
pub use text::one_line::one_line;
pub use text::place::Place;
pub use text::same_title::is_same_title;
pub(crate) use text::seek;
pub use text::size::{SizeError, parse_size};
pub use text::unprintable::is_unprintable;
pub use text::vanished::{FileSides, returned, speaks_of, vanished};
