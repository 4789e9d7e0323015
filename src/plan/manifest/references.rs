//! Checks that everything that plans name exists: what they wait for, resources, people.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::documents::Loaded;
use super::ledger::Ledger;
use super::waits::WrittenWait;
use super::written::at::Located;
use super::written::raw::{RawManifest, RawPlan};
use super::written::values::Text;
use crate::plan::text::near_miss::{near_miss, quoted, suggest};
use crate::plan::text::place::LineIndex;
use crate::plan::{Diagnostic, Document, Lint, LintId, Milestone, Person, PlanName, Point, ResourceName};

/// Everything that can be waited for.
pub(super) struct Waitable<'d> {
    names: BTreeSet<&'d PlanName>,
    pub(super) documents: &'d BTreeMap<PlanName, Loaded>,
    /// The lines of the documents in which a problem was found.
    lines: BTreeMap<PlanName, LineIndex<'d>>,
}

impl<'d> Waitable<'d> {
    /// All plans, with the documents that could be read.
    pub(super) fn new(names: &'d [PlanName], documents: &'d BTreeMap<PlanName, Loaded>) -> Self {
        Self {
            names: names.iter().collect(),
            documents,
            lines: BTreeMap::new(),
        }
    }

    /// The column where the document of the waiting plan names the other plan.
    fn column(&mut self, wait: &WrittenWait) -> Option<usize> {
        let loaded = self.documents.get(&wait.plan)?;
        if loaded.file != wait.file {
            return None;
        }
        let lines = self
            .lines
            .entry(wait.plan.clone())
            .or_insert_with(|| LineIndex::new(&loaded.document.text));
        let on = &wait.dependency.on.plan;
        let column = |word: &str| lines.column_of(wait.line, word);
        column(&format!("{on}.")).or_else(|| column(on.as_str()))
    }
}

/// Reports resources that tasks use but the manifest does not declare.
pub(super) fn check_uses(declared: &BTreeMap<ResourceName, u32>, loaded: &Loaded, ledger: &mut Ledger) {
    let tasks = loaded.document.tasks();
    let used = tasks.flat_map(|task| task.uses.iter().map(move |name| (task, name)));
    for (task, name) in used.filter(|(_, name)| !declared.contains_key(*name)) {
        let names = declared.keys().map(ResourceName::as_str).collect::<Vec<_>>();
        let hint =
            suggest(name.as_str(), names).unwrap_or_else(|| format!("declare it in [resources]: {name} = 1"));
        let column = LineIndex::new(&loaded.document.text).column_of(task.line, name.as_str());
        let message = format!("task {} uses the unknown resource `{name}`", task.id);
        ledger.on_line(&loaded.file, (task.line, column), message, hint);
    }
}

/// Reports a wait that cannot be met. Returns true when the wait can be met.
pub(super) fn check(wait: &WrittenWait, known: &mut Waitable<'_>, ledger: &mut Ledger) -> bool {
    let on = &wait.dependency.on;
    let trouble = if on.plan == wait.plan {
        Some((
            format!("plan `{}` depends on itself: `{}`", wait.plan, wait.dependency),
            Some(
                "phases wait for those before them anyway; inside a document write the task's id alone"
                    .to_owned(),
            ),
        ))
    } else if !known.names.contains(&&on.plan) {
        let choices = known
            .names
            .iter()
            .filter(|name| ***name != wait.plan)
            .map(|name| name.as_str());
        let message = format!("`{}` names an unknown plan `{}`", wait.dependency, on.plan);
        Some((message, suggest(on.plan.as_str(), choices)))
    } else {
        // A document that could not be read was already reported.
        known
            .documents
            .get(&on.plan)
            .and_then(|loaded| missing_point(wait, &loaded.document))
    };
    let Some((message, hint)) = trouble else {
        return true;
    };
    let mut diagnostic = Diagnostic::of_file(&wait.file, message).hint(hint);
    diagnostic.line = Some(wait.line);
    diagnostic.column = wait.column.or_else(|| known.column(wait));
    ledger.diagnostics.push(diagnostic);
    false
}

fn missing_point(wait: &WrittenWait, document: &Document) -> Option<(String, Option<String>)> {
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

/// How many tokens of each resource there are.
pub(super) fn resources(manifest: &RawManifest) -> BTreeMap<ResourceName, u32> {
    let written = manifest
        .resources
        .iter()
        .flat_map(|resources| &resources.value.entries);
    written
        .filter_map(|(key, count)| Some((key.value.parse().ok()?, count.value.count)))
        .collect()
}

/// How long each resource may be held while others wait for it, for the resources that have such a limit.
pub(super) fn patience(manifest: &RawManifest) -> BTreeMap<ResourceName, Duration> {
    let written = manifest
        .resources
        .iter()
        .flat_map(|resources| &resources.value.entries);
    written
        .filter_map(|(key, entry)| Some((key.value.parse().ok()?, entry.value.patience?)))
        .collect()
}

/// The people of the manifest, by name.
pub(super) fn people(manifest: &RawManifest) -> BTreeMap<String, Person> {
    let written = manifest.people.iter().flat_map(|people| &people.value.entries);
    let person = written.map(|(name, person)| {
        let skills = texts(person.value.skills.as_ref());
        (name.value.clone(), Person { skills })
    });
    person.collect()
}

/// What the manifest says of a plan's owner, due day and skills.
pub(super) fn milestone(raw: &RawPlan) -> Milestone {
    Milestone {
        owner: raw.owner.as_ref().map(|owner| owner.value.0.clone()),
        due: raw.due.as_ref().map(|due| due.value.0),
        skills: texts(raw.skills.as_ref()),
    }
}

fn texts(written: Option<&Located<Vec<Located<Text>>>>) -> Vec<String> {
    let list = written.into_iter().flat_map(|list| &list.value);
    list.map(|text| text.value.0.clone()).collect()
}

/// Reports owners that are not in `[people]`. Returns lints about skills that the owner lacks, or everybody.
pub(super) fn check_owners<'m>(
    people: &BTreeMap<String, Person>,
    plans: impl Iterator<Item = (&'m PlanName, &'m RawPlan)>,
    ledger: &mut Ledger,
) -> Vec<Lint> {
    let mut lints = Vec::new();
    for (plan, raw) in plans {
        let owner = raw.owner.as_ref();
        if let Some(owner) = owner.filter(|owner| !people.contains_key(&owner.value.0)) {
            let name = &owner.value.0;
            let hint = suggest(name, people.keys().map(String::as_str))
                .unwrap_or_else(|| format!("declare it: [people.{name}]"));
            ledger.at(
                owner.place,
                format!("`owner` of plan `{plan}` is the unknown person `{name}`"),
                hint,
            );
        }
        let knows = |person: &Person, skill: &str| person.skills.iter().any(|own| own == skill);
        for skill in raw.skills.iter().flat_map(|list| &list.value) {
            let name = skill.value.0.as_str();
            let lacking = owner.and_then(|owner| people.get(&owner.value.0).map(|person| (owner, person)));
            let lacking = lacking.filter(|(_, person)| !knows(person, name));
            let message = match lacking {
                _ if !people.values().any(|person| knows(person, name)) => {
                    format!("nobody in [people] has the skill `{name}` that plan `{plan}` needs")
                }
                Some((owner, _)) => {
                    format!(
                        "{} owns plan `{plan}`, which needs the skill `{name}`, and does not have it",
                        owner.value.0
                    )
                }
                None => continue,
            };
            let (line, column) = (skill.place.line, Some(skill.place.column));
            lints.push(Lint::at(LintId::Milestone, &ledger.file, line, column, message));
        }
    }
    lints
}
