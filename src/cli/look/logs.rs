//! `orch logs`

use anyhow::Context as _;
use std::fs::File;
use std::io::{IsTerminal, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use crate::agent::{JobFolder, JobState, Readable};
use crate::report::Visible;
use crate::supervisor::Situation;

use crate::cli::call::{CliError, Context, ProgramExit};

/// Print the output of a plan's agent
#[derive(Debug, clap::Args)]
pub struct LogsArgs {
    /// The plan
    #[arg(id = "about", value_name = "PLAN")]
    plan: Option<String>,
    /// Continue until the attempt ends
    #[arg(short, long)]
    follow: bool,
    /// Such as auth-2 [default: the last one]
    #[arg(long)]
    attempt: Option<String>,
    /// Print the log unchanged, with events and control characters
    #[arg(long)]
    raw: bool,
    /// The plan's last verification instead
    #[arg(long, conflicts_with = "attempt")]
    verify: bool,
}

/// How often a follower looks for more.
const LOOK: Duration = Duration::from_millis(100);

/// Runs the command.
///
/// # Errors
///
/// When there is no such plan or attempt.
pub fn run(context: &Context, args: &LogsArgs) -> Result<ProgramExit, CliError> {
    let project = context.project_in_force()?;
    let name = context.one_plan(&project, args.plan.as_deref())?;
    let path = if args.verify {
        let merged = project.dir.merge_verification(&name);
        if merged.is_dir() {
            merged
        } else {
            project.dir.verification(&name)
        }
    } else {
        let situation = Situation::of_journal(&project.dir, &project.set)?;
        let history = &situation.scheduler.state().plan(&name).history;
        let chosen = match &args.attempt {
            None => history.last(),
            Some(wanted) => history.iter().find(|attempt| attempt.id.as_str() == wanted),
        };
        match (chosen, &args.attempt) {
            (Some(attempt), _) => project.dir.attempt(&attempt.id),
            (None, None) => {
                return Err(CliError::new(
                    ProgramExit::Nothing,
                    format!("plan `{name}` has had no attempt yet"),
                )
                .with_hint(format!("orch why {name}")));
            }
            (None, Some(wanted)) => {
                let known: Vec<&str> = history.iter().map(|attempt| attempt.id.as_str()).collect();
                return Err(
                    CliError::refused(format!("plan `{name}` has no attempt `{wanted}`"))
                        .with_hint(format!("it has {}", known.join(", "))),
                );
            }
        }
    };
    let folder = JobFolder::new(path);
    let format = folder
        .job()
        .ok()
        .filter(|_| !args.raw)
        .map(|job| job.reading.format);
    Printer {
        readable: Readable::new(format.unwrap_or_default()),
        out: output(args.raw),
    }
    .print(&folder, args.follow)?;
    Ok(ProgramExit::Done)
}

/// Standard output; on a terminal, control characters are made visible, unless `--raw` is given.
fn output(raw: bool) -> Box<dyn Write> {
    let out = std::io::stdout();
    match out.is_terminal() && !raw {
        true => Box::new(Visible::new(out)),
        false => Box::new(out),
    }
}

/// Puts a log on standard output.
struct Printer {
    readable: Readable,
    out: Box<dyn Write>,
}

impl Printer {
    fn print(mut self, folder: &JobFolder, follow: bool) -> Result<(), CliError> {
        let mut older = folder.log().into_os_string();
        older.push(".1");
        self.copy(Path::new(&older), 0)?;
        let mut from = self.copy(&folder.log(), 0)?;
        let mut inode = inode_of(&folder.log());
        if !follow {
            return self.end();
        }
        loop {
            // Looked at first: what is written before the end is printed after it.
            let running = matches!(folder.state().map_err(anyhow::Error::msg)?, JobState::Running(_));
            let now = inode_of(&folder.log());
            if now != inode {
                // Rotated: the rest of the old half, then the new one from its start.
                self.copy(Path::new(&older), from)?;
                from = 0;
                inode = now;
            }
            from = self.copy(&folder.log(), from)?;
            if !running {
                break;
            }
            std::thread::sleep(LOOK);
        }
        self.end()
    }

    /// Copies a file from an offset to standard output and returns where it ended. A file that is not there is empty.
    fn copy(&mut self, path: &Path, from: u64) -> Result<u64, CliError> {
        let failed = || format!("cannot read {}", path.display());
        let mut file = match File::open(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(from),
            opened => opened.with_context(failed)?,
        };
        file.seek(SeekFrom::Start(from)).with_context(failed)?;
        let out = &mut self.out;
        let mut buffer = vec![0; 64 << 10];
        let mut at = from;
        loop {
            let count = file.read(&mut buffer).with_context(failed)?;
            if count == 0 {
                out.flush().context("cannot write to standard output")?;
                return Ok(at);
            }
            self.readable
                .feed(&buffer[..count], out)
                .context("cannot write to standard output")?;
            at += count as u64;
        }
    }

    /// The rest of a last line.
    fn end(&mut self) -> Result<(), CliError> {
        self.readable
            .end(&mut self.out)
            .and_then(|()| self.out.flush())
            .context("cannot write to standard output")?;
        Ok(())
    }
}

fn inode_of(path: &Path) -> Option<u64> {
    path.metadata().ok().map(|found| found.ino())
}
