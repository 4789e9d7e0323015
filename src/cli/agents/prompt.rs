//! `orch prompt`

use serde::Serialize;

use crate::journal::SCHEMA;
use crate::plan::{Plan, Point, Templates, UnitId};
use crate::schedule::Readiness;
use crate::supervisor::{Situation, preview_prompt};

use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Print an agent's prompt for a plan, phase or task
///
/// Prints the prompt that an agent would get now.
#[derive(Debug, clap::Args)]
pub struct PromptArgs {
    /// Such as auth.2.3
    #[arg(value_name = "PLAN[.PHASE[.TASK]]")]
    what: Option<String>,
    /// Print the built-in templates, or the one of this name, instead
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "", conflicts_with = "what")]
    templates: Option<String>,
}

/// The output of `orch prompt --json`.
#[derive(Debug, Serialize)]
struct Prompt<'a> {
    schema: u32,
    what: String,
    units: &'a [UnitId],
    prompt: String,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when there is no such plan, phase or task, no work is left in it, or a template is invalid.
pub fn run(context: &Context, args: &PromptArgs) -> Result<ProgramExit, CliError> {
    if let Some(name) = &args.templates {
        return print_templates(context, name);
    }
    let project = context.project()?;
    let (name, what) = context.one_work(&project, args.what.as_deref())?;
    let Some(plan) = project.plan(&name) else {
        return Err(CliError::refused(format!("there is no plan `{name}`")));
    };
    let situation = Situation::look(&project)?;
    let units = units(&situation, plan, what.point)?;
    let agent = project.set.agents.get(&plan.agent);
    let prompt = if agent.is_some_and(|agent| agent.runs_prompt()) {
        plan.document.text.clone()
    } else {
        preview_prompt(&project, &situation.scheduler, plan, &units).map_err(CliError::refused)?
    };
    if context.json {
        output::json(&Prompt {
            schema: SCHEMA,
            what: what.to_string(),
            units: &units,
            prompt,
        })?;
    } else {
        output::text(&prompt)?;
    }
    Ok(ProgramExit::Done)
}

/// Returns the units that one agent would get: the next stage of a plan, else the named phase or task.
fn units(situation: &Situation, plan: &Plan, point: Point) -> Result<Vec<UnitId>, CliError> {
    let (work, state) = (situation.scheduler.work(), situation.scheduler.state());
    let unknown = |what: String| {
        CliError::refused(format!("plan `{}` has no {what}", plan.name))
            .with_hint(format!("`orch task list --plan {}` lists what it has", plan.name))
    };
    match point {
        Point::Phase(phase) if plan.document.phase(phase).is_none() => Err(unknown(format!("phase {phase}"))),
        Point::Phase(phase) => Ok(vec![UnitId::Phase(phase)]),
        Point::Task(task) if task.is_verify() || plan.document.task(task).is_some() => {
            Ok(vec![UnitId::Task(task)])
        }
        Point::Task(task) => Err(unknown(format!("task {task}"))),
        Point::Plan => {
            let number = state
                .number(&plan.name)
                .ok_or_else(|| unknown("work".to_owned()))?;
            let look = Readiness::new(&work.plans[number], state.plan(&plan.name), state);
            let ready = look.ready(state.now).into_iter().next();
            match ready.or_else(|| look.open().next()) {
                Some(first) => Ok(look.stage(first).iter().map(|unit| unit.id).collect()),
                None => Err(CliError::new(
                    ProgramExit::Nothing,
                    format!("nothing is left to do in plan `{}`", plan.name),
                )
                .with_hint(format!(
                    "name a phase to see its prompt anyway: orch prompt {}.1",
                    plan.name
                ))),
            }
        }
    }
}

fn print_templates(context: &Context, name: &str) -> Result<ProgramExit, CliError> {
    let all = Templates::built_in();
    if !name.is_empty() && !all.iter().any(|(known, _)| *known == name) {
        let names: Vec<&str> = all.iter().map(|(known, _)| *known).collect();
        return Err(CliError::refused(format!("there is no template `{name}`"))
            .with_hint(format!("there are {}", names.join(", "))));
    }
    let wanted = all.iter().filter(|(known, _)| name.is_empty() || *known == name);
    if context.json {
        let texts: serde_json::Map<String, serde_json::Value> = wanted
            .map(|(name, text)| ((*name).to_owned(), (*text).into()))
            .collect();
        output::json(&serde_json::json!({ "schema": SCHEMA, "templates": texts }))?;
    } else if name.is_empty() {
        let texts: Vec<String> = wanted
            .map(|(name, text)| format!("==> {name} <==\n{text}"))
            .collect();
        output::text(&texts.join("\n"))?;
    } else {
        output::text(&wanted.map(|(_, text)| *text).collect::<String>())?;
    }
    Ok(ProgramExit::Done)
}
