//! `orch inbox`

use std::fmt::Write;

use crate::journal::SCHEMA;
use crate::schedule::Letter;
use crate::supervisor::{Project, Request, Situation, record_seen};

use crate::cli::call::asking::{ask_or, calling_attempt};
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Print new messages to you
///
/// They are messages to `lead`, and those between agents that tell of a conflict or ask to wait. They count as read then, and no
/// longer need your attention. Answer with `orch send PLAN --reply-to NUMBER TEXT`.
#[derive(Debug, clap::Args)]
pub struct InboxArgs {
    /// Print read messages too
    #[arg(long)]
    all: bool,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the journal cannot be read or written.
pub fn run(context: &Context, args: &InboxArgs) -> Result<ProgramExit, CliError> {
    let project = context.project_in_force()?;
    let situation = Situation::look(&project)?;
    let lead = &situation.scheduler.state().lead;
    let shown: Vec<&Letter> = match args.all {
        true => lead.letters.iter().collect(),
        false => lead.open().collect(),
    };
    if context.json {
        let messages = shown.iter().map(|letter| {
            let message = &letter.message;
            serde_json::json!({
                "id": letter.id, "from": message.from, "to": letter.to, "kind": message.kind, "text": message.text,
                "at": situation.wall(letter.at), "read": letter.id <= lead.seen,
                "answered": lead.answered.contains(&letter.id),
            })
        });
        let messages: Vec<_> = messages.collect();
        output::json(&serde_json::json!({ "schema": SCHEMA, "messages": messages }))?;
    } else {
        output::text(&listing(&shown))?;
    }
    // Printing comes first, so that no message is marked as read that nobody saw.
    let last = shown.last().map_or(0, |letter| letter.id);
    let is_agent = calling_attempt().is_some();
    if last > lead.seen && !is_agent {
        note_read(&project, last)?;
    }
    Ok(ProgramExit::Done)
}

fn note_read(project: &Project, up_to: u32) -> Result<(), CliError> {
    ask_or(&project.dir, &Request::Seen { up_to }, || {
        record_seen(project, up_to)
    })?;
    Ok(())
}

fn listing(letters: &[&Letter]) -> String {
    let mut text = String::new();
    for letter in letters {
        let to = letter
            .to
            .as_ref()
            .map(|to| format!(" to {to}"))
            .unwrap_or_default();
        let message = &letter.message;
        let from = message.from.as_ref().map_or("a person", |from| from.as_str());
        let _ = writeln!(text, "{} from {from}{to} ({})", letter.id, message.kind);
        for line in message.text.lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    if text.is_empty() {
        text.push_str("no new messages\n");
    }
    text
}
