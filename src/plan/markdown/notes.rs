//! Applies execution notes: which tasks are sequential or parallel, and which phases are parallel.

use std::collections::BTreeSet;

use super::DocumentDiagnostic;
use super::checks;
use super::draft::ExecutionNote;
use super::groups::{GroupKind, GroupNote, groups};
use super::places::places;
use crate::plan::{Phase, PhaseId, TaskId};

/// The largest group of parallel phases. Every pair is stored, so the cost is quadratic.
const MOST_PARALLEL: usize = 500;

/// Applies the execution notes. Adds the pairs of phases that a note makes parallel to `beside`.
pub(super) fn apply_notes(
    phases: &mut [Phase],
    notes: &[ExecutionNote],
    beside: &mut Vec<(PhaseId, PhaseId, usize)>,
    diagnostics: &mut Vec<DocumentDiagnostic>,
) {
    if notes.is_empty() {
        return;
    }
    let (places, checks) = (places(phases), checks::numbered(phases));
    let known: BTreeSet<PhaseId> = phases.iter().map(|phase| phase.id).collect();
    let mut seen: BTreeSet<GroupNote> = BTreeSet::new();
    for note in notes {
        let missing = |what: String| {
            DocumentDiagnostic::new(
                note.line,
                format!("the note names {what}, which does not exist"),
                None,
            )
            .about(what.rsplit(' ').next().unwrap_or_default())
        };
        for group in groups(note) {
            if !seen.insert(group.clone()) {
                continue;
            }
            match group {
                GroupNote::Tasks(mark, ranges, text) => {
                    for (from, to) in ranges {
                        let ends = BTreeSet::from([from, to]);
                        let known = |end: &TaskId| places.contains_key(end) || checks.contains(end);
                        let gone = ends.iter().filter(|end| !known(end));
                        diagnostics.extend(gone.map(|end| missing(format!("task {end}"))));
                        let members = if from <= to {
                            Some(places.range(from..=to))
                        } else {
                            None
                        };
                        for (_, (phase, at)) in members.into_iter().flatten() {
                            let task = &mut phases[*phase].tasks[*at];
                            let group = match mark {
                                GroupKind::Sequential => &mut task.sequential,
                                GroupKind::Parallel => &mut task.parallel,
                            };
                            *group = Some(text.clone());
                        }
                    }
                }
                GroupNote::Phases(ranges) => {
                    let mut members = BTreeSet::new();
                    for (from, to) in ranges {
                        let ends = BTreeSet::from([from, to]);
                        let gone = ends.iter().filter(|end| !known.contains(end));
                        diagnostics.extend(gone.map(|end| missing(format!("phase {end}"))));
                        if from <= to {
                            members.extend(known.range(from..=to).copied());
                        }
                    }
                    let members: Vec<PhaseId> = members.into_iter().collect();
                    beside_each_other(&members, note.line, beside, diagnostics);
                }
            }
        }
    }
}

/// Adds every pair of these phases to `beside`.
pub(super) fn beside_each_other(
    members: &[PhaseId],
    line: usize,
    beside: &mut Vec<(PhaseId, PhaseId, usize)>,
    diagnostics: &mut Vec<DocumentDiagnostic>,
) {
    if members.len() > MOST_PARALLEL {
        let message = format!("{} phases are parallel; {MOST_PARALLEL} can be", members.len());
        diagnostics.push(DocumentDiagnostic::new(
            line,
            message,
            "write several documents".to_owned(),
        ));
        return;
    }
    beside.extend(
        members
            .iter()
            .flat_map(|a| members.iter().map(move |b| (*a, *b, line))),
    );
}

/// Stores the pairs of parallel phases. Being parallel holds both ways.
pub(super) fn apply_beside(
    phases: &mut [Phase],
    beside: &[(PhaseId, PhaseId, usize)],
    diagnostics: &mut Vec<DocumentDiagnostic>,
) {
    if beside.is_empty() {
        return;
    }
    let known: BTreeSet<PhaseId> = phases.iter().map(|phase| phase.id).collect();
    let mut pairs: BTreeSet<(PhaseId, PhaseId)> = BTreeSet::new();
    for (a, b, line) in beside {
        if !known.contains(b) {
            let message = format!("`parallel-with` names phase {b}, which does not exist");
            diagnostics.push(DocumentDiagnostic::new(*line, message, None).about("parallel-with"));
        } else if a != b {
            pairs.extend([(*a, *b), (*b, *a)]);
        }
    }
    for phase in phases {
        let first = (phase.id, PhaseId(0));
        let own = pairs.range(first..).take_while(|(a, _)| *a == phase.id);
        phase.parallel_with = own.map(|(_, b)| *b).collect();
    }
}
