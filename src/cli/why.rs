//! `orch why`

use serde::Serialize;

use crate::journal::SCHEMA;
use crate::plan::{Point, TaskState, WorkRef};
use crate::report::ago;
use crate::supervisor::{PlanView, Situation};

use super::{CliError, Context, Exit, output};

/// Say why a plan, phase or task is in its state, since when, and what would free it
#[derive(Debug, clap::Args)]
pub struct WhyArgs {
    /// The plan, phase or task: auth, auth.2 or auth.2.3
    #[arg(value_name = "PLAN[.PHASE[.TASK]]")]
    what: Option<String>,
}

/// `orch why --json`
#[derive(Debug, Serialize)]
struct Why {
    schema: u32,
    what: String,
    state: String,
    since: Option<String>,
    why: Vec<String>,
    remedies: Vec<String>,
}

/// Runs the command.
///
/// # Errors
///
/// When there is no such plan, phase or task.
pub fn run(context: &Context, args: &WhyArgs) -> Result<Exit, CliError> {
    let campaign = context.campaign()?;
    let typed = args.what.as_deref();
    let name = context.one_plan(
        &campaign,
        typed.map(|what| what.split('.').next().unwrap_or_default()),
    )?;
    let what: WorkRef = typed
        .unwrap_or(name.as_str())
        .parse()
        .map_err(|error: crate::plan::ReferenceError| CliError::refused(error.to_string()))?;
    let situation = Situation::look(&campaign)?;
    let view = situation.view(&campaign, false)?;
    let Some(plan) = view.plans.iter().find(|plan| plan.name == name) else {
        return Err(CliError::refused(format!("there is no plan `{name}`")));
    };
    let state = state_of(plan, what.point)?;
    let mut why: Vec<String> = Vec::new();
    if what.point != Point::Plan {
        why.push(match state.as_str() {
            "done" | "skipped" => format!("{what} is {state}"),
            "running" => format!("{what} is being worked on"),
            _ => format!("{what} waits for its turn in {name}, which is {}", plan.state),
        });
    }
    why.extend(plan.why.iter().cloned());
    let remedies: Vec<String> = plan
        .reasons
        .iter()
        .filter_map(|reason| reason.remedy.clone())
        .collect();
    if context.json {
        output::json(&Why {
            schema: SCHEMA,
            what: what.to_string(),
            state,
            since: plan.since.map(|since| since.to_string()),
            why,
            remedies,
        })?;
        return Ok(Exit::Done);
    }
    let since = plan
        .since
        .map(|since| format!(", since {}", ago(since)))
        .unwrap_or_default();
    let mut text = format!("{what}: {state}{since}\n");
    for reason in &why {
        text += &format!("  {}\n", reason.replace('\n', "\n    "));
    }
    for remedy in &remedies {
        text += &format!("  next: {remedy}\n");
    }
    output::text(&text)?;
    Ok(Exit::Done)
}

fn state_of(plan: &PlanView, point: Point) -> Result<String, CliError> {
    let missing = |what: String, known: Vec<String>| {
        CliError::refused(format!("plan `{}` has no {what}", plan.name))
            .with_hint(format!("it has {}", known.join(", ")))
    };
    match point {
        Point::Plan => Ok(plan.state.to_string()),
        Point::Phase(id) => match plan.phases.iter().find(|phase| phase.id == id) {
            Some(phase) => Ok(phase.state.to_string()),
            None => {
                let known = plan.phases.iter().map(|phase| phase.id.to_string());
                Err(missing(format!("phase {id}"), known.collect()))
            }
        },
        Point::Task(id) => {
            let mut tasks = plan.phases.iter().flat_map(|phase| &phase.tasks);
            let state: Option<TaskState> = tasks.clone().find(|task| task.id == id).map(|task| task.state);
            match state {
                Some(state) => Ok(state.to_string()),
                None => {
                    let known: Vec<String> = tasks.by_ref().map(|task| task.id.to_string()).collect();
                    Err(missing(format!("task {id}"), known))
                }
            }
        }
    }
}
