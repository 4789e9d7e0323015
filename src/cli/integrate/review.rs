//! `orch review`

use std::path::Path;

use serde::Serialize;

use crate::journal::SCHEMA;
use crate::plan::{CommitId, PlanName};
use crate::report::review_text;
use crate::schedule::{ReviewComment, ReviewStep};
use crate::supervisor::{Project, Request, ReviewView, Situation, record_review};

use crate::cli::call::asking::{done_or_refused, refuse_agents};
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Review a finished plan before it lands
///
/// Shows its commits, files, verification and comments. With `gate = "review"`, or `review = true` in [merge], it lands after
/// --approve, and only as the commit that was approved.
#[derive(Debug, clap::Args)]
pub struct ReviewArgs {
    /// The plan
    #[arg(value_name = "PLAN")]
    of: String,
    /// Comment on a line of its commit
    #[arg(long, value_name = "FILE:LINE", requires = "text", conflicts_with_all = ["approve", "request_changes"])]
    comment: Option<String>,
    /// Let exactly this commit land
    #[arg(long, conflicts_with = "request_changes")]
    approve: bool,
    /// Approve only if this is still the commit that would land
    #[arg(long, value_name = "COMMIT", requires = "approve", value_parser = some_digits)]
    commit: Option<String>,
    /// Send all comments, and TEXT, to the plan's agent
    #[arg(long)]
    request_changes: bool,
    /// The comment
    #[arg(value_name = "TEXT")]
    text: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ReviewOutput {
    schema: u32,
    plan: PlanName,
    done: &'static str,
    commit: CommitId,
    /// False without a supervisor. Then the review takes effect with the next `orch up` or `orch merge`.
    driven: bool,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the plan has no commits, is not finished, waits for no review, or a comment names a line that does
/// not exist.
pub fn run(context: &Context, args: &ReviewArgs) -> Result<ProgramExit, CliError> {
    let project = context.project_in_force()?;
    let plan = context.named(&project, &args.of)?;
    let situation = Situation::look(&project)?;
    let view = ReviewView::of(&project, &situation, &plan)?;
    let view = view.ok_or_else(|| {
        CliError::new(ProgramExit::Nothing, format!("plan `{plan}` has no commits yet"))
            .with_hint(format!("orch why {plan}"))
    })?;
    let Some((done, step)) = step(&project, args, &view)? else {
        if situation.scheduler.state().is_landed(&plan) {
            let landed = format!("plan `{plan}` has landed: nothing is left to review");
            return Err(CliError::new(ProgramExit::Nothing, landed).with_hint("orch report"));
        }
        if context.json {
            output::json(&view)?;
        } else {
            output::text(&review_text(&view))?;
        }
        return Ok(ProgramExit::Done);
    };
    refuse_agents("reviews an agent's work")?;
    let request = Request::Review {
        plan: plan.clone(),
        step: step.clone(),
    };
    let driven = done_or_refused(&project.dir, &request, || record_review(&project, &plan, &step))?;
    let commit = view.commit;
    if context.json {
        let schema = SCHEMA;
        output::json(&ReviewOutput {
            schema,
            plan,
            done,
            commit,
            driven,
        })?;
    } else if !context.quiet {
        let next = match &step {
            ReviewStep::Return(_) if !driven => "; the next `orch up` continues it",
            ReviewStep::Approve(_) if !driven => "; `orch merge` lands it",
            _ => "",
        };
        output::text(&format!("{done} {plan} at {}{next}\n", commit.short()))?;
    }
    Ok(ProgramExit::Done)
}

/// Returns the requested step and a word for it, or `None` when the plan is only shown.
fn step(
    project: &Project,
    args: &ReviewArgs,
    view: &ReviewView,
) -> Result<Option<(&'static str, ReviewStep)>, CliError> {
    let text = args.text.join(" ");
    Ok(match &args.comment {
        Some(place) => {
            let comment = comment(project, view, place, text)?;
            Some(("commented on", ReviewStep::Comment(comment)))
        }
        None if args.request_changes => Some(("returned", ReviewStep::Return(text))),
        None if !text.is_empty() => {
            let hint = format!(
                "orch review {} --comment FILE:LINE TEXT, or --request-changes TEXT",
                view.plan
            );
            return Err(CliError::refused("it is not said what the text is").with_hint(hint));
        }
        None if args.approve
            && args
                .commit
                .as_ref()
                .is_some_and(|seen| !view.commit.as_str().starts_with(seen)) =>
        {
            let now = format!(
                "{} would land by now, and not what was reviewed",
                view.commit.short()
            );
            return Err(CliError::refused(now).with_hint(format!("orch review {}", view.plan)));
        }
        None if args.approve => Some(("approved", ReviewStep::Approve(view.commit.clone()))),
        None => None,
    })
}

/// The id of a commit, or its first digits as pages show them.
fn some_digits(text: &str) -> Result<String, String> {
    let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    match digits && text.len() >= 7 {
        true => Ok(text.to_owned()),
        false => Err("expected the id of a commit: at least 7 lower-case hexadecimal digits".to_owned()),
    }
}

fn comment(
    project: &Project,
    view: &ReviewView,
    place: &str,
    text: String,
) -> Result<ReviewComment, CliError> {
    let parsed = place.rsplit_once(':');
    let parsed =
        parsed.and_then(|(file, line)| Some((file, line.parse::<u32>().ok().filter(|line| *line > 0)?)));
    let (file, line) = parsed
        .ok_or_else(|| CliError::refused(format!("`{place}` is not FILE:LINE, such as src/main.rs:12")))?;
    let short = view.commit.short();
    let held = project.repo.text_at(&view.commit, Path::new(file));
    let held = held.ok_or_else(|| {
        CliError::refused(format!("{short} has no text file `{file}`")).with_hint(format!(
            "name it from the repository's top; orch diff {} --stat",
            view.plan
        ))
    })?;
    let quote = held.lines().nth(line as usize - 1).ok_or_else(|| {
        let lines = output::count(held.lines().count(), "line");
        CliError::refused(format!(
            "`{file}` has {lines} in {short}, and none is number {line}"
        ))
    })?;
    Ok(ReviewComment {
        plan: view.plan.clone(),
        commit: view.commit.clone(),
        file: file.to_owned(),
        line,
        quote: quote.chars().take(200).collect(),
        text,
    })
}
