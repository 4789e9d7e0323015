//! `orch check --watch`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::plan::{Diagnostic, Diagnostics, Lint, LintPlace};
use crate::report::{broken, output_terminal};
use crate::supervisor::{self, FileWatch, ManifestReading, SourceFiles, SupervisorError};

use super::check_output::{print_json, summary};
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// How long to wait after a change, because an editor writes a file in several steps.
const SETTLE: Duration = Duration::from_millis(50);

/// The result of one check.
struct WatchedCheck {
    diagnostics: Diagnostics,
    lints: Vec<Lint>,
    /// The last line of the output.
    summary: String,
    /// The files that the next result depends on.
    files: BTreeSet<PathBuf>,
}

/// A diagnostic or warning as a person reads it. A finding that only moved to another line is the same finding.
#[derive(Debug, Clone)]
struct ShownFinding {
    shown: String,
    identity: (PathBuf, String),
}

impl WatchedCheck {
    fn of(context: &Context, manifest: &Path) -> Self {
        let reading = ManifestReading::of(manifest, &SourceFiles::default());
        let home = manifest.parent().unwrap_or(Path::new(""));
        let mut files = BTreeSet::from([manifest.to_owned()]);
        if let Ok(reading) = &reading {
            files.extend(reading.parsed.documents().map(|request| home.join(request.file)));
        }
        match reading.and_then(|reading| supervisor::examine(&context.dir, manifest, reading)) {
            Ok(found) => Self {
                summary: summary(&found),
                diagnostics: Diagnostics::default(),
                lints: found.lints,
                files,
            },
            Err(error) => {
                let diagnostics = match error {
                    SupervisorError::Diagnostics(diagnostics) => diagnostics,
                    other => {
                        let name = manifest.file_name().unwrap_or_default();
                        Diagnostics(vec![Diagnostic::of_file(name.as_ref(), other.to_string())])
                    }
                };
                Self {
                    summary: format!("{}\n", output::count(diagnostics.0.len(), "fault")),
                    diagnostics,
                    lints: Vec::new(),
                    files,
                }
            }
        }
    }

    fn findings(&self) -> Vec<ShownFinding> {
        let faults = self.diagnostics.0.iter().map(|fault| ShownFinding {
            shown: format!("error: {fault}"),
            identity: (fault.file.clone(), fault.message.clone()),
        });
        let warnings = self.lints.iter().map(|lint| ShownFinding {
            shown: format!("warning: {lint}"),
            identity: match &lint.place {
                LintPlace::File { file, .. } => (file.clone(), lint.message.clone()),
                place @ (LintPlace::Pair(..) | LintPlace::Named(_)) => {
                    (place.to_string().into(), lint.message.clone())
                }
            },
        });
        faults.chain(warnings).collect()
    }

    /// Prints what changed since the previous check, if anything did.
    fn print(&self, context: &Context, before: Option<&Self>) -> Result<(), CliError> {
        let (old, new) = (before.map(Self::findings).unwrap_or_default(), self.findings());
        let (went, came) = (without(&old, &new), without(&new, &old));
        if before.is_some() && went.is_empty() && came.is_empty() {
            return Ok(());
        }
        if context.json {
            let is_ok = self.diagnostics.0.is_empty();
            return print_json(&self.diagnostics, if is_ok { &self.lints } else { &[] });
        }
        for finding in went {
            let first = finding.shown.lines().next().unwrap_or_default();
            let said = first.split_once(": ").map_or(first, |(_, said)| said);
            output::text(&broken(&format!("gone: {said}\n"), output_terminal()))?;
        }
        for finding in came {
            output::text(&broken(&format!("{}\n", finding.shown), output_terminal()))?;
        }
        output::text(&self.summary)
    }
}

/// Returns the findings of `some` that are not in `others`, counting duplicates.
fn without(some: &[ShownFinding], others: &[ShownFinding]) -> Vec<ShownFinding> {
    let mut left: Vec<&(PathBuf, String)> = others.iter().map(|finding| &finding.identity).collect();
    let mut kept = Vec::new();
    for finding in some {
        match left.iter().position(|known| **known == finding.identity) {
            Some(at) => drop(left.swap_remove(at)),
            None => kept.push(finding.clone()),
        }
    }
    kept
}

/// Checks until interrupted, or until the output is closed.
pub(super) fn run(context: &Context, manifest: &Path) -> Result<ProgramExit, CliError> {
    let (sender, changes) = channel();
    // Sending fails only after the watch has ended.
    let tell = move || sender.send(()).unwrap_or_default();
    let mut watch = FileWatch::new(BTreeSet::from([manifest.to_owned()]), tell);
    let mut before: Option<WatchedCheck> = None;
    loop {
        let mut checked = WatchedCheck::of(context, manifest);
        // A file may have appeared before its folder was watched.
        while watch.follow(checked.files.clone()) {
            checked = WatchedCheck::of(context, manifest);
        }
        // Lints are computed only without errors. Until then, the previous lints still count.
        if let Some(before) = before.as_ref().filter(|_| !checked.diagnostics.0.is_empty()) {
            checked.lints.clone_from(&before.lints);
        }
        checked.print(context, before.as_ref())?;
        before = Some(checked);
        if !waited(&changes) {
            return Ok(ProgramExit::Done);
        }
    }
}

/// Waits for a change and any changes that follow immediately. Returns false when no more changes can come.
fn waited(changes: &Receiver<()>) -> bool {
    if changes.recv().is_err() {
        return false;
    }
    std::thread::sleep(SETTLE);
    while changes.try_recv().is_ok() {}
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(message: &str) -> ShownFinding {
        ShownFinding {
            shown: format!("error: plans.toml:1: {message}"),
            identity: ("plans.toml".into(), message.to_owned()),
        }
    }

    #[test]
    fn the_same_fault_twice_is_two_faults() {
        let (twice, once) = ([finding("a"), finding("a")], [finding("a")]);
        assert_eq!(without(&twice, &once).len(), 1);
        assert!(without(&once, &twice).is_empty());
    }
}
