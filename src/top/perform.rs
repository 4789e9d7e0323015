//! Running commands of this program: everything that the view does is done by the command line.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::SyncSender;

use serde_json::Value;

use super::fleet::harmless;
use super::model::{Finished, OutputPlace, TopEvent};

/// The most output of a command to show.
const MOST: u64 = 4 << 20;

/// How to run commands of this program.
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

    /// The same for a command whose output is read. The option stands in front: behind `--` everything is text.
    fn plain(&self, argv: &[String]) -> Command {
        let mut plain = vec!["--color".to_owned(), "never".to_owned()];
        plain.extend_from_slice(argv);
        self.command(&plain)
    }

    /// Starts a command in the background and reports its end. The command continues when the view is left.
    pub(super) fn begin(&self, argv: Vec<String>, shown: OutputPlace, to: SyncSender<TopEvent>) {
        let mut command = self.plain(&argv);
        std::thread::spawn(move || {
            let (good, text) = match ran(&mut command) {
                Ok((status, text)) => (status.success(), text),
                Err(error) => (false, format!("cannot run it: {error}")),
            };
            // Nobody needs the answer after the view was left.
            let _ = to.send(TopEvent::Finished(Finished {
                argv,
                shown,
                good,
                text: harmless(&text),
            }));
        });
    }

    /// Runs a command that needs the terminal for itself.
    pub(super) fn in_front(&self, argv: &[String]) -> std::io::Result<ExitStatus> {
        let mut command = self.command(argv);
        // A pager that quits when everything fits on the screen would leave nothing to read.
        if std::env::var_os("LESS").is_none() {
            command.env("LESS", "R");
        }
        command.status()
    }

    /// The entries of `orch train --json`.
    pub(super) fn train(&self) -> Result<Vec<Value>, String> {
        let argv = ["train".to_owned(), "--json".to_owned()];
        let (_, text) = ran(&mut self.plain(&argv)).map_err(|error| error.to_string())?;
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

/// Runs a command without a terminal. Its output goes to a file, so that it can write even when nobody reads any more.
fn ran(command: &mut Command) -> std::io::Result<(ExitStatus, String)> {
    let mut file = tempfile::tempfile()?;
    let out = |file: &File| file.try_clone();
    command
        .stdin(Stdio::null())
        .stdout(out(&file)?)
        .stderr(out(&file)?);
    // Signals from the terminal to its foreground processes must not reach the command.
    let status = command.process_group(0).status()?;
    file.rewind()?;
    let mut text = Vec::new();
    file.take(MOST).read_to_end(&mut text)?;
    Ok((status, String::from_utf8_lossy(&text).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_text_reaches_its_command_as_it_was_typed() {
        let programs = Programs {
            program: PathBuf::from("/bin/echo"),
            dir: PathBuf::from("."),
            manifest: None,
        };
        let (to, events) = std::sync::mpsc::sync_channel(1);
        let argv = ["answer", "web", "--", "use blue"].map(str::to_owned).to_vec();
        programs.begin(argv, OutputPlace::Note, to);
        let Ok(TopEvent::Finished(finished)) = events.recv() else {
            panic!("no answer");
        };
        assert!(
            finished.text.trim_end().ends_with("answer web -- use blue"),
            "{}",
            finished.text
        );
    }
}
