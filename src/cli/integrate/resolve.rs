//! `orch merge --resolve`, `--continue` and `--abort`

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;

use crate::git::{self, WorktreeAdmin};
use crate::journal::SCHEMA;
use crate::plan::WorkRef;
use crate::supervisor::{
    Answer, MergeReport, Project, Request, ResolveReport, ResolveStep, Situation, SupervisorError,
    resolve_alone,
};

use crate::cli::call::asking::{RequestOutcome, ask_or};
use crate::cli::call::context::relative;
use crate::cli::call::{CliError, Context, ProgramExit, output};
use crate::words::RefusalText;

/// The output of `orch merge --resolve --json` and `orch merge --abort --json`.
#[derive(Debug, Serialize)]
struct ResolveOutput<'a> {
    schema: u32,
    #[serde(flatten)]
    report: &'a ResolveReport,
}

/// Returns the plan, or its first phases: as named, else the plan of the current worktree, else the only conflict that is
/// checked out.
///
/// # Errors
///
/// Returns an error when there is no such plan, or several are possible. The error names them.
pub fn one(
    context: &Context,
    project: &Project,
    typed: &[String],
    step: ResolveStep,
) -> Result<WorkRef, CliError> {
    match typed {
        [_] => {
            let named = super::wanted::wanted(context, project, typed)?;
            return named
                .into_iter()
                .next()
                .ok_or_else(|| CliError::refused("name one plan"));
        }
        [] => {}
        [..] => {
            return Err(CliError::refused(
                "name one plan: conflicts are resolved one at a time",
            ));
        }
    }
    let admin = WorktreeAdmin::new(&project.repo);
    let here = context.dir.canonicalize().unwrap_or_else(|_| context.dir.clone());
    let state = Situation::look(project)?.scheduler.state().clone();
    let mut open = Vec::new();
    for plan in &project.set.plans {
        if let Some(path) = git::conflict::conflict_at(&admin, &plan.name)? {
            let about = state.plan(&plan.name).resolution.about(&plan.name);
            if here.starts_with(&path) {
                return Ok(about);
            }
            open.push(about);
        }
    }
    match (open.as_slice(), step) {
        ([one], ResolveStep::Continue | ResolveStep::Abort) => Ok(one.clone()),
        ([], ResolveStep::Continue | ResolveStep::Abort) => {
            let error = CliError::refused("no conflict is checked out");
            Err(error.with_hint("orch merge --resolve PLAN checks one out; `orch conflicts` names them"))
        }
        (_, ResolveStep::Open) => {
            let held: Vec<WorkRef> = state
                .plans()
                .filter_map(|(name, run)| run.in_conflict(name))
                .collect();
            match held.as_slice() {
                [one] => Ok(one.clone()),
                _ => Ok(WorkRef::whole(&context.one_plan(project, None)?)),
            }
        }
        (several, _) => {
            let names: Vec<String> = several.iter().map(WorkRef::to_string).collect();
            let error = CliError::refused(format!("several conflicts are checked out: {}", names.join(", ")));
            Err(error.with_hint("name one of these plans"))
        }
    }
}

/// The result of a step, before the merge train takes over.
pub enum Came {
    /// A running supervisor has completed the step and the landing.
    Merged(MergeReport),
    /// The step is done; the resolution still has to land.
    Done(ResolveReport),
}

/// Performs a step, or asks a running supervisor to do it.
///
/// # Errors
///
/// Returns an error when the step is refused, or the supervisor does not answer.
pub fn step(project: &Project, plan: &WorkRef, step: ResolveStep) -> Result<Came, CliError> {
    let request = Request::Resolve {
        plan: plan.clone(),
        step,
    };
    let asked = ask_or(&project.dir, &request, || resolve_alone(project, plan, step))?;
    match asked {
        RequestOutcome::Answered(Answer::Merged(report)) => Ok(Came::Merged(report)),
        RequestOutcome::Answered(Answer::Refused { why, hint }) => Err(RefusalText { why, hint }.into()),
        RequestOutcome::Answered(Answer::Resolved(report)) | RequestOutcome::Alone(Ok(report)) => {
            Ok(Came::Done(report))
        }
        RequestOutcome::Alone(Err(refusal)) => Err(refusal.into()),
        RequestOutcome::Answered(
            Answer::Accepted | Answer::Steered { .. } | Answer::Train { .. } | Answer::Ended,
        ) => Err(CliError::new(ProgramExit::Nothing, "the supervisor gave no answer").with_hint("try again")),
    }
}

/// Runs `orch merge --resolve` or `--abort`.
///
/// # Errors
///
/// Returns an error when the step is refused, or the repository cannot be read.
pub fn run(
    context: &Context,
    project: &Project,
    typed: &[String],
    asked: ResolveStep,
) -> Result<ProgramExit, CliError> {
    let plan = one(context, project, typed, asked)?;
    if asked == ResolveStep::Abort {
        // The current folder may be the worktree that is removed, and git cannot start in a missing folder.
        let _ = std::env::set_current_dir(project.repo.top());
    }
    let Came::Done(report) = step(project, &plan, asked)? else {
        // Only resolved conflicts are merged.
        return Ok(ProgramExit::Done);
    };
    for warning in &report.warnings {
        anstream::eprintln!("warning: {warning}");
    }
    if context.json {
        let schema = SCHEMA;
        output::json(&ResolveOutput {
            schema,
            report: &report,
        })?;
    } else {
        output::text(&text(context, project, &report))?;
    }
    Ok(ProgramExit::Done)
}

fn text(context: &Context, project: &Project, report: &ResolveReport) -> String {
    let mut text = String::new();
    let name = &report.plan;
    match &report.worktree {
        None => {
            let _ = writeln!(text, "given up: the conflict of {name} waits for a person again");
        }
        Some(path) => {
            let shown = relative(Path::new(path), &context.dir).display();
            let was = if report.again { " already" } else { "" };
            let target = &project.target;
            let _ = writeln!(text, "{name} merged onto {target} is checked out{was} in {shown}");
            for file in &report.reused {
                let _ = writeln!(text, "  {file}  resolved as before");
            }
            for file in &report.files {
                let _ = writeln!(text, "  {file}");
            }
            let todo = if report.files.is_empty() {
                "look at it there"
            } else {
                "resolve these files there and `git add` them"
            };
            let _ = writeln!(
                text,
                "{todo}, then `orch merge --continue {name}` lands it; `orch merge --abort {name}` gives it up"
            );
        }
    }
    for backup in &report.backups {
        let _ = writeln!(text, "its earlier files are kept as {backup}");
    }
    text
}

impl From<crate::git::ConflictError> for CliError {
    fn from(error: crate::git::ConflictError) -> Self {
        match error {
            crate::git::ConflictError::Git(error) => SupervisorError::from(error).into(),
            error => Self::refused(error.to_string()),
        }
    }
}
