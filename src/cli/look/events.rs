//! `orch events`

use std::time::Duration;

use crate::journal::{JournalReader, RepositoryLock};
use crate::plan::Currency;
use crate::report::event_line;

use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Print what happened, one event a line
#[derive(Debug, clap::Args)]
pub struct EventsArgs {
    /// Only this plan
    #[arg(id = "about", value_name = "PLAN")]
    plan: Option<String>,
    /// Continue while a supervisor runs
    #[arg(short, long)]
    follow: bool,
    /// Only entries after this one
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    after: i64,
}

/// How often `--follow` checks for new entries.
const LOOK: Duration = Duration::from_millis(100);

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the manifest is invalid, or the journal cannot be read.
pub fn run(context: &Context, args: &EventsArgs) -> Result<ProgramExit, CliError> {
    let repo = context.repository()?;
    let dir = crate::journal::OrchDir::new(repo.common_dir());
    let mut after = args.after;
    // Only lines for people need it, and an invalid manifest must not hide what happened.
    let currency = match context.json {
        true => Currency::default(),
        false => context
            .project_in_force()
            .map(|project| project.set.run.currency)
            .unwrap_or_default(),
    };
    loop {
        let driven = RepositoryLock::holder(&dir)?.is_some();
        if let Some(reader) = JournalReader::open(&dir)? {
            for record in reader.after(after, args.plan.as_deref().or(context.plan.as_deref()))? {
                after = record.seq;
                if context.json {
                    output::json(&record.to_json())?;
                } else {
                    output::text(&format!("{}\n", event_line(&record, currency)))?;
                }
            }
        }
        if !args.follow || !driven {
            return Ok(ProgramExit::Done);
        }
        std::thread::sleep(LOOK);
    }
}
