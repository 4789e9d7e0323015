//! `orch task ask`: an agent's question to a person.

use jiff::Timestamp;

use crate::plan::ItemId;
use crate::schedule::check_text;
use crate::status;

use super::task_subject::Subject;
use crate::cli::call::{CliError, Context, output};

/// Adds the question to the status file. The supervisor reads it there when the attempt ends.
pub fn run(context: &Context, subject: &Subject, text: &str, task: Option<&str>) -> Result<(), CliError> {
    let text = check_text(text)?;
    let text = match task {
        Some(typed) => format!("{}: {text}", known(subject, typed)?),
        None => text.to_owned(),
    };
    let worktree = subject.worktree()?;
    subject.renew(worktree)?;
    let asked = status::add_question(
        worktree,
        &subject.name,
        &subject.document,
        Timestamp::now(),
        &text,
    );
    let asked = asked.map_err(anyhow::Error::msg)?;
    if context.json {
        output::json(&serde_json::json!({
            "schema": 1, "plan": subject.name, "version": asked.version, "needs": text,
        }))
    } else if context.quiet {
        Ok(())
    } else {
        output::text("asked; commit what you have, end your turn now, and continue with the answer\n")
    }
}

/// Returns the id of a task in the plan's document.
fn known(subject: &Subject, typed: &str) -> Result<ItemId, CliError> {
    let item: Option<ItemId> = typed.parse().ok();
    let known = item.filter(|item| subject.document.items().any(|(known, _)| known == *item));
    known.ok_or_else(|| CliError::refused(format!("plan `{}` has no task `{typed}`", subject.name)))
}
