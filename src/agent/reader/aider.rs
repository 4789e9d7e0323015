//! Aider, whose output is text for people.

use jiff::Timestamp;

use super::{ReadingDraft, obstacles, reset, shortened};
use crate::schedule::{ObstacleKind, Spent};

pub(super) fn read(line: &str, draft: &mut ReadingDraft, now: Timestamp) {
    if let Some(rest) = line.strip_prefix("Tokens: ") {
        tokens(rest, draft);
        draft.facts.speaks = true;
        draft.end(true, "the model answered");
    } else if let Some(why) = line.strip_prefix("litellm.") {
        draft.facts.speaks = true;
        draft.facts.errors.add(shortened(why));
        if let Some(kind) = obstacles::kind(None, why) {
            draft.obstructed(kind, why, reset::reset_time(why, now));
        }
        draft.end(false, why);
    } else if line.starts_with("Retrying in") {
        // The line is printed after the error that aider retries.
        if draft.facts.obstacle.is_none() {
            draft.obstructed(ObstacleKind::Outage, line, None);
        }
    } else if line.starts_with("Applied edit to") || line.starts_with("Commit ") {
        draft.progress();
    }
}

/// Without an end in the output nothing was asked or answered, and aider does not report that by
/// itself.
pub(super) fn finish(draft: &mut ReadingDraft) {
    if draft.facts.end.is_none() {
        draft.facts.speaks = false;
    }
}

/// `2.1k sent, 1.2k cache hit, 100 received. Cost: $0.0021 message, $0.01 session.`
fn tokens(text: &str, draft: &mut ReadingDraft) {
    let (counts, cost) = text.split_once("Cost:").unwrap_or((text, ""));
    let mut spent = Spent::default();
    for part in counts.split(',') {
        let mut words = part.split_whitespace();
        let Some(count) = words.next().and_then(amount) else {
            continue;
        };
        let what: Vec<&str> = words.map(|word| word.trim_matches('.')).collect();
        match what.as_slice() {
            ["sent", ..] | ["cache", "write", ..] => spent.input += count,
            ["cache", "hit", ..] => spent.cached += count,
            ["received", ..] => spent.output += count,
            _ => {}
        }
    }
    let money = cost.split(',').find_map(|part| {
        let money = part.trim().strip_suffix("message")?.trim().strip_prefix('$')?;
        money
            .parse::<f64>()
            .ok()
            .filter(|money| money.is_finite() && *money >= 0.0)
    });
    spent.micros = money.map(|money| (money * 1e6).round() as u64);
    draft.facts.turns += 1;
    draft.facts.spent = draft.facts.spent.plus(spent);
}

fn amount(text: &str) -> Option<u64> {
    let (digits, unit) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1e3),
        None => match text.strip_suffix(['m', 'M']) {
            Some(digits) => (digits, 1e6),
            None => (text, 1.0),
        },
    };
    let number: f64 = digits.replace(',', "").parse().ok()?;
    (number.is_finite() && number >= 0.0).then(|| (number * unit).round() as u64)
}
