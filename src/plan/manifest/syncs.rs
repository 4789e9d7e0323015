//! `[sync.NAME]`: points that several plans reach before any of them continues.

use std::collections::{BTreeMap, BTreeSet};

use super::documents::Loaded;
use super::ledger::Ledger;
use super::references::{self, Waitable};
use super::waits::WrittenWait;
use super::written::at::Located;
use super::written::raw::{RawManifest, RawSync};
use crate::plan::{Dependency, Document, PhaseId, PlanName, Point, SyncPoint, WorkRef};

/// The sync points, and the waits that come from them: every phase after one of the points waits for all other points. Problems
/// are reported, and a sync point with a problem makes nothing wait.
pub(super) fn all(
    manifest: &RawManifest,
    known: &mut Waitable<'_>,
    ledger: &mut Ledger,
) -> (Vec<SyncPoint>, Vec<WrittenWait>) {
    let loaded = known.documents;
    let (mut syncs, mut waits) = (Vec::new(), Vec::new());
    for (name, raw) in manifest.sync.iter().flat_map(|syncs| &syncs.value.entries) {
        if let Err(error) = name.value.parse::<PlanName>() {
            ledger.at(name.place, format!("sync point {error}"), None);
            continue;
        }
        let Some(points) = points(name, raw, known, ledger) else {
            continue;
        };
        let own = waits_of(&points, loaded, ledger);
        // A document that could not be read was already reported.
        let readable = points.iter().all(|point| loaded.contains_key(&point.value.plan));
        if own.is_empty() && readable {
            let message = format!(
                "nothing waits at sync point `{}`: each of its points is the end of its plan",
                name.value
            );
            let hint = "name the phase after which a plan has to wait, such as \"auth.2\"".to_owned();
            ledger.at(name.place, message, hint);
            continue;
        }
        waits.extend(own);
        syncs.push(SyncPoint {
            name: name.value.clone(),
            points: points.into_iter().map(|point| point.value).collect(),
            verify: raw.value.verify.as_ref().map(|line| line.value.0.clone()),
        });
    }
    (syncs, waits)
}

/// The points of one table; none when any of them is invalid.
fn points(
    name: &Located<String>,
    raw: &Located<RawSync>,
    known: &mut Waitable<'_>,
    ledger: &mut Ledger,
) -> Option<Vec<Located<WorkRef>>> {
    let before = ledger.diagnostics.len();
    let written: Vec<&Located<Dependency>> = raw.value.points.iter().flat_map(|list| &list.value).collect();
    let mut seen: BTreeSet<&PlanName> = BTreeSet::new();
    for point in &written {
        let Dependency { on, landed } = &point.value;
        let hint = || {
            format!(
                "write the plan, or the phase after which it waits: \"{}\"",
                short(on)
            )
        };
        if *landed {
            let message = format!("`{}`: plans meet before they land", point.value);
            ledger.at(point.place, message, hint());
        } else if let Point::Task(_) = on.point {
            let message = format!("`{}` is a task: plans meet after a phase", point.value);
            ledger.at(point.place, message, hint());
        } else if !seen.insert(&on.plan) {
            let message = format!("plan `{}` stands twice in sync point `{}`", on.plan, name.value);
            ledger.at(
                point.place,
                message,
                "one point of each plan is enough".to_owned(),
            );
        } else {
            let wait = WrittenWait {
                // This is no real plan: only the reference itself is checked.
                plan: other_than(&on.plan),
                phase: None,
                dependency: point.value.clone(),
                file: ledger.file.clone(),
                line: point.place.line,
                column: Some(point.place.column),
            };
            references::check(&wait, known, ledger);
        }
    }
    if written.len() < 2 && ledger.diagnostics.len() == before {
        let message = format!("sync point `{}` needs points of at least two plans", name.value);
        let hint = format!("[sync.{}] points = [\"auth.2\", \"billing.1\"]", name.value);
        ledger.at(name.place, message, hint);
    }
    (ledger.diagnostics.len() == before).then(|| {
        let points = written.into_iter();
        points
            .map(|point| Located {
                value: point.value.on.clone(),
                place: point.place,
            })
            .collect()
    })
}

/// The waits of all phases after a point: they wait for all other points.
fn waits_of(
    points: &[Located<WorkRef>],
    loaded: &BTreeMap<PlanName, Loaded>,
    ledger: &Ledger,
) -> Vec<WrittenWait> {
    let mut waits = Vec::new();
    for point in points {
        let document = loaded.get(&point.value.plan).map(|loaded| &*loaded.document);
        for phase in document
            .map(|document| behind(document, point.value.point))
            .unwrap_or_default()
        {
            let others = points.iter().filter(|other| other.value.plan != point.value.plan);
            waits.extend(others.map(|other| WrittenWait {
                plan: point.value.plan.clone(),
                phase: Some(phase),
                dependency: Dependency {
                    on: other.value.clone(),
                    landed: false,
                },
                file: ledger.file.clone(),
                line: other.place.line,
                column: Some(other.place.column),
            }));
        }
    }
    waits
}

/// The shell lines of sync points that must succeed at the end of phases of the plan. The end of a whole plan is the end of its
/// last phase.
pub(super) fn verified<'s>(
    syncs: &'s [SyncPoint],
    plan: &'s PlanName,
    document: &Document,
) -> Vec<(PhaseId, &'s str)> {
    let last = document.phases.last().map(|phase| phase.id);
    let verified = syncs.iter().filter_map(|sync| {
        let line = sync.verify.as_deref()?;
        let own = sync.points.iter().find(|point| point.plan == *plan)?;
        Some((own.point.phase().or(last)?, line))
    });
    verified.collect()
}

/// The phases after a point, in document order; none after the whole plan.
fn behind(document: &Document, point: Point) -> Vec<PhaseId> {
    let Point::Phase(id) = point else {
        return Vec::new();
    };
    let phases = document.phases.iter().map(|phase| phase.id);
    phases.skip_while(|phase| *phase != id).skip(1).collect()
}

fn short(on: &WorkRef) -> WorkRef {
    let point = match on.point {
        Point::Task(task) => Point::Phase(task.phase),
        point => point,
    };
    WorkRef::at(&on.plan, point)
}

/// A name that is not this one.
fn other_than(name: &PlanName) -> PlanName {
    format!("{name}-").parse().unwrap_or_else(|_| name.clone())
}
