//! Words for the things in a graph.

use crate::plan::{FinishCheck, PlanSet};

use super::picture::NodeKind;
use crate::graph::network::node::{Node, Of};
use crate::graph::network::whole::Graph;
use crate::graph::order::gate::{Gate, Why};

/// Returns a gate's reason in words.
pub fn why(graph: &Graph, gate: Gate<'_>) -> String {
    match gate.why {
        Why::Named | Why::Depends => "depends".to_owned(),
        Why::Sequential => "sequential".to_owned(),
        Why::PhaseOrder => "phase order".to_owned(),
        Why::Threshold(thousandths) => {
            let share = percent(thousandths);
            match gate.of().next().and_then(|member| phase_of(&graph.nodes[member])) {
                Some(phase) => format!("{share} of phase {phase}"),
                None => share,
            }
        }
        Why::PipelineStart => "pipeline-start".to_owned(),
        Why::Batch => "batch".to_owned(),
        Why::Checks => "checks".to_owned(),
        Why::Verified => "verified".to_owned(),
        Why::OneAgent => "one agent".to_owned(),
        Why::Overlap => "same files".to_owned(),
        Why::PartOf => "part of".to_owned(),
        Why::Landing => "lands after".to_owned(),
    }
}

fn percent(thousandths: u32) -> String {
    match (thousandths / 10, thousandths % 10) {
        (whole, 0) => format!("{whole}%"),
        (whole, rest) => format!("{whole}.{rest}%"),
    }
}

fn phase_of(node: &Node) -> Option<crate::plan::PhaseId> {
    match node.of {
        Of::Task(task) => Some(task.phase),
        Of::Phase(phase) => Some(phase),
        Of::Verify | Of::Plan | Of::Landed => None,
    }
}

/// Returns the kind of a node.
pub(super) fn kind(of: Of) -> NodeKind {
    match of {
        Of::Task(task) if task.is_verify() => NodeKind::Verify,
        Of::Task(_) => NodeKind::Task,
        Of::Phase(_) => NodeKind::Phase,
        Of::Verify => NodeKind::Verify,
        Of::Plan => NodeKind::Plan,
        Of::Landed => NodeKind::Merge,
    }
}

/// Returns the node's title from the document, or a description of the node when it has no written title.
pub(super) fn title(set: &PlanSet, node: &Node) -> String {
    let plan = &set.plans[node.plan];
    let written = match node.of {
        Of::Task(task) if task.is_verify() => return format!("VERIFY phase {}", task.phase),
        Of::Task(task) => plan.document.task(task).map(|task| task.title.clone()),
        Of::Phase(phase) => plan.document.phase(phase).map(|phase| phase.title.clone()),
        Of::Verify => FinishCheck::plan_line(plan),
        Of::Plan => Some(plan.document.title.clone()),
        Of::Landed => return format!("{} lands", plan.name),
    };
    written.unwrap_or_default()
}

/// Formats milliseconds for people: `40s`, `20m`, `1h 05m`.
pub(super) fn span(millis: u64) -> String {
    let seconds = millis.div_ceil(1000);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}
