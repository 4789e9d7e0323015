//! `orch pause`, `resume`, `retry`, `skip`, `cancel`, `approve`

use serde::Serialize;

use crate::journal::SCHEMA;
use crate::plan::WorkRef;
use crate::report::event_line;
use crate::schedule::Steer;
use crate::supervisor::{Answer, Project, Recorded, Request, record_steering};
use crate::words::RefusalText;

use crate::cli::call::asking::{RequestOutcome, ask_or, refuse_agents};
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// The plans, phases and tasks.
#[derive(Debug, clap::Args)]
pub struct SteerArgs {
    /// [default: the worktree's plan]
    #[arg(value_name = "PLAN[.PHASE[.TASK]]")]
    what: Vec<String>,
}

/// Start nothing new of a plan, phase or task
///
/// What is running continues to its end.
#[derive(Debug, clap::Args)]
pub struct PauseArgs {
    #[command(flatten)]
    steered: SteerArgs,
    /// Stop running work too; this is no failure
    #[arg(long)]
    now: bool,
}

impl PauseArgs {
    /// Returns the requested action and its arguments.
    pub fn steer(&self) -> (Steer, &SteerArgs) {
        let steer = if self.now { Steer::PauseNow } else { Steer::Pause };
        (steer, &self.steered)
    }
}

#[derive(Debug, Serialize)]
struct SteerOutput {
    schema: u32,
    done: &'static str,
    what: Vec<String>,
    /// False without a supervisor. Then the command takes effect with the next `orch up`.
    driven: bool,
    /// False when the work was already in that state.
    changed: bool,
    /// Remarks for the person.
    remarks: Vec<String>,
}

/// Runs one of the commands.
///
/// # Errors
///
/// Returns an error when there is no such plan, phase or task, or its state does not allow the action.
pub fn run(context: &Context, args: &SteerArgs, steer: Steer) -> Result<ProgramExit, CliError> {
    refuse_agents(&format!("may {} work", steer.as_str()))?;
    let project = context.project_in_force()?;
    let what = named(context, &project, &args.what)?;
    let request = Request::Steer {
        what: what.clone(),
        steer,
    };
    let asked = ask_or(&project.dir, &request, || record_steering(&project, &what, steer))?;
    let (driven, changed, remarks) = match asked {
        RequestOutcome::Answered(Answer::Refused { why, hint }) => {
            return Err(RefusalText { why, hint }.into());
        }
        RequestOutcome::Answered(Answer::Steered { changed, remarks }) => (true, changed, remarks),
        RequestOutcome::Answered(
            Answer::Accepted | Answer::Merged(_) | Answer::Resolved(_) | Answer::Train { .. } | Answer::Ended,
        ) => (true, true, Vec::new()),
        RequestOutcome::Alone(Ok(Recorded { records, remarks })) => {
            if context.verbose {
                for record in &records {
                    anstream::eprintln!("{}", event_line(record, project.set.run.currency));
                }
            }
            (false, !records.is_empty(), remarks)
        }
        RequestOutcome::Alone(Err(refusal)) => return Err(refusal.into()),
    };
    let what: Vec<String> = what.iter().map(ToString::to_string).collect();
    if context.json {
        output::json(&SteerOutput {
            schema: SCHEMA,
            done: steer.as_str(),
            what,
            driven,
            changed,
            remarks,
        })?;
    } else if !context.quiet {
        let when = match (changed, driven) {
            (false, _) => ": nothing changes",
            (true, true) => "",
            (true, false) => "; it takes effect with the next orch up",
        };
        output::text(&format!("{steer} {}{when}\n", what.join(" ")))?;
        for remark in remarks {
            anstream::eprintln!("note: {remark}");
        }
    }
    Ok(ProgramExit::Done)
}

fn named(context: &Context, project: &Project, typed: &[String]) -> Result<Vec<WorkRef>, CliError> {
    if typed.is_empty() {
        let plan = context.one_plan(project, None)?;
        return Ok(vec![WorkRef::whole(&plan)]);
    }
    let mut what = Vec::new();
    for text in typed {
        context.named(project, text.split('.').next().unwrap_or_default())?;
        let work = text
            .parse()
            .map_err(|error: crate::plan::ReferenceError| CliError::refused(error.to_string()))?;
        what.push(work);
    }
    Ok(what)
}
