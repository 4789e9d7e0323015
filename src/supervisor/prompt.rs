//! What an agent is told: the repository's own template where it has one, else the built-in one.

use std::fs;
use std::path::Path;

use crate::agent::JobFolder;
use crate::plan::{
    PROMPT_TEMPLATE, Phase, Plan, PromptContext, PromptFailure, PromptPhase, PromptTask, TaskId, TaskState,
    render_prompt,
};
use crate::schedule::Launch;

use super::Campaign;

/// Where a repository keeps its own prompt template, relative to the manifest's folder.
const OWN_TEMPLATE: &str = "templates/orch/prompt.md";

/// Bytes of the last attempt's log that the next one is shown.
const TAIL: usize = 2000;

/// Renders the prompt of one attempt.
///
/// # Errors
///
/// When the repository's own template cannot be read or rendered.
pub fn render(
    campaign: &Campaign,
    plan: &Plan,
    worktree: &Path,
    order: &Launch,
    states: &dyn Fn(TaskId) -> TaskState,
) -> Result<String, String> {
    let own = campaign
        .manifest
        .parent()
        .unwrap_or(Path::new(""))
        .join(OWN_TEMPLATE);
    let template = match fs::read_to_string(&own) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => PROMPT_TEMPLATE.to_owned(),
        Err(error) => return Err(format!("cannot read {}: {error}", own.display())),
    };
    let phases = plan
        .document
        .phases
        .iter()
        .filter(|phase| order.phases.contains(&phase.id));
    let failure = order.after.as_ref().map(|(attempt, reason)| {
        let tail = JobFolder::new(campaign.dir.attempt(attempt)).tail(TAIL);
        PromptFailure {
            reason: reason.clone(),
            tail: (!tail.trim().is_empty()).then(|| tail.trim_end().to_owned()),
        }
    });
    let text = |path: &str| worktree.join(path).to_string_lossy().into_owned();
    let context = PromptContext {
        plan: plan.name.clone(),
        title: plan.document.title.clone(),
        goal: plan.document.goal.clone(),
        attempt: order.number,
        failure,
        phases: phases.map(|phase| describe(phase, states)).collect(),
        branch: plan.branch.clone(),
        base: campaign.base_name.clone(),
        target: campaign.target.clone(),
        status_file: text(".orch/status.json"),
        plan_file: text(".orch/plan.md"),
    };
    render_prompt(&template, &context)
        .map_err(|error| format!("the prompt template {}: {error}", own.display()))
}

fn describe(phase: &Phase, states: &dyn Fn(TaskId) -> TaskState) -> PromptPhase {
    let tasks = phase.tasks.iter().map(|task| PromptTask {
        id: task.id,
        title: task.title.clone(),
        details: task.details.clone(),
        state: states(task.id),
    });
    PromptPhase {
        id: phase.id,
        title: phase.title.clone(),
        objective: phase.objective.clone(),
        tasks: tasks.collect(),
        checks: phase
            .verify
            .as_ref()
            .map(|block| block.checks.clone())
            .unwrap_or_default(),
    }
}
