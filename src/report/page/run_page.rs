//! A run as one self-contained HTML page: no network, no script.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::plan::PlanState;

use super::run_tables::{agents_table, merges_table};
use super::run_text::{outcomes, risk_sentences, sentences, spending};
use crate::report::story::attempt_story::AttemptStory;
use crate::report::story::chronicle::RunStory;
use crate::report::story::figures::Figures;
use crate::report::text::clock::{clock, with_zone};
use crate::report::text::markup::escaped;
use crate::report::text::span::ms;
use crate::report::timeline::draw::{TIMELINE_STYLE, draw_timeline, timeline_legend};
use crate::report::timeline::model::{BarKind, RunTimeline};
use crate::words::width_words;

const STYLE: &str = "\
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --paper: #ffffff; --well: #f6f8fa;
  --good: #1a7f37; --bad: #cf222e; --wait: #9a6700; --accent: #0969da; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --paper: #0d1117;
  --well: #151b23; --good: #3fb950; --bad: #f85149; --wait: #d29922; --accent: #4493f8; } }
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
.running { color: var(--accent); } .scroll { overflow-x: auto; }
.graph { background: #fff; border-radius: 6px; } .graph svg { max-width: none; }
.graph :is(.is-done, .is-landed, .is-finished) > :is(rect, circle, path:first-of-type) { fill: #dafbe1; stroke: #1a7f37; }
.graph .is-running > :is(rect, circle, path:first-of-type) { fill: #ddf4ff; stroke: #0969da; }
.graph :is(.is-failed, .is-held) > :is(rect, circle, path:first-of-type) { fill: #ffebe9; stroke: #cf222e; stroke-width: 3; }
.graph :is(.is-skipped, .is-cancelled) > :is(rect, circle, path:first-of-type) { fill: #eaeef2; stroke-dasharray: 3 2; }
.graph circle + path { fill: none !important; }
svg.timeline { background: var(--well); border-radius: 6px; width: 100%; height: auto; min-width: 40rem; }
";

/// The page, with the timeline, and with a drawing of the graph that [`with_states`] made, where there are such.
///
/// [`with_states`]: super::graph_states::with_states
pub fn run_page(run: &RunStory, timeline: Option<&RunTimeline>, graph: Option<&str>) -> String {
    let mut page = String::new();
    let began = run.began.map(with_zone).unwrap_or_default();
    let ending = run.ending_words();
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>orch: {0} onto {1}</title>\n<style>\n{STYLE}{TIMELINE_STYLE}</style>\n</head>\n\
         <body>\n<h1>Run {0} onto {1}</h1>\n<p class=\"soft\">begun {began}; {2}</p>\n<p><strong>{3}</strong></p>\n",
        escaped(&run.run),
        escaped(&run.target),
        escaped(ending),
        escaped(&outcomes(run)),
    );
    page += "<ul>\n";
    for line in sentences(&Figures::of(run))
        .into_iter()
        .chain(risk_sentences(run))
    {
        let _ = writeln!(page, "<li>{}</li>", escaped(&line));
    }
    page += "</ul>\n";
    if let Some(timeline) = timeline.filter(|timeline| !timeline.rows.is_empty()) {
        let picture = draw_timeline(timeline, None);
        let legend = timeline_legend(timeline);
        let _ = writeln!(
            page,
            "<h2>Time</h2>\n<div class=\"scroll\">{picture}</div>\n{legend}"
        );
    }
    plans_table(&mut page, run, timeline);
    agents_table(&mut page, run);
    merges_table(&mut page, run);
    if let Some(graph) = graph {
        let _ = writeln!(
            page,
            "<h2>Graph</h2>\n<p class=\"soft\">What waits for what, as it stands now: green is done, blue at work, red with a thick line \
             failed or held, grey skipped. Point at a part to see its state.</p>\n<div class=\"scroll graph\">{graph}</div>"
        );
    }
    attempts_in_vain(&mut page, run);
    for (at, change) in &run.widths {
        let _ = writeln!(page, "<p>{} {}</p>", clock(*at), escaped(&width_words(change)));
    }
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

fn plans_table(page: &mut String, run: &RunStory, timeline: Option<&RunTimeline>) {
    let spent = run
        .plans
        .values()
        .any(|plan| !spending(plan.spent(), run.currency).is_empty());
    let spent_head = if spent { "<th>used</th>" } else { "" };
    let planned: BTreeMap<&str, (u64, u64)> = timeline.map(planned_and_actual).unwrap_or_default();
    let planned_head = if planned.is_empty() {
        ""
    } else {
        "<th class=\"n\">planned end</th><th class=\"n\">actual end</th>"
    };
    let _ = write!(
        page,
        "<h2>Plans</h2>\n<div class=\"scroll\"><table>\n<tr><th>plan</th><th>state</th><th class=\"n\">agent time</th>\
         <th class=\"n\">attempts</th><th class=\"n\">failed</th>{planned_head}{spent_head}<th>landed as</th></tr>\n"
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
            true => format!("<td>{}</td>", escaped(&spending(plan.spent(), run.currency))),
            false => String::new(),
        };
        let ends = match (planned.is_empty(), planned.get(name.as_str())) {
            (true, _) => String::new(),
            (false, None) => "<td></td><td></td>".to_owned(),
            (false, Some((planned, actual))) => {
                format!(
                    "<td class=\"n\">{}</td><td class=\"n\">{}</td>",
                    ms(*planned),
                    ms(*actual)
                )
            }
        };
        let landed = plan
            .landed
            .as_ref()
            .map(|commit| format!("<code>{}</code>", commit.short()));
        let _ = writeln!(
            page,
            "<tr><td>{name}{}{outputs}</td><td class=\"{state}\">{state}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
             <td class=\"n\">{failed}</td>{ends}{used}<td>{}</td></tr>",
            why.unwrap_or_default(),
            ms(plan.agent_ms()),
            plan.attempts.len(),
            landed.unwrap_or_default(),
        );
    }
    *page += "</table></div>\n";
}

/// When plans that are done were expected to be done, and when they were, in milliseconds since the beginning.
fn planned_and_actual(timeline: &RunTimeline) -> BTreeMap<&str, (u64, u64)> {
    let mut ends: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for row in &timeline.rows {
        let bars = row.bars.iter();
        let end = bars
            .filter(|bar| bar.kind.is_activity())
            .map(|bar| bar.to_ms)
            .max();
        let open = row
            .bars
            .iter()
            .any(|bar| matches!(bar.kind, BarKind::Working | BarKind::Expected));
        match (row.planned_ms, end.filter(|_| !open)) {
            (Some(planned), Some(end)) => drop(ends.insert(&row.plan, (planned, end))),
            (None, Some(end)) => {
                if let Some((_, last)) = ends.get_mut(row.plan.as_str()) {
                    *last = end.max(*last);
                }
            }
            (_, None) => drop(ends.remove(row.plan.as_str())),
        }
    }
    ends
}

fn attempts_in_vain(page: &mut String, run: &RunStory) {
    let attempts = run.plans.values().flat_map(|plan| &plan.attempts);
    let failed: Vec<&AttemptStory> = attempts.filter(|attempt| attempt.failed.is_some()).collect();
    if failed.is_empty() {
        return;
    }
    *page += "<h2>Failed attempts</h2>\n<div class=\"scroll\"><table>\n<tr><th>attempt</th><th>agent</th>\
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

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
        let page = run_page(&run, None, None);
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{page}");
        assert!(
            !page.contains("<script") && !page.contains('\u{1b}') && !page.contains("http"),
            "{page}"
        );
    }
}
