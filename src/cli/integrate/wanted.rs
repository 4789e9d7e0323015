//! The plans and phases that a person names for a landing.

use crate::cli::call::{CliError, Context};
use crate::plan::{Point, WorkRef};
use crate::supervisor::Project;

/// Returns the named work. Naming the last phase of a plan means the whole plan.
pub fn wanted(context: &Context, project: &Project, typed: &[String]) -> Result<Vec<WorkRef>, CliError> {
    let mut all: Vec<WorkRef> = Vec::new();
    let one = context.plan.iter().filter(|_| typed.is_empty());
    for text in typed.iter().chain(one) {
        let (name, mut what) = context.one_work(project, Some(text))?;
        let phases = project.plan(&name).map(|plan| &plan.document.phases);
        let ids: Vec<_> = phases.into_iter().flatten().map(|phase| phase.id).collect();
        match what.point {
            Point::Phase(phase) if ids.last() == Some(&phase) => what.point = Point::Plan,
            Point::Phase(phase) if !ids.contains(&phase) => {
                let known: Vec<String> = ids.iter().map(ToString::to_string).collect();
                let error = CliError::refused(format!("plan `{name}` has no phase {phase}"));
                return Err(error.with_hint(format!("it has {}", known.join(", "))));
            }
            Point::Task(task) => {
                let error = CliError::refused(format!(
                    "`{text}` is a task: a plan lands whole, or up to the end of a phase"
                ));
                return Err(error.with_hint(format!("orch merge {name}.{}", task.phase)));
            }
            Point::Plan | Point::Phase(_) => {}
        }
        match all.iter().find(|other| other.plan == what.plan) {
            None => all.push(what),
            Some(other) if *other == what => {}
            Some(other) => {
                return Err(CliError::refused(format!(
                    "{other} and {what} cannot be landed at once: name the one that holds more"
                )));
            }
        }
    }
    Ok(all)
}
