//! A run as one HTML page that needs nothing else: no network, no script.

use std::fmt::Write;

use jiff::Timestamp;

use crate::plan::PlanState;

use super::run_text::{outcomes, sentences, spending};
use crate::report::story::chronicle::{AttemptStory, RunStory};
use crate::report::text::clock::{clock, with_zone};
use crate::report::text::span::ms;

/// Width of the picture of time, in its own units.
const WIDTH: f64 = 1000.0;
/// Height of a plan's row there.
const ROW: f64 = 22.0;
/// Width of the names before it.
const NAMES: f64 = 170.0;
/// Height above the first row.
const TOP: f64 = 26.0;

const STYLE: &str = "\
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --paper: #ffffff; --well: #f6f8fa;
  --good: #1a7f37; --bad: #cf222e; --wait: #9a6700; --run: #0969da; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --paper: #0d1117;
  --well: #151b23; --good: #3fb950; --bad: #f85149; --wait: #d29922; --run: #4493f8; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 72rem;
  margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.soft { color: var(--soft); } ul { padding-left: 1.2rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .35rem .8rem .35rem 0;
  border-bottom: 1px solid var(--line); vertical-align: top; } th { color: var(--soft); font-weight: 500; }
td:first-child { min-width: 11rem; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.why { color: var(--soft); font-size: .9em; white-space: pre-wrap; overflow-wrap: anywhere; }
.landed, .finished { color: var(--good); } .failed { color: var(--bad); } .held, .skipped, .cancelled { color: var(--wait); }
.running { color: var(--run); } .scroll { overflow-x: auto; }
svg { background: var(--well); border-radius: 6px; width: 100%; height: auto; min-width: 40rem; }
svg text { fill: var(--soft); font: 12px system-ui, sans-serif; } svg .name { fill: var(--ink); }
svg .bar { fill: var(--good); } svg .bar.bad { fill: var(--bad); } svg .grid { stroke: var(--line); }
";

/// The page.
pub fn run_page(run: &RunStory) -> String {
    let mut page = String::new();
    let began = run.began.map(with_zone).unwrap_or_default();
    let ending = run.ending_words();
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>orch: {0} onto {1}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<h1>Run {0} onto {1}</h1>\n<p class=\"soft\">begun {began}; {2}</p>\n<p><strong>{3}</strong></p>\n",
        escaped(&run.run),
        escaped(&run.target),
        escaped(ending),
        escaped(&outcomes(run)),
    );
    page += "<ul>\n";
    for line in sentences(&run.figures()) {
        let _ = writeln!(page, "<li>{}</li>", escaped(&line));
    }
    page += "</ul>\n";
    time_picture(&mut page, run);
    plans_table(&mut page, run);
    attempts_in_vain(&mut page, run);
    if !run.warnings.is_empty() {
        page += "<h2>Warnings</h2>\n<ul>\n";
        for (at, why) in &run.warnings {
            let _ = writeln!(
                page,
                "<li><span class=\"soft\">{}</span> {}</li>",
                clock(*at),
                escaped(why)
            );
        }
        page += "</ul>\n";
    }
    page += "</body>\n</html>\n";
    page
}

fn plans_table(page: &mut String, run: &RunStory) {
    let spent = run.plans.values().any(|plan| !spending(plan.spent()).is_empty());
    let spent_head = if spent { "<th>used up</th>" } else { "" };
    let _ = write!(
        page,
        "<h2>Plans</h2>\n<div class=\"scroll\"><table>\n<tr><th>plan</th><th>state</th><th class=\"n\">agent time</th>\
         <th class=\"n\">attempts</th><th class=\"n\">in vain</th>{spent_head}<th>landed as</th></tr>\n"
    );
    for (name, plan) in &run.plans {
        let state = plan.state.unwrap_or(PlanState::Ready);
        let why = plan
            .why
            .as_deref()
            .map(|why| format!("<div class=\"why\">{}</div>", escaped(why)));
        let outputs = plan.outputs.iter().map(|file| {
            // From the top of the repository, where the page is usually written.
            format!("<div><a href=\"{0}\">{0}</a></div>", escaped(file))
        });
        let outputs: String = outputs.collect();
        let failed = plan
            .attempts
            .iter()
            .filter(|attempt| attempt.failed.is_some())
            .count();
        let used = match spent {
            true => format!("<td>{}</td>", escaped(&spending(plan.spent()))),
            false => String::new(),
        };
        let landed = plan
            .landed
            .as_ref()
            .map(|commit| format!("<code>{}</code>", commit.short()));
        let _ = writeln!(
            page,
            "<tr><td>{name}{}{outputs}</td><td class=\"{state}\">{state}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{failed}</td>{used}<td>{}</td></tr>",
            why.unwrap_or_default(),
            ms(plan.agent_ms()),
            plan.attempts.len(),
            landed.unwrap_or_default(),
        );
    }
    *page += "</table></div>\n";
}

fn attempts_in_vain(page: &mut String, run: &RunStory) {
    let attempts = run.plans.values().flat_map(|plan| &plan.attempts);
    let failed: Vec<&AttemptStory> = attempts.filter(|attempt| attempt.failed.is_some()).collect();
    if failed.is_empty() {
        return;
    }
    *page += "<h2>Attempts in vain</h2>\n<div class=\"scroll\"><table>\n<tr><th>attempt</th><th>agent</th>\
              <th class=\"n\">time</th><th>why</th></tr>\n";
    for attempt in failed {
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"why\">{}</td></tr>",
            attempt.attempt,
            attempt.agent,
            ms(attempt.took_ms()),
            escaped(attempt.failed.as_deref().unwrap_or_default()),
        );
    }
    *page += "</table></div>\n";
}

/// Every attempt as a bar, one row for each plan.
fn time_picture(page: &mut String, run: &RunStory) {
    let (Some(began), Some(ended)) = (run.began, run.ended) else {
        return;
    };
    let rows: Vec<_> = run
        .plans
        .iter()
        .filter(|(_, plan)| !plan.attempts.is_empty())
        .collect();
    let whole = (ended.as_millisecond() - began.as_millisecond()).max(1) as f64;
    if rows.is_empty() {
        return;
    }
    let x = |at: Timestamp| {
        NAMES + (at.as_millisecond() - began.as_millisecond()) as f64 / whole * (WIDTH - NAMES - 20.0)
    };
    let bottom = TOP + rows.len() as f64 * ROW;
    let _ = writeln!(
        page,
        "<h2>Time</h2>\n<div class=\"scroll\"><svg viewBox=\"0 0 {WIDTH} {:.0}\" role=\"img\" aria-label=\"when each attempt \
         ran\">",
        bottom + 8.0
    );
    for quarter in 0..=4_i32 {
        let at = whole * f64::from(quarter) / 4.0;
        let left = NAMES + at / whole * (WIDTH - NAMES - 20.0);
        let anchor = if quarter == 4 { "end" } else { "start" };
        let _ = writeln!(
            page,
            "<line class=\"grid\" x1=\"{left:.1}\" y1=\"{TOP}\" x2=\"{left:.1}\" y2=\"{bottom:.1}\"/><text x=\"{left:.1}\" \
             y=\"17\" text-anchor=\"{anchor}\">{}</text>",
            ms(at as u64)
        );
    }
    for (row, (name, plan)) in rows.into_iter().enumerate() {
        let top = TOP + row as f64 * ROW;
        let shown = crate::report::text::width::fit(name.as_str(), 22);
        let _ = writeln!(
            page,
            "<text class=\"name\" x=\"10\" y=\"{:.1}\">{}</text>",
            top + 15.0,
            escaped(&shown)
        );
        for attempt in &plan.attempts {
            let Some(from) = attempt.began else { continue };
            let to = attempt.ended.unwrap_or(ended);
            let class = if attempt.failed.is_some() {
                "bar bad"
            } else {
                "bar"
            };
            let took = ms(attempt.took_ms());
            let _ = writeln!(
                page,
                "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\"><title>{}: \
                 {took}{}</title></rect>",
                x(from),
                top + 4.0,
                (x(to) - x(from)).max(1.5),
                ROW - 8.0,
                attempt.attempt,
                attempt
                    .failed
                    .as_ref()
                    .map(|why| format!(", {}", escaped(why)))
                    .unwrap_or_default(),
            );
        }
    }
    *page += "</svg></div>\n";
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            c if c.is_control() && c != '\n' => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(
        clippy::field_reassign_with_default,
        reason = "one of its fields is its own business"
    )]
    fn nothing_that_an_agent_wrote_becomes_part_of_the_page() {
        let mut run = RunStory::default();
        run.run = "r1".to_owned();
        let moment = Timestamp::UNIX_EPOCH;
        run.warnings
            .push((moment, "<script>alert(1)</script>\u{1b}[2J".to_owned()));
        let page = run_page(&run);
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
        assert!(
            !page.contains("<script") && !page.contains('\u{1b}') && !page.contains("http"),
            "{page}"
        );
    }
}
