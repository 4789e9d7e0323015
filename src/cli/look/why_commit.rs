//! `orch why COMMIT`: explains how a commit of the target landed, from the git notes on the commit or its landing.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use crate::git::{self, NOTES, Repository};
use crate::journal::{EvidenceNote, ItemEvidence, LandingEvidence, SCHEMA};
use crate::plan::{CommitId, PlanName};
use crate::report::{broken, output_terminal, span, with_zone};

use crate::cli::call::{CliError, Context, ProgramExit, output};

/// The output of `orch why COMMIT --json`.
#[derive(Debug, Serialize)]
struct WhyCommitOutput {
    schema: u32,
    commit: CommitId,
    landings: Vec<LandingEvidence>,
    /// The commits that later reverted the landings, by plan.
    taken_back_by: BTreeMap<String, CommitId>,
}

/// Answers about a commit. Returns `None` when the name is not a commit.
///
/// # Errors
///
/// Returns an error when no landing contains the commit, or the notes cannot be read.
pub fn about(context: &Context, typed: &str) -> Result<Option<ProgramExit>, CliError> {
    let Ok(repo) = context.repository() else {
        return Ok(None);
    };
    let Ok(commit) = repo.resolve(typed) else {
        return Ok(None);
    };
    let landings = landings_with(&repo, &commit)?;
    if landings.is_empty() {
        let why = format!("no note in {NOTES} says how {} was landed", commit.short());
        let hint =
            format!("fetch them with `git fetch origin {NOTES}:{NOTES}`; what orch has not landed has none");
        return Err(CliError::new(ProgramExit::Nothing, why).with_hint(hint));
    }
    let taken_back_by = taken_back(&repo, &landings)?;
    if context.json {
        output::json(&WhyCommitOutput {
            schema: SCHEMA,
            commit,
            landings,
            taken_back_by,
        })?;
    } else {
        let back = |plan: &str| taken_back_by.get(plan);
        let told = landings
            .iter()
            .map(|landing| words(&commit, landing, back(&landing.plan)));
        let text: String = told.collect();
        output::text(&broken(&text, output_terminal()))?;
    }
    Ok(Some(ProgramExit::Done))
}

/// Returns the landings that contain the commit: from its own note, else from the first commit with a note that contains it.
fn landings_with(repo: &Repository, commit: &CommitId) -> Result<Vec<LandingEvidence>, CliError> {
    let read = |on: &CommitId| -> Result<Vec<LandingEvidence>, CliError> {
        let text = git::refs::note(repo, on)?;
        let note = text.as_deref().and_then(EvidenceNote::read);
        Ok(note.map_or_else(Vec::new, |note| note.landings))
    };
    let own = read(commit)?;
    if !own.is_empty() {
        return Ok(own);
    }
    let mut found: Option<(CommitId, Vec<LandingEvidence>)> = None;
    for on in git::refs::noted(repo)? {
        if !git::refs::has_commit(repo, &on) || !repo.is_ancestor(commit, &on)? {
            continue;
        }
        let mut brought = Vec::new();
        for landing in read(&on)? {
            let before: Option<CommitId> = landing.before.as_deref().and_then(|before| before.parse().ok());
            let held = match before.filter(|before| git::refs::has_commit(repo, before)) {
                Some(before) => repo.is_ancestor(commit, &before)?,
                None => false,
            };
            brought.extend((!held).then_some(landing));
        }
        let earlier = match &found {
            Some((first, _)) => repo.is_ancestor(&on, first)?,
            None => true,
        };
        if !brought.is_empty() && earlier {
            found = Some((on, brought));
        }
    }
    Ok(found.map(|(_, landings)| landings).unwrap_or_default())
}

/// A time of a note as the reader's clock shows it, or as it is written where it is no time.
fn local(at: &str) -> String {
    at.parse().map_or_else(|_| at.to_owned(), with_zone)
}

/// Returns the commits that reverted these landings, by plan.
fn taken_back(
    repo: &Repository,
    landings: &[LandingEvidence],
) -> Result<BTreeMap<String, CommitId>, CliError> {
    let mut all = BTreeMap::new();
    for landing in landings {
        let (Ok(plan), Ok(landed)) = (
            landing.plan.parse::<PlanName>(),
            landing.commit.parse::<CommitId>(),
        ) else {
            continue;
        };
        let Some(tip) = repo.branch_tip(&landing.target)? else {
            continue;
        };
        if let Some(back) = git::repo::taken_back_by(repo, &plan, &tip)?
            && repo.is_ancestor(&landed, &back)?
        {
            all.insert(landing.plan.clone(), back);
        }
    }
    Ok(all)
}

fn words(commit: &CommitId, landing: &LandingEvidence, back: Option<&CommitId>) -> String {
    let mut text = String::new();
    let short = |id: &str| id.get(..10).unwrap_or(id).to_owned();
    let what = match &landing.phases {
        None => format!("plan {}", landing.plan),
        Some(phases) => {
            let phases: Vec<String> = phases.iter().map(ToString::to_string).collect();
            format!("plan {} (phases {})", landing.plan, phases.join(", "))
        }
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{}: landed on {} with {what}, in {}, at {}",
        commit.short(),
        landing.target,
        short(&landing.commit),
        local(&landing.landed_at)
    );
    if let Some(back) = back {
        let _ = writeln!(text, "  taken back by {}", back.short());
    }
    for item in &landing.items {
        let _ = writeln!(text, "  {}", item_words(item));
    }
    for attempt in &landing.attempts {
        let program = attempt.program.as_deref().unwrap_or(&attempt.agent);
        let version = attempt.version.as_deref().map(|version| format!(" {version}"));
        let end = attempt.exit.as_deref().unwrap_or("did not end");
        let failed = attempt.failed.as_deref().and_then(|why| why.lines().next());
        let failed = failed.map(|why| format!("; not enough: {why}"));
        let _ = writeln!(
            text,
            "  attempt {} ({program}{}) at {}: {end}{}",
            attempt.id,
            version.unwrap_or_default(),
            attempt.given.join(", "),
            failed.unwrap_or_default()
        );
    }
    for verified in &landing.verified {
        let of = match verified.phase {
            Some(phase) => format!("phase {phase}"),
            None => verified.of.clone(),
        };
        let line = verified.command.as_deref().map(|line| format!(" `{line}`"));
        let tree = verified
            .tree
            .as_deref()
            .map(|tree| format!(" on tree {}", short(tree)));
        let took = verified
            .took_ms
            .map(|ms| format!(" in {}", span(Duration::from_millis(ms))));
        let said = if verified.passed { "passed" } else { "failed" };
        let _ = writeln!(
            text,
            "  verified {of}:{}{} {said}{}",
            line.unwrap_or_default(),
            tree.unwrap_or_default(),
            took.unwrap_or_default()
        );
    }
    for approved in landing.approvals.iter().chain(&landing.reviews) {
        let _ = writeln!(
            text,
            "  {} approved by a person at {}",
            approved.what,
            local(&approved.at)
        );
    }
    text
}

fn item_words(item: &ItemEvidence) -> String {
    let who = match (item.attempt.as_deref(), item.assumed) {
        (Some(attempt), true) => format!("shown by the commits of {attempt}"),
        (None, _) if item.ticked => "ticked in the document when the plan was begun,".to_owned(),
        (attempt, _) => format!("reported by {}", attempt.unwrap_or("a person")),
    };
    let note = item.note.as_deref().map(|note| format!(": {note}"));
    format!(
        "{} {}, {who} at {}{}",
        item.id,
        item.state,
        item.at,
        note.unwrap_or_default()
    )
}
