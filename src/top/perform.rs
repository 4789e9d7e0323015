//! Running commands of this program: whatever is done in the view, the command line does.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::SyncSender;

use serde_json::Value;

use super::fleet::harmless;
use super::model::{Finished, OutputPlace, TopEvent};

/// So much of a command's output is shown.
const MOST: u64 = 4 << 20;

/// How commands of this program are begun.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    pub(super) program: PathBuf,
    pub(super) dir: PathBuf,
    pub(super) manifest: Option<PathBuf>,
}

impl Programs {
    fn command(&self, argv: &[String]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("-C").arg(&self.dir);
        if let Some(manifest) = &self.manifest {
            command.arg("--manifest").arg(manifest);
        }
        command.args(argv);
        command
    }

    /// Begins a command beside; its end is told. It goes on when the view is left.
    pub(super) fn begin(&self, argv: Vec<String>, shown: OutputPlace, to: SyncSender<TopEvent>) {
        let mut command = self.command(&argv);
        std::thread::spawn(move || {
            let (good, text) = match ran(&mut command) {
                Ok((status, text)) => (status.success(), text),
                Err(error) => (false, format!("cannot run it: {error}")),
            };
            // Who has left needs no answer.
            let _ = to.send(TopEvent::Finished(Finished {
                argv,
                shown,
                good,
                text: harmless(&text),
            }));
        });
    }

    /// Runs a command that has the terminal for itself.
    pub(super) fn in_front(&self, argv: &[String]) -> std::io::Result<ExitStatus> {
        let mut command = self.command(argv);
        // A pager that ends by itself where all fits would leave nothing to be read.
        if std::env::var_os("LESS").is_none() {
            command.env("LESS", "R");
        }
        command.status()
    }

    /// The entries of `orch train --json`.
    pub(super) fn train(&self) -> Result<Vec<Value>, String> {
        let argv = ["train".to_owned(), "--json".to_owned()];
        let (_, text) = ran(&mut self.command(&argv)).map_err(|error| error.to_string())?;
        let answer = text
            .lines()
            .find_map(|line| serde_json::from_str::<Value>(line).ok());
        let answer = answer.unwrap_or_default();
        match answer["entries"].as_array() {
            Some(entries) => Ok(entries.clone()),
            None => Err(answer["error"]
                .as_str()
                .unwrap_or("`orch train` has no answer")
                .to_owned()),
        }
    }
}

/// Runs a command without a terminal. Its output goes to a file: it can be written also when nobody reads it any more.
fn ran(command: &mut Command) -> std::io::Result<(ExitStatus, String)> {
    let mut file = tempfile::tempfile()?;
    let out = |file: &File| file.try_clone();
    command
        .args(["--color", "never"])
        .stdin(Stdio::null())
        .stdout(out(&file)?)
        .stderr(out(&file)?);
    // What a terminal sends to those in front of it is not meant for it.
    let status = command.process_group(0).status()?;
    file.rewind()?;
    let mut text = Vec::new();
    file.take(MOST).read_to_end(&mut text)?;
    Ok((status, String::from_utf8_lossy(&text).into_owned()))
}
