//! Calling the programs of an engine, each with a time limit.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::process::Command;
use std::time::Duration;

use tempfile::tempfile;

/// The longest duration of one call. A program whose controller is down answers after about 9 seconds.
const LONGEST: Duration = Duration::from_secs(30);

/// The time from TERM to KILL when a call takes longer.
const GRACE: Duration = Duration::from_secs(2);

/// The output of a call, and its exit code.
#[derive(Debug)]
pub(super) struct CallAnswer {
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

impl CallAnswer {
    /// Why the call failed, in one line.
    pub(super) fn why(&self) -> String {
        let said = match self.err.trim() {
            "" => self.out.trim(),
            err => err,
        };
        let said = said.lines().next_back().unwrap_or("it said nothing");
        match self.code {
            Some(124) => format!("no answer within {} s", LONGEST.as_secs()),
            Some(code) => format!("{said} (exit {code})"),
            None => said.to_owned(),
        }
    }
}

/// Runs a program to its end, or until its time is up. Background processes of the program may keep its output open.
/// The output goes to files, so nobody has to wait for these processes.
pub(super) fn call(argv: &[String], input: &str) -> Result<CallAnswer, String> {
    let name = argv.first().map_or("", String::as_str);
    let run = || -> io::Result<CallAnswer> {
        let (mut given, mut out, mut err) = (tempfile()?, tempfile()?, tempfile()?);
        given.write_all(input.as_bytes())?;
        given.rewind()?;
        let status = Command::new("timeout")
            .arg(format!("--kill-after={}", GRACE.as_secs()))
            .arg(LONGEST.as_secs().to_string())
            .args(argv)
            .stdin(given)
            .stdout(out.try_clone()?)
            .stderr(err.try_clone()?)
            .status()?;
        Ok(CallAnswer {
            code: status.code(),
            out: text_of(&mut out)?,
            err: text_of(&mut err)?,
        })
    };
    run().map_err(|error| format!("{name}: {error}"))
}

fn text_of(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
