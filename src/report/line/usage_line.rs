//! The facts from an agent's output, in one line.

use std::time::Duration;

use crate::plan::Currency;
use crate::schedule::{Facts, Parked, Spent};

use crate::report::text::span::span;
use crate::supervisor::{SpentView, StatusView};
use crate::words::{self, clause, cost, money};

/// `2 turns, 12k tokens, $0.35`, and the problems.
pub fn facts_line(facts: &Facts, currency: Currency) -> String {
    let mut parts = Vec::new();
    if facts.turns > 0 {
        parts.push(format!(
            "{} turn{}",
            facts.turns,
            if facts.turns == 1 { "" } else { "s" }
        ));
    }
    parts.extend(spent_line(facts.spent, currency));
    if !facts.denied.is_empty() {
        parts.push(format!("denied {}", facts.denied));
    }
    if let Some(obstacle) = &facts.obstacle {
        parts.push(format!("{}: {}", words::obstacle(obstacle.kind), obstacle.why));
    } else if let Some(end) = facts.end.as_ref().filter(|end| !end.good) {
        parts.push(end.text.clone());
    }
    parts.join(", ")
}

/// `950 tokens`, `12.3k tokens` or `1.2M tokens`.
pub fn tokens_text(tokens: u64) -> String {
    match tokens {
        few @ 0..1_000 => format!("{few} tokens"),
        some @ 1_000..1_000_000 => format!("{:.1}k tokens", some as f64 / 1e3),
        many => format!("{:.1}M tokens", many as f64 / 1e6),
    }
}

/// `12.3k tokens, $0.35`; `None` when nothing is known.
pub fn spent_line(spent: Spent, currency: Currency) -> Option<String> {
    if spent.is_nothing() {
        return None;
    }
    let tokens = tokens_text(spent.tokens());
    Some(match spent.micros {
        Some(micros) => format!("{tokens}, {}", money(micros, currency)),
        None => tokens,
    })
}

/// The same with the budget, where there is one: `12.3k tokens, $0.35 of $5.00`.
pub fn budget_line(spent: &SpentView) -> Option<String> {
    let line = spent_line(spent.exact(), spent.currency);
    let budget = spent.budget.map(|budget| cost(budget, spent.currency));
    match (line, budget) {
        (Some(line), Some(budget)) if spent.cost.is_some() => Some(format!("{line} of {budget}")),
        (line, Some(budget)) => Some(format!(
            "{}cost unknown of {budget}",
            line.map_or(String::new(), |line| line + ", ")
        )),
        (line, None) => line,
    }
}

/// The usage of the run, and the cost of all runs where it is another: `12.3k tokens, $0.35 in this run, $1.20 in all`.
pub fn run_line(view: &StatusView) -> Option<String> {
    let line = budget_line(&view.spent);
    let shown = |amount: f64| cost(amount, view.spent.currency);
    let own = view.spent.cost.map(shown);
    match (line, view.cost.map(shown)) {
        (Some(line), Some(all)) if own.as_ref() != Some(&all) => {
            Some(format!("{line} in this run, {all} in all"))
        }
        (None, Some(all)) => Some(format!("{all} in all")),
        (line, _) => line,
    }
}

/// `auth-1: rate limited: …; continues in 2h 5m`.
pub fn parked_line(parked: &Parked) -> String {
    let when = match parked.for_ms {
        0 => "continues with another account".to_owned(),
        ms => {
            let guess = if parked.told { "" } else { " (nobody said when)" };
            format!("continues in {}{guess}", span(Duration::from_millis(ms)))
        }
    };
    format!(
        "{}: {}: {}; {when}",
        parked.attempt,
        words::obstacle(parked.kind),
        clause(&parked.why)
    )
}
