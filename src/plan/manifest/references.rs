//! Whether what plans wait for exists.

use std::collections::{BTreeMap, BTreeSet};

use super::documents::Loaded;
use super::ledger::Ledger;
use super::waits::Wait;
use crate::plan::near_miss::{near_miss, quoted, suggest};
use crate::plan::{Document, Fault, PlanName, Point};

/// Reports a wait that cannot be met; true when it can.
pub(super) fn check(
    wait: &Wait,
    names: &BTreeSet<&PlanName>,
    documents: &BTreeMap<PlanName, Loaded>,
    ledger: &mut Ledger,
) -> bool {
    let on = &wait.dependency.on;
    let trouble = if on.plan == wait.plan {
        Some((
            format!("plan `{}` depends on itself: `{}`", wait.plan, wait.dependency),
            Some(
                "phases wait for those before them anyway; inside a document write the task's id alone"
                    .to_owned(),
            ),
        ))
    } else if !names.contains(&&on.plan) {
        let choices = names
            .iter()
            .filter(|name| ***name != wait.plan)
            .map(|name| name.as_str());
        let message = format!("`{}` names an unknown plan `{}`", wait.dependency, on.plan);
        Some((message, suggest(on.plan.as_str(), choices)))
    } else {
        // A document that could not be read was reported already.
        documents
            .get(&on.plan)
            .and_then(|loaded| missing_point(wait, &loaded.document))
    };
    let Some((message, hint)) = trouble else {
        return true;
    };
    let mut fault = Fault::of_file(&wait.file, message).hint(hint);
    fault.line = Some(wait.line);
    let of_document = || {
        let loaded = documents
            .get(&wait.plan)
            .filter(|loaded| loaded.file == wait.file)?;

        let column = |word: &str| loaded.document.column(wait.line, word);
        column(&format!("{}.", on.plan)).or_else(|| column(on.plan.as_str()))
    };
    fault.column = wait.column.or_else(of_document);
    ledger.faults.push(fault);
    false
}

fn missing_point(wait: &Wait, document: &Document) -> Option<(String, Option<String>)> {
    let plan = &wait.dependency.on.plan;
    let phases = || {
        let ids: Vec<String> = document.phases.iter().map(|phase| phase.id.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        format!("its phases are {}", quoted(&ids))
    };
    match wait.dependency.on.point {
        Point::Plan => None,
        Point::Phase(id) if document.phase(id).is_some() => None,
        Point::Phase(id) => Some((format!("plan `{plan}` has no phase {id}"), Some(phases()))),
        Point::Task(id) if document.task(id).is_some() => None,
        Point::Task(id) => {
            let text = id.to_string();
            let hint = match document.phase(id.phase) {
                None => phases(),
                Some(phase) => {
                    let ids: Vec<String> = phase.tasks.iter().map(|task| task.id.to_string()).collect();
                    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
                    match near_miss(&text, ids.iter().copied()).filter(|_| ids.len() > 8) {
                        Some(meant) => format!("did you mean `{plan}.{meant}`?"),
                        None => format!("the tasks of its phase {} are {}", phase.id, quoted(&ids)),
                    }
                }
            };
            Some((format!("plan `{plan}` has no task {id}"), Some(hint)))
        }
    }
}
