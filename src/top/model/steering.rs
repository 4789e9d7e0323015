//! Keys that steer: each runs a command of this program.

use super::finding::find;
use super::line::InputLine;
use super::page::PagePurpose;
use super::seen::{NeedRow, TopRow};
use super::top_model::TopModel;
use super::top_order::{OutputPlace, TopOrder};
use super::top_question::{TopQuestion, Typing};

/// Commands that are allowed with `--readonly`: they only read.
const LOOKING: &[&str] = &[
    "status",
    "st",
    "ls",
    "why",
    "logs",
    "log",
    "events",
    "graph",
    "conflicts",
    "diff",
    "report",
    "history",
    "simulate",
    "check",
    "preview",
    "train",
    "digest",
    "man",
    "schema",
    "help",
];

/// Commands that need the terminal for themselves, or do not end by themselves.
const WHOLE_TERMINAL: &[&str] = &["up", "top", "demo", "diff", "serve", "attach"];
const ENDLESS: &[&str] = &["-f", "--follow", "-w", "--watch"];

/// The command line of a command.
fn words(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}

/// Runs a command. A short output is shown in one line.
pub(super) fn run(argv: Vec<String>) -> TopOrder {
    TopOrder::Run {
        argv,
        shown: OutputPlace::Note,
    }
}

/// Runs a command whose output is shown on a page.
pub(super) fn show(parts: &[&str], purpose: PagePurpose) -> TopOrder {
    TopOrder::Run {
        argv: words(parts),
        shown: OutputPlace::Page(purpose),
    }
}

/// The effect of a key that steers; `None` for any other key.
pub(super) fn steer(model: &mut TopModel, key: char) -> Option<Vec<TopOrder>> {
    if !"asrpxmA".contains(key) {
        return None;
    }
    if model.readonly {
        model.note = Some("nothing is steered from here: this is --readonly".to_owned());
        return Some(Vec::new());
    }
    let plans = model.steered();
    let Some(plan) = plans.first().cloned() else {
        model.note = Some("no plan is chosen".to_owned());
        return Some(Vec::new());
    };
    let with =
        |command: &str| -> Vec<String> { [command.to_owned()].into_iter().chain(plans.clone()).collect() };
    let named = plans.join(", ");
    let orders = match key {
        'a' => {
            answer(model, &plan);
            Vec::new()
        }
        's' => {
            ask_line(model, Typing::Send { plan });
            Vec::new()
        }
        'r' => vec![run(with("retry"))],
        'p' => {
            let paused = |plan: &String| model.seen.plan(plan).is_some_and(|row| row.paused);
            let all = plans.iter().all(paused);
            vec![run(with(if all { "resume" } else { "pause" }))]
        }
        // Nothing is left to cancel, and the command says so.
        'x' if plans
            .iter()
            .all(|plan| model.seen.plan(plan).is_some_and(TopRow::is_over)) =>
        {
            vec![run(with("cancel"))]
        }
        'x' => {
            let behind = model.seen.behind(&plans);
            let skipped = match behind.as_slice() {
                [] => "nothing else is skipped".to_owned(),
                behind => format!("skipped with it: {}", behind.join(", ")),
            };
            let question = format!("Cancel {named} for good? {skipped}.");
            sure(model, question, with("cancel"));
            Vec::new()
        }
        'm' => {
            let question = format!("Merge {named} into {}?", model.seen.target);
            sure(model, question, with("merge"));
            Vec::new()
        }
        'A' => vec![TopOrder::Terminal(words(&["attach", &plan]))],
        _ => return None,
    };
    Some(orders)
}

fn sure(model: &mut TopModel, question: String, argv: Vec<String>) {
    model.ask = Some(TopQuestion::Sure { question, argv });
}

/// Asks for a text.
pub(super) fn ask_line(model: &mut TopModel, typing: Typing) {
    let line = InputLine::default();
    model.ask = Some(TopQuestion::Line { typing, line });
}

/// Answers the plan's question, opens its gate, or approves the commit that a review waits for. In the list of items that need a person, answers the
/// chosen item.
fn answer(model: &mut TopModel, plan: &str) {
    let waits = |need: &&NeedRow| matches!(need.kind, "question" | "approval" | "review");
    let chosen = (model.tab == super::tab::Tab::Needs)
        .then(|| model.chosen_need())
        .flatten();
    let of_plan = || {
        let mut needs = model.seen.needs.iter();
        needs.find(|need| need.plan.as_deref() == Some(plan) && waits(need))
    };
    let need = chosen.filter(waits).or_else(of_plan);
    let command = need.and_then(|need| Some((need, need.command.as_deref()?)));
    let Some((need, command)) = command else {
        model.note = Some(format!("nothing of {plan} waits for an answer or an approval"));
        return;
    };
    let mut named = command.split_whitespace().skip(1);
    let (verb, to) = (named.next().unwrap_or_default(), named.next().unwrap_or(plan));
    match verb {
        "review" => match model.seen.plan(to).and_then(|row| row.head.clone()) {
            Some(commit) => {
                let short = commit.get(..10).unwrap_or(&commit);
                let question = format!("Let {to} land as {short}? (R shows it)");
                let argv = words(&["review", to, "--approve", "--commit", &commit]);
                sure(model, question, argv);
            }
            None => model.note = Some(format!("{to} has no commit to approve")),
        },
        "approve" => {
            let (question, argv) = (format!("Approve {to}?"), words(&["approve", to]));
            sure(model, question, argv);
        }
        _ => {
            let (to, question) = (to.to_owned(), need.text.clone());
            ask_line(model, Typing::Answer { to, question });
        }
    }
}

/// The effect of a typed text.
pub(super) fn typed(model: &mut TopModel, typing: Typing, text: &str) -> Vec<TopOrder> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    match typing {
        Typing::Search => {
            text.clone_into(&mut model.search);
            find(model, false);
            Vec::new()
        }
        Typing::Answer { to, .. } => vec![run(words(&["answer", &to, "--", text]))],
        Typing::Send { plan } => vec![run(words(&["send", &plan, "--", text]))],
        Typing::Command => command(model, text),
    }
}

/// Runs a typed command line, with or without `orch`.
fn command(model: &mut TopModel, text: &str) -> Vec<TopOrder> {
    let Some(mut argv) = split(text) else {
        model.note = Some("a quotation mark is missing".to_owned());
        return Vec::new();
    };
    if argv.first().is_some_and(|first| first == "orch") {
        argv.remove(0);
    }
    let Some(first) = argv.first() else {
        return Vec::new();
    };
    if model.readonly && !LOOKING.contains(&first.as_str()) {
        model.note = Some(format!("`{first}` is not for --readonly"));
        return Vec::new();
    }
    let endless = argv.iter().any(|word| ENDLESS.contains(&word.as_str()));
    match endless || WHOLE_TERMINAL.contains(&first.as_str()) {
        true => vec![TopOrder::Terminal(argv)],
        false => vec![TopOrder::Run {
            argv,
            shown: OutputPlace::Page(PagePurpose::Said),
        }],
    }
}

/// Splits a line into words; words in quotes may contain spaces. `None` when a quote is missing.
fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut mark = None;
    for c in text.chars() {
        match (mark, c) {
            (None, '"' | '\'') => {
                mark = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), c) if open == c => mark = None,
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    mark.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_split_as_a_shell_does() {
        let split = |text| split(text).map(|words| words.join("|"));
        assert_eq!(
            split("  send  auth 'use the  cache' now").as_deref(),
            Some("send|auth|use the  cache|now")
        );
        assert_eq!(split("a \"it's\"b \"\"").as_deref(), Some("a|it'sb|"));
        assert_eq!(split("send 'auth"), None);
    }
}
