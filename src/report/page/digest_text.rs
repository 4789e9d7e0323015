//! `orch digest`: as text for a terminal, and as Markdown for a message.

use std::fmt::Write;
use std::time::Duration;

use crate::plan::{PlanName, is_unprintable};
use crate::report::text::count::count;
use crate::report::text::span::ago;
use crate::report::text::width::fit;
use crate::supervisor::{Digest, NextPlan};
use crate::words::{attention_line, cost, rough};

/// How many upcoming plans are named.
const NEXT: usize = 8;

/// One section: its title and its lines.
type DigestSection = (&'static str, Vec<DigestLine>);

/// One line, and the command for it.
struct DigestLine {
    text: String,
    command: Option<String>,
}

impl DigestLine {
    fn plain(text: String) -> Self {
        Self { text, command: None }
    }
}

/// The digest, wrapped to a width.
pub fn digest_text(digest: &Digest, columns: usize) -> String {
    let mut out = format!("{}\n", head(digest));
    for (title, lines) in sections(digest) {
        let _ = writeln!(out, "\n{title}");
        for line in lines {
            let _ = writeln!(out, "  {}", fit(&line.text, columns.saturating_sub(2)));
            if let Some(command) = line.command {
                let _ = writeln!(out, "      {command}");
            }
        }
    }
    out
}

/// The digest as Markdown.
pub fn digest_markdown(digest: &Digest) -> String {
    let mut out = format!("{}\n", escaped(&head(digest)));
    for (title, lines) in sections(digest) {
        let _ = writeln!(out, "\n## {title}\n");
        for line in lines {
            let first = line.text.lines().next().unwrap_or_default();
            let command = line
                .command
                .map(|command| format!(" (`{}`)", command.replace('`', "'")));
            let _ = writeln!(out, "- {}{}", escaped(first), command.unwrap_or_default());
        }
    }
    out
}

fn head(digest: &Digest) -> String {
    let since = digest.since.map_or_else(
        || "nothing was started yet".to_owned(),
        |since| format!("since {}", ago(since)),
    );
    let mut parts = vec![format!("{} landed", digest.landed.len())];
    if !digest.failed.is_empty() {
        parts.push(format!("{} failed", digest.failed.len()));
    }
    match digest.attention.len() {
        0 => {}
        1 => parts.push("1 thing needs you".to_owned()),
        more => parts.push(format!("{} need you", count(more, "thing"))),
    }
    let spent = digest
        .cost
        .map(|amount| format!(" · {}", cost(amount, digest.currency)));
    format!("{since}: {}{}", parts.join(", "), spent.unwrap_or_default())
}

fn sections(digest: &Digest) -> Vec<DigestSection> {
    let landed = digest.landed.iter().map(|landed| {
        let (plan, target, at) = (&landed.plan, &landed.target, ago(landed.at));
        DigestLine::plain(format!("{plan} on {target} ({}), {at}", landed.commit.short()))
    });
    let failed = digest.failed.iter().map(|failed| {
        let why = failed.why.first().map_or("", String::as_str);
        DigestLine::plain(format!("{}, {}: {why}", failed.plan, ago(failed.at)))
    });
    let attention = digest.attention.iter().map(|item| DigestLine {
        text: attention_line(item.plan.as_ref().map(PlanName::as_str), &item.text),
        command: item.command.clone(),
    });
    let mut next: Vec<DigestLine> = digest
        .next
        .iter()
        .take(NEXT)
        .map(|plan| to_come(plan, digest.driven))
        .collect();
    if digest.next.len() > NEXT {
        next.push(DigestLine::plain(format!(
            "and {} more",
            digest.next.len() - NEXT
        )));
    }
    let all = [
        ("Needs you", attention.collect()),
        ("Landed", landed.collect()),
        ("Failed", failed.collect()),
        ("Next", next),
    ];
    all.into_iter()
        .filter(|(_, lines): &DigestSection| !lines.is_empty())
        .collect()
}

fn to_come(plan: &NextPlan, driven: bool) -> DigestLine {
    let end = plan.eta_s.map(|eta| rough(Duration::from_secs(eta)));
    let end = match (end, driven) {
        (Some(end), true) => format!(": done in about {end}"),
        (Some(end), false) => format!(": done about {end} after the next orch up"),
        (None, _) => String::new(),
    };
    DigestLine::plain(format!("{} ({}){end}", plan.plan, plan.state))
}

/// Escapes characters that have a meaning in Markdown.
fn escaped(text: &str) -> String {
    let special = |c: char| "\\`*_[]<>#|&~".contains(c);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if special(c) {
            out.push('\\');
        }
        out.push(if is_unprintable(c) { '?' } else { c });
    }
    out
}
