//! Every place where a plan or phase says that it waits for something in another plan.

use std::path::PathBuf;

use super::documents::Loaded;
use super::written::raw::RawPlan;
use crate::plan::{Dependency, PhaseId, PlanName};

/// One wait, with the place where it is written.
#[derive(Debug, Clone)]
pub(super) struct WrittenWait {
    /// The plan that waits.
    pub(super) plan: PlanName,
    /// The phase that waits; none for the whole plan.
    pub(super) phase: Option<PhaseId>,
    /// What it waits for.
    pub(super) dependency: Dependency,
    /// The file that says so, as diagnostics name it.
    pub(super) file: PathBuf,
    /// The line in the file.
    pub(super) line: usize,
    /// The column, when it is known.
    pub(super) column: Option<usize>,
}

/// The waits of one plan and its phases in the manifest.
pub(super) fn of_manifest(file: &std::path::Path, plan: &PlanName, raw: &RawPlan) -> Vec<WrittenWait> {
    let whole = raw.depends.iter().map(|list| (None, list));
    let phases = raw.phases.iter().flat_map(|phases| &phases.value.entries);
    let phases = phases.filter_map(|(key, phase)| {
        let id = PhaseId(key.value.parse().ok()?);
        Some((Some(id), phase.value.depends.as_ref()?))
    });
    whole
        .chain(phases)
        .flat_map(|(phase, list)| list.value.iter().map(move |dependency| (phase, dependency)))
        .map(|(phase, dependency)| WrittenWait {
            plan: plan.clone(),
            phase,
            dependency: dependency.value.clone(),
            file: file.to_path_buf(),
            line: dependency.place.line,
            column: Some(dependency.place.column),
        })
        .collect()
}

/// The waits of a plan's phases and tasks in its document. A phase waits for everything that its tasks wait for, because one
/// agent works through the whole phase.
pub(super) fn of_document(plan: &PlanName, loaded: &Loaded) -> Vec<WrittenWait> {
    let mut waits = Vec::new();
    for phase in &loaded.document.phases {
        let heading = phase.depends.iter().map(|dependency| (dependency, phase.line));
        let tasks = phase.tasks.iter().flat_map(|task| {
            let line = task.line;
            task.cross.iter().map(move |dependency| (dependency, line))
        });
        waits.extend(heading.chain(tasks).map(|(dependency, line)| WrittenWait {
            plan: plan.clone(),
            phase: Some(phase.id),
            dependency: dependency.clone(),
            file: loaded.file.clone(),
            line,
            column: None,
        }));
    }
    waits
}

/// The waits from the document's upstream list, for the names that are plans.
#[derive(Debug, Default)]
pub(super) struct UpstreamNames {
    /// Plans that nothing but the list names.
    pub(super) alone: Vec<WrittenWait>,
    /// Plans of which a phase already names a point. The whole plan still waits for them, as the list says, unless plans that
    /// build on each other would then wait forever.
    pub(super) beside_a_phase: Vec<WrittenWait>,
}

/// Reads the list, next to the waits in `said`. When the manifest already makes the whole plan wait for another plan, the list
/// adds nothing: the more exact statement counts.
pub(super) fn of_upstream(
    plan: &PlanName,
    loaded: &Loaded,
    plan_named: impl Fn(&str) -> Option<PlanName>,
    said: &[WrittenWait],
) -> UpstreamNames {
    let mut found = UpstreamNames::default();
    for upstream in &loaded.document.upstream {
        let Some(on) = plan_named(&upstream.name).filter(|on| on != plan) else {
            continue;
        };
        let known = said.iter().chain(&found.alone).chain(&found.beside_a_phase);
        let on_it = known.filter(|wait| wait.dependency.on.plan == on);
        let of_all = on_it.map(|wait| wait.phase.is_none());
        let list = match of_all.reduce(|one, other| one || other) {
            None => &mut found.alone,
            Some(true) => continue,
            Some(false) => &mut found.beside_a_phase,
        };
        list.push(WrittenWait {
            plan: plan.clone(),
            phase: None,
            dependency: Dependency {
                on: crate::plan::WorkRef::whole(&on),
                landed: false,
            },
            file: loaded.file.clone(),
            line: upstream.line,
            column: None,
        });
    }
    found
}
