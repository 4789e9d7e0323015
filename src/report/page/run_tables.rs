//! The tables of agents and of merges in the page of a run.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::run_text::spending;
use crate::plan::{AgentName, listed};
use crate::report::story::attempt_story::{AttemptStory, Spending};
use crate::report::story::chronicle::RunStory;
use crate::report::text::clock::clock;
use crate::report::text::markup::escaped;
use crate::report::text::span::ms;

/// What each agent did.
pub(super) fn agents_table(page: &mut String, run: &RunStory) {
    let mut agents: BTreeMap<&AgentName, Vec<&AttemptStory>> = BTreeMap::new();
    for attempt in run.plans.values().flat_map(|plan| &plan.attempts) {
        agents.entry(&attempt.agent).or_default().push(attempt);
    }
    if agents.is_empty() {
        return;
    }
    *page += "<h2>Agents</h2>\n<div class=\"scroll\"><table>\n<tr><th>agent</th><th class=\"n\">attempts</th>\
              <th class=\"n\">failed</th><th class=\"n\">agent time</th><th>used</th></tr>\n";
    for (agent, attempts) in agents {
        let failed = attempts.iter().filter(|attempt| attempt.failed.is_some()).count();
        let took: u64 = attempts.iter().map(|attempt| attempt.took_ms()).sum();
        let spent = attempts.iter().map(|attempt| attempt.spent);
        let spent = spent.fold(Spending::default(), Spending::plus);
        let _ = writeln!(
            page,
            "<tr><td>{agent}</td><td class=\"n\">{}</td><td class=\"n\">{failed}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            attempts.len(),
            ms(took),
            escaped(&spending(spent, run.currency)),
        );
    }
    *page += "</table></div>\n";
}

/// What was verified before it landed, and how that went.
pub(super) fn merges_table(page: &mut String, run: &RunStory) {
    let unverified = run.plans.iter().filter(|(name, plan)| {
        let green = run
            .merges
            .iter()
            .any(|merge| merge.green && merge.plans.contains(name));
        plan.landed_at.is_some() && !green
    });
    let unverified: Vec<_> = unverified.collect();
    if run.merges.is_empty() && unverified.is_empty() {
        return;
    }
    *page += "<h2>Merges</h2>\n<div class=\"scroll\"><table>\n<tr><th>time</th><th>plans</th><th>verdict</th>\
              <th class=\"n\">took</th></tr>\n";
    for merge in &run.merges {
        let plans = match merge.plans.as_slice() {
            [] => "the target alone".to_owned(),
            plans => listed(plans),
        };
        let (class, verdict) = if merge.green {
            ("landed", "green")
        } else {
            ("failed", "red")
        };
        let why = match merge.why.as_str() {
            "" => String::new(),
            why => format!("<div class=\"why\">{}</div>", escaped(why)),
        };
        let _ = writeln!(
            page,
            "<tr><td>{}</td><td>{plans}{why}</td><td class=\"{class}\">{verdict}</td><td class=\"n\">{}</td></tr>",
            clock(merge.at),
            ms(merge.took_ms),
        );
    }
    for (name, plan) in unverified {
        let time = plan.landed_at.map(clock).unwrap_or_default();
        let _ = writeln!(
            page,
            "<tr><td>{time}</td><td>{name}</td><td>landed, not verified</td><td class=\"n\"></td></tr>"
        );
    }
    *page += "</table></div>\n";
}
