//! `orch train`: one line a plan, as wide as the terminal.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use crate::report::text::count::count;
use crate::report::text::palette::train_style;
use crate::report::text::span::{ago, span};
use crate::report::text::width::{fit, pad};
use crate::supervisor::{TrainEntryView, TrainState, TrainView};
use crate::words::rough;

/// The width of a state: `verifying`.
const STATE: usize = 9;

/// The greatest width of a name on a terminal of 80 columns.
const NAME: usize = 24;

/// The table, in a given width.
pub fn train_table(view: &TrainView, columns: usize) -> String {
    let target = view.target.as_str();
    if view.entries.is_empty() {
        return format!("nothing is on its way to {target}\n");
    }
    let name = view.entries.iter().map(|entry| entry.plan.as_str().width()).max();
    let name = name.unwrap_or_default().min(NAME);
    let mut out = format!("{} on the way to {target}\n", count(view.entries.len(), "plan"));
    for entry in &view.entries {
        let place = entry
            .place
            .map_or_else(|| "-".to_owned(), |place| place.to_string());
        let style = train_style(entry.state);
        let told = told(entry, target);
        let room = columns.saturating_sub(3 + name + STATE + 3 * 2).max(20);
        out += &format!(
            "{place:>3}  {}  {style}{}{style:#}  {}\n",
            pad(&fit(entry.plan.as_str(), name), name),
            pad(entry.state.as_str(), STATE),
            fit(&told, room),
        );
        let said = entry.why.as_deref().filter(|_| entry.state == TrainState::Red);
        let last = said.and_then(|said| said.lines().skip(1).filter(|line| !line.trim().is_empty()).last());
        if let Some(last) = last {
            out += &format!(
                "{:indent$}{}\n",
                "",
                fit(last.trim(), room),
                indent = columns.saturating_sub(room)
            );
        }
    }
    out
}

/// `on a, b; for 2m, about 1m more; why`.
fn told(entry: &TrainEntryView, target: &str) -> String {
    let on: Vec<&str> = entry.on.iter().map(|plan| plan.as_str()).collect();
    let on = match (on.as_slice(), entry.place) {
        (_, None) => None,
        ([], _) => Some(format!("on {target}")),
        (on, _) => Some(format!("on {}", on.join(", "))),
    };
    let time = match (entry.elapsed_s, entry.remaining_s) {
        (Some(past), Some(left)) => {
            let left = rough(Duration::from_secs(left));
            Some(format!(
                "for {}, about {left} more",
                span(Duration::from_secs(past))
            ))
        }
        (Some(past), None) => Some(format!("for {}", span(Duration::from_secs(past)))),
        (None, _) => entry.since.map(|since| format!("since {}", ago(since))),
    };
    let why = entry
        .why
        .clone()
        .filter(|_| entry.elapsed_s.is_none() || entry.state == TrainState::Red);
    let parts: Vec<String> = [on, time, why].into_iter().flatten().collect();
    parts.join("; ")
}
