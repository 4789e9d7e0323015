//! Floor 0: the vocabulary. Text in, values out; no clock, no files, no processes, no git.

mod attempt;
mod commit;
mod dependency;
mod document;
mod fault;
mod id;
mod name;
mod plan_set;
mod priority;
mod state;

pub use attempt::{AttemptId, RunId};
pub use commit::CommitId;
pub use commit::{CommitId, CommitIdError};
pub use dependency::{Dependency, Point, ReferenceError, WorkRef};
pub use document::{Document, Phase, PipelineStart, Subtask, Task, Upstream, VerifyBlock};
pub use fault::{Fault, Faults};
pub use id::{IdError, ItemId, PhaseId, TaskId};
pub use name::{AgentName, NameError, PlanName, ResourceName};
pub use plan_set::{
    Agent, AgentStdin, AttemptPolicy, CommitPolicy, MergeSettings, MergeStrategy, PhaseSettings, Plan,
    PlanSet, RunSettings,
};
pub use priority::{Priority, PriorityError};
pub use state::{PlanState, TaskState};
