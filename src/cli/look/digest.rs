//! `orch digest`

use anyhow::Context as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::plan::parse_duration;
use crate::report::{digest_markdown, digest_text, output_columns};
use crate::supervisor::{Digest, DigestSince, Project};

use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Tell what has changed since you looked last
///
/// What has landed, what has failed, what needs a person, and what comes next. The end of this digest is the beginning of your
/// next one; with --since it stays where it was.
#[derive(Debug, clap::Args)]
pub struct DigestArgs {
    /// Such as 2h, or 2026-01-31T08:00:00Z
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Print Markdown
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the manifest is invalid, `--since` is not a time, or the journal cannot be read.
pub fn run(context: &Context, args: &DigestArgs) -> Result<ProgramExit, CliError> {
    let project = context.project_in_force()?;
    let last = last_look(&project);
    let since = match &args.since {
        Some(text) => DigestSince::Moment(moment(text)?),
        None => seen(&last).map_or(DigestSince::Run, |(seq, at)| DigestSince::Entry(seq, at)),
    };
    let digest = Digest::of(&project, since)?;
    if context.json {
        output::json(&digest)?;
    } else if args.markdown {
        output::text(&digest_markdown(&digest))?;
    } else {
        output::text(&digest_text(&digest, output_columns()))?;
    }
    // Remember the digest only after it was printed.
    if args.since.is_none() && digest.seq > 0 {
        remember(&last, &digest).with_context(|| format!("cannot write {}", last.display()))?;
    }
    Ok(ProgramExit::Done)
}

/// Returns the file that stores the last entry this user has seen.
fn last_look(project: &Project) -> PathBuf {
    let user = rustix::process::getuid().as_raw();
    project.dir.looks().join(user.to_string())
}

/// Returns the last entry that was seen, and when. Returns `None` when there is none, or the file cannot be read.
fn seen(last: &Path) -> Option<(i64, Timestamp)> {
    let text = std::fs::read_to_string(last).ok()?;
    let (seq, at) = text.trim().split_once(' ')?;
    Some((seq.parse().ok()?, at.parse().ok()?))
}

fn remember(last: &Path, digest: &Digest) -> std::io::Result<()> {
    let folder = last.parent().unwrap_or(last);
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    std::io::Write::write_all(&mut file, format!("{} {}\n", digest.seq, digest.until).as_bytes())?;
    file.persist(last)?;
    Ok(())
}

fn moment(text: &str) -> Result<Timestamp, CliError> {
    const HINT: &str = "a time that has passed, such as 2h or 1d, or a moment, such as 2026-01-31T08:00:00Z";
    if let Ok(moment) = text.parse() {
        if moment > Timestamp::now() {
            return Err(CliError::refused(format!("`{text}` is still to come")).with_hint(HINT));
        }
        return Ok(moment);
    }
    let ago = parse_duration(text)
        .map_err(|_| CliError::refused(format!("`{text}` is no time")).with_hint(HINT))?;
    let ago = jiff::SignedDuration::try_from(ago).unwrap_or(jiff::SignedDuration::MAX);
    Ok(Timestamp::now().checked_sub(ago).unwrap_or(Timestamp::MIN))
}
