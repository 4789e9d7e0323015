//! Work that waits for itself, as a diagnostic with every step in words.

use std::path::Path;

use crate::graph::draw::why_words;
use crate::graph::{Cycle, CycleStep, Graph, Of, Why, cycle_step_place};
use crate::plan::{Diagnostic, PlanSet};

/// Returns the diagnostic of a cycle. `manifest` is the manifest's path as diagnostics show it.
pub fn cycle_diagnostic(set: &PlanSet, graph: &Graph, cycle: &Cycle, manifest: &Path) -> Diagnostic {
    let steps = &cycle.steps;
    let place = |step: &CycleStep| cycle_step_place(set, graph, step, manifest);
    let mut path: Vec<String> = steps.iter().map(|step| graph.id(step.waits)).collect();
    path.extend(path.first().cloned());
    let reasons: Vec<String> = steps
        .iter()
        .map(|step| {
            let (file, line) = place(step);
            format!("{} ({}:{line})", reason(graph, step), file.display())
        })
        .collect();
    let message = format!("these wait for each other: {}", path.join(" → "));
    let hint = format!("{}; one of them has to go", reasons.join(", "));
    let (file, line) = match cycle.culprit(graph) {
        Some(step) => place(step),
        None => (manifest.to_owned(), 1),
    };
    let mut diagnostic = Diagnostic::of_file(&file, message).hint(hint);
    diagnostic.line = Some(line);
    diagnostic
}

/// Describes a step in words.
fn reason(graph: &Graph, step: &CycleStep) -> String {
    let (waits, on) = (graph.id(step.waits), graph.id(step.on));
    let gate = graph.gates.get(step.gate);
    let why = why_words(graph, gate);
    let phase = match graph.nodes[step.on].of {
        Of::Task(task) => task.phase.to_string(),
        Of::Phase(phase) => phase.to_string(),
        Of::Verify | Of::Plan | Of::Landed => String::new(),
    };
    match gate.why {
        Why::Named | Why::Depends => format!("`{waits}` waits for `{on}`"),
        Why::PhaseOrder => format!("`{waits}` comes after phase {phase}"),
        Why::Threshold(_) => format!("`{waits}` waits for {why}"),
        Why::PipelineStart => format!("`{waits}` starts with `{on}` (pipeline-start)"),
        Why::Sequential => format!("`{waits}` comes after `{on}` ([SEQUENTIAL])"),
        Why::Batch => format!("`{waits}` comes in the batch after `{on}`"),
        Why::Checks => format!("`{waits}` checks `{on}`"),
        Why::Verified => format!("`{waits}` comes after `{on}`"),
        Why::OneAgent => format!("`{waits}` is worked on after `{on}`"),
        Why::Overlap => format!("`{waits}` touches the same files and comes after `{on}`"),
        Why::PartOf => format!("`{on}` is part of `{waits}`"),
        Why::Landing => format!("`{waits}` lands after `{on}`"),
    }
}
