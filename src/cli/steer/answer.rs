//! `orch answer`

use std::io::Read;
use std::path::PathBuf;

use serde::Serialize;

use crate::journal::SCHEMA;
use crate::plan::{LONGEST_MESSAGE, WorkRef};
use crate::supervisor::{Request, record_answer};

use crate::cli::call::asking::{done_or_refused, refuse_agents};
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Answer an agent's question
///
/// The agent's conversation continues with the answer; an agent without one gets question and answer with its next prompt.
#[derive(Debug, clap::Args)]
pub struct AnswerArgs {
    /// The plan, phase or task that asks
    #[arg(value_name = "PLAN[.PHASE[.TASK]]")]
    what: String,
    /// The answer; `-` reads it from standard input
    #[arg(value_name = "TEXT", required_unless_present = "file")]
    text: Vec<String>,
    /// Refuse when it asks anything else by now
    #[arg(long, value_name = "QUESTION")]
    question: Option<String>,
    /// Read the answer from this file
    #[arg(long, short = 'F', value_name = "FILE", conflicts_with = "text")]
    file: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct AnswerOutput {
    schema: u32,
    what: WorkRef,
    /// False without a supervisor: the next `orch up` continues the work.
    driven: bool,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when there is no question there, or the answer is empty or too long.
pub fn run(context: &Context, args: &AnswerArgs) -> Result<ProgramExit, CliError> {
    refuse_agents("answers an agent's question")?;
    let text = text(args)?;
    let project = context.project_in_force()?;
    let (_, what) = context.one_work(&project, Some(&args.what))?;
    let request = Request::Answer {
        what: what.clone(),
        question: args.question.clone(),
        text: text.clone(),
    };
    let driven = done_or_refused(&project.dir, &request, || {
        record_answer(&project, &what, args.question.as_deref(), &text)
    })?;
    if context.json {
        let schema = SCHEMA;
        output::json(&AnswerOutput { schema, what, driven })?;
    } else if !context.quiet {
        let when = if driven {
            ""
        } else {
            "; the next `orch up` continues it"
        };
        output::text(&format!("answered {what}{when}\n"))?;
    }
    Ok(ProgramExit::Done)
}

fn text(args: &AnswerArgs) -> Result<String, CliError> {
    let limit = LONGEST_MESSAGE as u64 + 1;
    let mut text = String::new();
    let read = match (&args.file, args.text.as_slice()) {
        (Some(file), _) => std::fs::File::open(file)
            .and_then(|file| file.take(limit).read_to_string(&mut text))
            .map_err(|error| format!("`{}` cannot be read: {error}", file.display())),
        (None, [dash]) if dash == "-" => std::io::stdin()
            .take(limit)
            .read_to_string(&mut text)
            .map_err(|error| format!("standard input cannot be read: {error}")),
        (None, words) => return Ok(words.join(" ")),
    };
    read.map_err(CliError::refused)?;
    Ok(text)
}
