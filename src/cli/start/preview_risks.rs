//! The risks in `orch preview`.

use std::fmt::Write;

use crate::report::folded;
use crate::supervisor::Preview;

use crate::cli::call::output;

/// Writes the risks of what is left, and how likely they are by earlier runs.
pub(super) fn risks(out: &mut String, preview: &Preview, columns: usize) {
    if !preview.risks.is_empty() {
        out.push_str("\nrisks\n");
    }
    // A risk that many plans share is shown once.
    let mut told: Vec<(&str, &str)> = Vec::new();
    for risk in &preview.risks {
        let key = (risk.message.as_str(), risk.hint.as_deref().unwrap_or_default());
        if told.contains(&key) {
            continue;
        }
        told.push(key);
        let alike = preview
            .risks
            .iter()
            .filter(|other| (&other.message, &other.hint) == (&risk.message, &risk.hint));
        let places: Vec<String> = alike.map(|other| other.place.to_string()).collect();
        // A place can be a pair of plans.
        let between = if places.iter().any(|place| place.contains(',')) {
            "; "
        } else {
            ", "
        };
        let said = format!("{}: {}", places.join(between), risk.message);
        let _ = writeln!(out, "{}", folded("  ", &said, columns));
        if !key.1.is_empty() {
            let _ = writeln!(out, "{}", folded("    ", key.1, columns));
        }
    }
    if !preview.known_risks.is_empty() {
        out.push_str("\nhow likely, by earlier runs\n");
    }
    for risk in &preview.known_risks {
        let plans = output::count(risk.of, "plan");
        let likely = match risk.percent {
            Some(percent) => format!("{} of {plans}, {percent} %", risk.plans),
            None => "no earlier run tells".to_owned(),
        };
        let head = format!("  {}: {likely}. ", risk.kind.words());
        let said = format!("Sign: {}. Remedy: {}", risk.warning, risk.contingency);
        let _ = writeln!(out, "{}", folded(&head, &said, columns));
    }
}
