//! What an agent is told: the repository's own template where it has one, else the built-in one.

use std::fs;
use std::path::Path;

use crate::agent::JobFolder;
use crate::plan::{
    ItemId, PROMPT_TEMPLATE, Phase, Plan, PromptContext, PromptFailure, PromptMessage, PromptPhase,
    PromptTask, TaskId, TaskState, UnitId, render_prompt,
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
    states: &dyn Fn(&ItemId) -> TaskState,
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
        .filter(|phase| order.units.iter().any(|unit| unit.phase() == phase.id));
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
        phases: phases
            .map(|phase| describe(phase, &order.units, states))
            .collect(),
        messages: order
            .inbox
            .iter()
            .filter(|message| message.id > order.told)
            .map(|message| PromptMessage {
                from: message.sender().to_owned(),
                kind: message.kind,
                text: message.text.clone(),
            })
            .collect(),
        branch: match order.place.branch_of {
            Some(unit) => campaign.unit_branch(plan, unit),
            None => plan.branch.clone(),
        },
        base: campaign.base_name.clone(),
        target: campaign.target.clone(),
        status_file: text(".orch/status.json"),
        plan_file: text(".orch/plan.md"),
    };
    render_prompt(&template, &context)
        .map_err(|error| format!("the prompt template {}: {error}", own.display()))
}

/// A phase with those of its tasks that are given, and its checks when it is given to the end.
fn describe(phase: &Phase, units: &[UnitId], states: &dyn Fn(&ItemId) -> TaskState) -> PromptPhase {
    let whole = units.contains(&UnitId::Phase(phase.id));
    let given = |task: TaskId| whole || units.contains(&UnitId::Task(task));
    let tasks = phase.tasks.iter().filter(|task| given(task.id));
    let tasks = tasks.map(|task| PromptTask {
        id: task.id,
        title: task.title.clone(),
        details: task.details.clone(),
        state: states(&task.id.into()),
    });
    let checks = phase.verify.as_ref().filter(|_| given(TaskId::verify(phase.id)));
    PromptPhase {
        id: phase.id,
        title: phase.title.clone(),
        objective: phase.objective.clone(),
        tasks: tasks.collect(),
        checks: checks.map(|block| block.checks.clone()).unwrap_or_default(),
        verify: (!whole && checks.is_some()).then(|| TaskId::verify(phase.id)),
    }
}
