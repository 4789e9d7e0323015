//! `orch status PLAN`: everything about one plan.

use std::fmt::Write;

use crate::plan::{Currency, TaskState};
use crate::supervisor::{AttemptView, MilestoneView, PhaseView, PlanView, given};
use crate::words;

use crate::report::line::usage_line::{budget_line, facts_line};
use crate::report::text::count::count;
use crate::report::text::palette::{plan_style, task_style};
use crate::report::text::span::{ago, span};
use crate::report::text::width::fit;

/// The page.
pub fn one_plan(plan: &PlanView) -> String {
    let mut text = String::new();
    let style = plan_style(plan.state);
    let since = plan
        .since
        .map(|since| format!(", since {}", ago(since)))
        .unwrap_or_default();
    let tally = plan.tally;
    let skipped = match tally.skipped {
        0 => String::new(),
        many => format!(", {many} skipped"),
    };
    let _ = writeln!(
        text,
        "{}: {style}{}{style:#}{since}; {} of {}{skipped}; priority {}",
        plan.name,
        plan.state,
        tally.done,
        count(tally.all, "task"),
        plan.priority
    );
    for reason in &plan.reasons {
        let _ = writeln!(text, "  {}", reason.text.replace('\n', "\n    "));
        if let Some(remedy) = &reason.remedy {
            let _ = writeln!(text, "  next: {remedy}");
        }
    }
    let _ = writeln!(text, "branch   {}{}", plan.branch, ahead(plan));
    if let Some(worktree) = &plan.worktree {
        let dirt = if plan.dirty == Some(true) {
            " (uncommitted changes)"
        } else {
            ""
        };
        let _ = writeln!(text, "worktree {}{dirt}", worktree.display());
    }
    if let Some(talk) = &plan.conversation {
        let id = talk.id.as_deref().map(|id| format!("{id}: ")).unwrap_or_default();
        let there = talk.attached.map(|pid| format!(" (process {pid} is attached)"));
        let command = talk.command.iter().map(|word| shell_word(word));
        let command = command.collect::<Vec<_>>().join(" ");
        let _ = writeln!(text, "talk     {id}{command}{}", there.unwrap_or_default());
    }
    if let Some(milestone) = &plan.milestone {
        let _ = writeln!(text, "planned  {}", milestone_words(milestone));
    }
    if let Some(spent) = budget_line(&plan.spent) {
        let _ = writeln!(text, "spent    {spent}");
    }
    let checked = plan.phases.iter().filter_map(|phase| phase.verify.as_ref());
    let ids = checked.map(|check| check.id.to_string().len()).max().unwrap_or(5);
    for phase in &plan.phases {
        write_phase(&mut text, plan, phase, ids);
    }
    write_messages(&mut text, plan);
    if !plan.attempts.is_empty() {
        let _ = writeln!(text, "\nattempts");
    }
    for attempt in &plan.attempts {
        write_attempt(&mut text, attempt, plan.spent.currency);
    }
    text
}

/// `owner anna, due on 2026-12-01, behind plan by 12 %`
fn milestone_words(milestone: &MilestoneView) -> String {
    let owner = milestone.owner.as_ref().map(|owner| format!("owner {owner}"));
    let due = milestone.due.map(|due| format!("due on {due}"));
    let late = match (milestone.is_overdue, milestone.behind_percent) {
        (true, _) => Some("overdue".to_owned()),
        (false, Some(behind @ 1..)) => Some(format!("behind plan by {behind} %")),
        (false, Some(0) | None) => None,
    };
    let words: Vec<String> = [owner, due, late].into_iter().flatten().collect();
    words.join(", ")
}

/// A word, quoted for a shell.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// The messages to its agents, with the first line of each.
fn write_messages(text: &mut String, plan: &PlanView) {
    if !plan.messages.is_empty() {
        let _ = writeln!(text, "\nmessages");
    }
    for message in &plan.messages {
        let from = message.from.as_ref().map_or("the lead", |from| from.as_str());
        let when = message.at.map(|at| format!(", {}", ago(at))).unwrap_or_default();
        let first = message.text.lines().next().unwrap_or_default();
        let _ = writeln!(
            text,
            "  {:<3} {:<9} from {from} ({}){when}: {}",
            message.id,
            message.state.as_str(),
            message.kind,
            fit(first, 80)
        );
    }
}

fn ahead(plan: &PlanView) -> String {
    match (&plan.head, plan.ahead) {
        (Some(head), Some(ahead)) => {
            let commits = if ahead == 1 { "commit" } else { "commits" };
            format!(" at {}, {ahead} {commits} ahead of its start", head.short())
        }
        _ => " (not made yet)".to_owned(),
    }
}

fn write_phase(text: &mut String, plan: &PlanView, phase: &PhaseView, ids: usize) {
    let style = task_style(phase.state);
    let landed = plan.landed.as_ref();
    let landed = match landed.is_some_and(|landed| landed.phases.contains(&phase.id)) {
        true => ", landed",
        false => "",
    };
    let _ = writeln!(
        text,
        "\nphase {}: {}  {style}{}{style:#}{landed}",
        phase.id,
        fit(&phase.title, 60),
        phase.state
    );
    let mut line = |indent: &str, state: TaskState, id: &str, title: &str| {
        let style = task_style(state);
        let _ = writeln!(
            text,
            "{indent}{style}{state:<8}{style:#} {id:<ids$} {}",
            fit(title, 62)
        );
    };
    for task in &phase.tasks {
        line("  ", task.state, &task.id.to_string(), &task.title);
    }
    if let Some(check) = &phase.verify {
        line("  ", check.state, &check.id.to_string(), &check.title);
        for part in &phase.checks {
            line("    ", part.state, &part.id.to_string(), &part.title);
        }
    }
}

fn write_attempt(text: &mut String, attempt: &AttemptView, currency: Currency) {
    let took = match (attempt.started_at, attempt.ended_at) {
        (Some(started), Some(ended)) => span(ended.duration_since(started).try_into().unwrap_or_default()),
        (Some(started), None) => format!("started {}", ago(started)),
        (None, _) => "not started".to_owned(),
    };
    let exit = attempt.ended.as_ref().map_or("at work".to_owned(), words::exit);
    let _ = writeln!(
        text,
        "  {:<12} {:<10} {:<14} {took:<16} {exit}",
        attempt.id,
        attempt.agent,
        given(&attempt.units)
    );
    let told = facts_line(&attempt.facts, currency);
    if !told.is_empty() {
        let account = attempt
            .account
            .as_deref()
            .map(|account| format!("account {account}, "));
        let _ = writeln!(
            text,
            "  {:<12} {}{}",
            "",
            account.unwrap_or_default(),
            fit(&told, 110)
        );
    }
    let _ = writeln!(text, "  {:<12} {}", "", attempt.log.display());
}
