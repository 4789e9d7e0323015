//! `orch preview`

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use crate::plan::{Dispatch, PlanName, first_of};
use crate::report::{coordination, folded, output_columns, span};
use crate::supervisor::{Action, ExpectedTimes, Preview, Project, preview, with_dependencies};

use super::preview_risks::risks;
use crate::cli::call::{CliError, Context, ProgramExit, output};

/// Show what `orch up` would do
///
/// Shows the order, the expected time, overlaps and risks. Nothing is started.
#[derive(Debug, clap::Args)]
pub struct PreviewArgs {
    /// Only these plans and their dependencies
    #[arg(value_name = "PLAN")]
    plans: Vec<String>,
    /// As `orch up --merge`
    #[arg(long)]
    merge: bool,
    /// Write documents for a team into this folder
    #[arg(long, value_name = "DIR")]
    export: Option<PathBuf>,
}

/// The largest number of waves shown, and of entries in a wave.
const MOST: (usize, usize) = (30, 12);

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the manifest is invalid, or the repository cannot be read.
pub fn run(context: &Context, args: &PreviewArgs) -> Result<ProgramExit, CliError> {
    let project = context.project()?;
    let named = context.plans(&project, &args.plans)?;
    match &args.export {
        None => show(context, &project, &named, args.merge),
        Some(folder) => export(context, &project, &named, args.merge, folder),
    }
}

/// The first line of an exported page. A file with another first line is not overwritten.
const MARK: &str = "<!-- written by `orch preview --export` -->";

/// Writes the coordination documents of the named plans and their dependencies into a folder. Creates the folder if it is
/// missing. Replaces files of an earlier export and leaves others alone.
fn export(
    context: &Context,
    project: &Project,
    named: &[PlanName],
    merge: bool,
    folder: &Path,
) -> Result<ProgramExit, CliError> {
    let folder = context.dir.join(folder);
    let there = folder.ancestors().find(|path| path.exists());
    if let Some(file) = there.filter(|path| !path.is_dir()) {
        return Err(
            CliError::refused(format!("{} is a file: expected a folder", file.display()))
                .with_hint("name another folder, or move the file away"),
        );
    }
    let only = with_dependencies(&project.set, named);
    let found = preview(project, &only, merge)?;
    let mut set = project.set.clone();
    set.plans
        .retain(|plan| only.is_empty() || only.contains(&plan.name));
    let documents = coordination(&set, &found).context("cannot write the preview as JSON")?;
    let mut files = Vec::new();
    for mut document in documents {
        document.json["document"] = document.name.into();
        let json = serde_json::to_string_pretty(&document.json).context("cannot write JSON")?;
        let texts = [
            ("json", format!("{json}\n")),
            ("md", format!("{MARK}\n\n{}", document.markdown)),
        ];
        for (ending, text) in texts {
            let file = folder.join(format!("{}.{ending}", document.name));
            files.push((file, text, document.name));
        }
    }
    let foreign = files
        .iter()
        .filter(|(file, _, name)| !may_be_replaced(file, name));
    let foreign: Vec<String> = foreign.map(|(file, ..)| file.display().to_string()).collect();
    if !foreign.is_empty() {
        let why = format!("`orch preview --export` did not write {}", foreign.join(", "));
        return Err(
            CliError::refused(why).with_hint("move these files, or name another folder; nothing was written")
        );
    }
    let cannot = || format!("cannot write into {}", folder.display());
    std::fs::create_dir_all(&folder).with_context(cannot)?;
    for (file, text, _) in &files {
        std::fs::write(file, text).with_context(cannot)?;
    }
    let files: Vec<PathBuf> = files.into_iter().map(|(file, ..)| file).collect();
    if context.json {
        output::json(&serde_json::json!({ "schema": found.schema, "files": files }))?;
    } else if !context.quiet {
        for file in files {
            anstream::eprintln!("wrote {}", file.display());
        }
    }
    Ok(ProgramExit::Done)
}

/// Returns true when there is nothing at this path, or only a file of an earlier export. A symbolic link is refused, because
/// it may lead out of the folder.
fn may_be_replaced(file: &Path, document: &str) -> bool {
    match std::fs::symlink_metadata(file) {
        Err(error) => return error.kind() == std::io::ErrorKind::NotFound,
        Ok(found) if !found.is_file() => return false,
        Ok(_) => {}
    }
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let json = || serde_json::from_str::<serde_json::Value>(&text).ok();
    text.starts_with(MARK) || json().is_some_and(|known| known["document"] == document)
}

/// Prints what `up` would do with the named plans and their dependencies, or with all plans when none is named.
///
/// # Errors
///
/// Returns an error when the repository or the journal cannot be read.
pub fn show(
    context: &Context,
    project: &Project,
    named: &[PlanName],
    merge: bool,
) -> Result<ProgramExit, CliError> {
    let only = with_dependencies(&project.set, named);
    let found = preview(project, &only, merge)?;
    if context.json {
        output::json(&found)?;
    } else {
        output::text(&text(&found, output_columns()))?;
    }
    Ok(ProgramExit::Done)
}

fn text(preview: &Preview, columns: usize) -> String {
    let mut out = String::new();
    if preview.driven {
        out.push_str("a supervisor is at work: `orch up` would be refused; this is what is left\n\n");
    }
    let name = preview.actions.iter().map(|row| row.plan.as_str().len()).max();
    let name = name.unwrap_or(0).clamp(4, (columns / 2).max(24));
    out.push_str("what orch up would do\n");
    for row in &preview.actions {
        let head = format!("  {:<name$}  {:<8}  ", row.plan.as_str(), word(row.action));
        below(&mut out, &head, &row.reason, columns);
    }
    dispatches(&mut out, preview, columns);
    strategies(&mut out, preview, columns);
    waves(&mut out, preview, columns);
    expected_end(&mut out, preview);
    if !preview.critical_path.is_empty() {
        below(&mut out, "  ", &preview.critical_path.join(" → "), columns);
    }
    times(&mut out, &preview.expected);
    if !preview.overlaps.is_empty() {
        out.push_str("\nplans that touch the same files\n");
        overlaps(&mut out, preview, columns);
    }
    if !preview.sync_points.is_empty() {
        out.push_str("\npoints that several plans wait for\n");
        for point in &preview.sync_points {
            let plans: Vec<&str> = point.plans.iter().map(PlanName::as_str).collect();
            let said = match point.points.as_slice() {
                [one] if *one == point.id => plans.join(", "),
                all => format!("{} before any of them continues", all.join(", ")),
            };
            below(&mut out, "  ", &format!("{}: {said}", point.id), columns);
        }
    }
    if !preview.gates.is_empty() {
        out.push_str("\ngates where a person has to say `orch approve`\n");
        below(&mut out, "  ", &preview.gates.join(", "), columns);
    }
    if !preview.reviews.is_empty() {
        out.push_str("\nplans that a person has to `orch review` before they land\n");
        let plans: Vec<&str> = preview.reviews.iter().map(PlanName::as_str).collect();
        below(&mut out, "  ", &plans.join(", "), columns);
    }
    risks(&mut out, preview, columns);
    out
}

/// Writes a head with a text wrapped beside it.
fn below(out: &mut String, head: &str, text: &str, columns: usize) {
    let _ = writeln!(out, "{}", folded(head, text, columns));
}

fn expected_end(out: &mut String, preview: &Preview) {
    let Some(first) = preview.expected.first() else {
        return;
    };
    let agents = output::count(first.max_agents, "agent");
    let _ = writeln!(
        out,
        "\nexpected end: in {} with {agents}; the critical path takes {}",
        seconds(first),
        span(Duration::from_millis(preview.critical_ms))
    );
    if !preview.gates.is_empty() {
        out.push_str("  counted as if each gate were approved as soon as it is reached\n");
    }
    if first.tasks_undone > 0 {
        let _ = writeln!(
            out,
            "  without {} that would never begin",
            output::count(first.tasks_undone, "task")
        );
    }
}

fn overlaps(out: &mut String, preview: &Preview, columns: usize) {
    for overlap in &preview.overlaps {
        let plans = match overlap.in_order {
            true => {
                let in_turn = match overlap.phases.as_slice() {
                    [] => first_of(&overlap.plans, MOST.1, " → "),
                    phases => first_of(phases, MOST.1, " → "),
                };
                format!("{in_turn} (one after the other)")
            }
            false => first_of(&overlap.plans, MOST.1, ", "),
        };
        below(
            out,
            "  ",
            &format!("{}: {plans}", first_of(&overlap.files, MOST.1, ", ")),
            columns,
        );
    }
}

/// Shows what `dispatch = "auto"` chose.
fn dispatches(out: &mut String, preview: &Preview, columns: usize) {
    let rows = preview.dispatch.iter().map(|chosen| {
        let why = match chosen.dispatch {
            Dispatch::Plan => "as a whole: no parallel work in the document".to_owned(),
            by => format!("by {by}: {}", chosen.why.join(", ")),
        };
        (why, chosen.plan.to_string())
    });
    by_reason(
        out,
        "how plans are given out (dispatch = \"auto\")",
        rows,
        columns,
    );
}

/// Shows what `strategy = "auto"` chose.
fn strategies(out: &mut String, preview: &Preview, columns: usize) {
    let rows = preview.strategies.iter();
    let rows = rows.map(|chosen| {
        (
            format!("{}, as {}", chosen.strategy, chosen.why),
            chosen.phase.clone(),
        )
    });
    by_reason(out, "how phases are ordered (strategy = \"auto\")", rows, columns);
}

/// Shows each reason once, with everything it applies to.
fn by_reason(out: &mut String, title: &str, rows: impl Iterator<Item = (String, String)>, columns: usize) {
    let mut reasons: Vec<(String, Vec<String>)> = Vec::new();
    for (why, name) in rows {
        match reasons.iter_mut().find(|(known, _)| *known == why) {
            Some((_, names)) => names.push(name),
            None => reasons.push((why, vec![name])),
        }
    }
    if !reasons.is_empty() {
        let _ = writeln!(out, "\n{title}");
    }
    for (why, names) in reasons {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        below(
            out,
            "  ",
            &format!("{why}: {}", first_of(&names, MOST.1, ", ")),
            columns,
        );
    }
}

fn waves(out: &mut String, preview: &Preview, columns: usize) {
    if preview.waves.is_empty() {
        return;
    }
    out.push_str("\nwaves (for reading: nothing waits for the end of one)\n");
    for (number, wave) in preview.waves.iter().take(MOST.0).enumerate() {
        let head = format!("  {:>3}  ", number + 1);
        let _ = writeln!(out, "{}", folded(&head, &first_of(wave, MOST.1, " "), columns));
    }
    if preview.waves.len() > MOST.0 {
        let _ = writeln!(out, "       and {} more waves", preview.waves.len() - MOST.0);
    }
}

/// Shows a table of strategies by number of agents.
fn times(out: &mut String, expected: &[ExpectedTimes]) {
    let mut numbers: Vec<usize> = expected.iter().map(|row| row.max_agents).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut strategies: Vec<&str> = Vec::new();
    for row in expected {
        if !strategies.contains(&row.strategy.as_str()) {
            strategies.push(&row.strategy);
        }
    }
    let _ = write!(out, "\n{:<15}", "expected time");
    for number in &numbers {
        let _ = write!(out, "{:>12}", output::count(*number, "agent"));
    }
    out.push('\n');
    // When the strategy makes no difference, there is nothing to choose.
    let row = |strategy: &str| -> Vec<String> {
        let own = |number: &usize| {
            let mut rows = expected.iter();
            rows.find(|row| row.strategy == strategy && row.max_agents == *number)
        };
        numbers
            .iter()
            .map(|number| own(number).map_or_else(String::new, seconds))
            .collect()
    };
    let alike = strategies.windows(2).all(|pair| row(pair[0]) == row(pair[1]));
    let shown: Vec<(&str, &str)> = match strategies.first() {
        Some(first) if alike && strategies.len() > 1 => vec![(*first, "any strategy")],
        _ => strategies.iter().map(|strategy| (*strategy, *strategy)).collect(),
    };
    for (strategy, name) in shown {
        let _ = write!(out, "  {name:<13}");
        for cell in row(strategy) {
            let _ = write!(out, "{cell:>12}");
        }
        out.push('\n');
    }
}

fn seconds(row: &ExpectedTimes) -> String {
    span(Duration::from_secs_f64(row.seconds.max(0.0)))
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Start => "start",
        Action::Adopt => "adopt",
        Action::Continue => "continue",
        Action::Merge => "merge",
        Action::Stay => "stay",
    }
}
