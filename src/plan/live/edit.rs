//! A manifest that was edited while its plans run: the differences, those that take effect at once, and those that are refused.
//!
//! The person's file is never touched. A refused setting keeps its old value for as long as this run is driven.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::live::fields::{EditWindow, PHASE, PLAN, RUN};
use crate::plan::{Document, PhaseId, PhaseSettings, Plan, PlanName, PlanSet, Point, format_duration};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestChange {
    /// The part of the manifest or document that differs: `auth.priority`, `auth.phases.2.uses`, `auth.2.3`, `run.max_agents`.
    pub about: String,
    /// The old value; none for something new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The new value; none for something that was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Why the change has no effect; none when it takes effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl ManifestChange {
    /// The plan that it adds to the manifest.
    pub fn added_plan(&self) -> Option<PlanName> {
        let is_new = self.before.is_none() && self.after.is_some() && self.refused.is_none();
        self.about.parse().ok().filter(|_| is_new)
    }

    fn new(about: impl Into<String>, before: Option<String>, after: Option<String>) -> Self {
        let about = about.into();
        Self {
            about,
            before,
            after,
            refused: None,
        }
    }

    fn refused(self, why: impl Into<String>) -> Self {
        Self {
            refused: Some(why.into()),
            ..self
        }
    }
}

/// How much of a plan may still be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Openness {
    /// All of it: no work has begun.
    All,
    /// All but its branch and the setup of its worktree: the worktree exists, but nobody has worked there.
    Made,
    /// Only what later attempts read.
    Begun {
        /// Phases that have begun.
        phases: BTreeSet<PhaseId>,
    },
    /// Nothing, for this reason.
    Nothing(ClosedPlan),
}

/// Why nothing of a plan may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedPlan {
    /// The plan has landed.
    Landed,
    /// A landing took away open work or requirements, and only a person may accept that.
    TakenAway,
}

impl ClosedPlan {
    const fn words(self) -> &'static str {
        match self {
            Self::Landed => "it has landed: what comes now is a plan of its own",
            Self::TakenAway => "a landing took away what it has to do or to show",
        }
    }
}

/// The result of an edit.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveEdit {
    /// The plans in force from now on. They are not checked as a whole yet: a refused part may not fit the rest.
    pub set: PlanSet,
    /// All differences.
    pub changes: Vec<ManifestChange>,
}

impl LiveEdit {
    /// Compares two readings of a manifest and merges them.
    pub fn new(old: &PlanSet, new: &PlanSet, open: impl Fn(&PlanName) -> Openness) -> Self {
        let mut set = new.clone();
        let mut changes = Vec::new();
        for field in RUN {
            let (before, after) = ((field.text)(old), (field.text)(new));
            if before == after {
                continue;
            }
            let change = ManifestChange::new(field.key, Some(before), Some(after));
            changes.push(match field.window {
                EditWindow::Anytime => change,
                EditWindow::UntilBegun | EditWindow::UntilMade => {
                    (field.keep)(&mut set, old);
                    change.refused("the run that is under way was begun with it; it counts for the next run")
                }
            });
        }
        // The commands and environments of these may contain secrets, so no values are shown.
        compare_named(&old.agents, &new.agents, "agents", |_| None, &mut changes);
        compare_named(
            &old.executors,
            &new.executors,
            "executors",
            |_| None,
            &mut changes,
        );
        let tokens = |tokens: &u32| Some(tokens.to_string());
        compare_named(&old.resources, &new.resources, "resources", tokens, &mut changes);
        compare_named(&old.people, &new.people, "people", |_| None, &mut changes);
        let patience = |patience: &Duration| Some(format_duration(*patience));
        compare_named(&old.patience, &new.patience, "resources", patience, &mut changes);
        if old.syncs != new.syncs {
            changes.push(ManifestChange::new("sync", None, None));
        }
        if old.templates != new.templates {
            changes.push(ManifestChange::new("templates", None, None));
        }
        for plan in &mut set.plans {
            match old.plan(&plan.name) {
                Some(before) => join(before, plan, &open(&plan.name), &mut changes),
                None => {
                    let title = plan.document.title.clone();
                    changes.push(ManifestChange::new(plan.name.as_str(), None, Some(title)));
                }
            }
        }
        for (place, plan) in old.plans.iter().enumerate() {
            if new.plan(&plan.name).is_some() {
                continue;
            }
            let gone = ManifestChange::new(plan.name.as_str(), Some(plan.document.title.clone()), None);
            let why = match open(&plan.name) {
                Openness::All | Openness::Made => {
                    changes.push(gone);
                    continue;
                }
                Openness::Begun { .. } => format!("work on it has begun: orch cancel {} first", plan.name),
                Openness::Nothing(why) => why.words().to_owned(),
            };
            changes.push(gone.refused(why));
            set.plans.insert(place.min(set.plans.len()), plan.clone());
        }
        keep_what_is_used(old, &mut set, &mut changes);
        Self { set, changes }
    }

    /// The changes of this edit, all of them refused.
    pub fn refuse_all(self, why: &str) -> Vec<ManifestChange> {
        let refuse = |change: ManifestChange| match change.refused {
            Some(_) => change,
            None => change.refused(why),
        };
        self.changes.into_iter().map(refuse).collect()
    }

    /// References that break because one part of the edit takes effect and another does not.
    pub fn misfits(&self) -> Vec<String> {
        let set = &self.set;
        let mut misfits = BTreeSet::new();
        for plan in &set.plans {
            let phases = plan.document.phases.iter();
            let waits = phases.flat_map(|phase| {
                let tasks = phase.tasks.iter().flat_map(|task| plan.task_waits(task.id));
                plan.phase_waits(phase.id).into_iter().chain(tasks)
            });
            for dependency in plan.depends.iter().cloned().chain(waits) {
                let other = set.plan(&dependency.on.plan);
                let there = other.is_some_and(|other| match dependency.on.point {
                    Point::Plan => true,
                    Point::Phase(phase) => other.document.phase(phase).is_some(),
                    Point::Task(task) => other.document.task(task).is_some() || task.is_verify(),
                });
                if !there {
                    misfits.insert(format!(
                        "`{}` waits for `{}`, which is not there",
                        plan.name, dependency.on
                    ));
                }
            }
            for agent in plan.possible_agents() {
                if !set.agents.contains_key(agent) {
                    misfits.insert(format!(
                        "`{}` is worked on by the agent `{agent}`, which is not there",
                        plan.name
                    ));
                }
            }
            for resource in plan.resources() {
                if !set.resources.contains_key(resource) {
                    misfits.insert(format!(
                        "`{}` uses the resource `{resource}`, which is not there",
                        plan.name
                    ));
                }
            }
        }
        misfits.into_iter().collect()
    }

    /// True when at least one change takes effect.
    pub fn counts(&self) -> bool {
        self.changes.iter().any(|change| change.refused.is_none())
    }
}

/// Keeps removed agents and resources that are still needed by plans that stay.
fn keep_what_is_used(old: &PlanSet, set: &mut PlanSet, changes: &mut [ManifestChange]) {
    let mut stays = |about: String, plan: &PlanName| {
        let change = changes.iter_mut().find(|change| change.about == about);
        if let Some(change) = change {
            change.refused = Some(format!("plan `{plan}`, which stays, needs it"));
        }
    };
    for plan in &set.plans {
        for name in plan.possible_agents() {
            if let (None, Some(agent)) = (set.agents.get(name), old.agents.get(name)) {
                set.agents.insert(name.clone(), agent.clone());
                stays(format!("agents.{name}"), &plan.name);
            }
        }
        for name in plan.resources() {
            if let (None, Some(tokens)) = (set.resources.get(name), old.resources.get(name)) {
                set.resources.insert(name.clone(), *tokens);
                let patience = old.patience.get(name).map(|patience| (name.clone(), *patience));
                set.patience.extend(patience);
                stays(format!("resources.{name}"), &plan.name);
            }
        }
    }
}

/// Adds the differences between two tables of named things.
fn compare_named<K: Ord + ToString, V: PartialEq>(
    old: &BTreeMap<K, V>,
    new: &BTreeMap<K, V>,
    table: &str,
    text: impl Fn(&V) -> Option<String>,
    changes: &mut Vec<ManifestChange>,
) {
    let names: BTreeSet<&K> = old.keys().chain(new.keys()).collect();
    for name in names {
        let (before, after) = (old.get(name), new.get(name));
        if before != after {
            let shown = |value: Option<&V>| value.and_then(&text);
            let about = format!("{table}.{}", name.to_string());
            changes.push(ManifestChange::new(about, shown(before), shown(after)));
        }
    }
}

/// Gives `plan`, which is the edited plan, its old values where these must stay.
fn join(before: &Plan, plan: &mut Plan, open: &Openness, changes: &mut Vec<ManifestChange>) {
    const BEGUN: &str = "work on it has begun with what it was; it counts when nothing of the plan was begun";
    let name = plan.name.clone();
    let refusal = |window: EditWindow| match (open, window) {
        (Openness::Nothing(why), _) => Some(why.words()),
        (Openness::Begun { .. }, EditWindow::UntilBegun | EditWindow::UntilMade) => Some(BEGUN),
        (Openness::Made, EditWindow::UntilMade) => Some("its worktree is made already: orch clean it first"),
        (Openness::Made, _) | (Openness::All, _) | (Openness::Begun { .. }, EditWindow::Anytime) => None,
    };
    for field in PLAN {
        let (old, new) = ((field.text)(before), (field.text)(plan));
        if old == new {
            continue;
        }
        let change = ManifestChange::new(format!("{name}.{}", field.key), Some(old), Some(new));
        changes.push(match refusal(field.window) {
            None => change,
            Some(why) => {
                (field.keep)(plan, before);
                change.refused(why)
            }
        });
    }
    let begun = |phase: PhaseId| match open {
        Openness::Begun { phases } if phases.contains(&phase) => Some("that phase was begun already"),
        Openness::All | Openness::Made | Openness::Begun { .. } | Openness::Nothing(_) => {
            refusal(EditWindow::Anytime)
        }
    };
    join_phases(before, plan, begun, changes);
    let differing = document_changes(&name, &before.document, &plan.document);
    match refusal(EditWindow::UntilBegun) {
        None => changes.extend(differing),
        Some(why) => {
            changes.extend(differing.into_iter().map(|change| change.refused(why)));
            // This includes ticks and prose: the document that the agents were given stays in force.
            plan.document = before.document.clone();
        }
    }
}

fn join_phases(
    before: &Plan,
    plan: &mut Plan,
    refusal: impl Fn(PhaseId) -> Option<&'static str>,
    changes: &mut Vec<ManifestChange>,
) {
    let phases: BTreeSet<PhaseId> = before.phases.keys().chain(plan.phases.keys()).copied().collect();
    for phase in phases {
        let old = before.phases.get(&phase).cloned().unwrap_or_default();
        let new = plan.phases.get(&phase).cloned().unwrap_or_default();
        for field in PHASE {
            let (was, is): (String, String) = ((field.text)(&old), (field.text)(&new));
            if was == is {
                continue;
            }
            let about = format!("{}.phases.{phase}.{}", plan.name, field.key);
            let change = ManifestChange::new(about, Some(was), Some(is));
            changes.push(match refusal(phase) {
                None => change,
                Some(why) => {
                    let kept: &mut PhaseSettings = plan.phases.entry(phase).or_default();
                    (field.keep)(kept, &old);
                    change.refused(why)
                }
            });
        }
    }
}

/// Phases and tasks that were added, removed or changed. Ticks and the prose between tasks do not change the work.
fn document_changes(plan: &PlanName, old: &Document, new: &Document) -> Vec<ManifestChange> {
    let (old, new) = (outline(old), outline(new));
    let ids: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differing = ids.into_iter().filter(|id| old.get(*id) != new.get(*id));
    differing
        .map(|id| {
            let title = |outline: &BTreeMap<String, (String, String)>| {
                outline.get(id).map(|(title, _)| title.clone())
            };
            ManifestChange::new(format!("{plan}.{id}"), title(&old), title(&new))
        })
        .collect()
}

/// The title of every phase and task, and everything else that matters.
fn outline(document: &Document) -> BTreeMap<String, (String, String)> {
    let mut outline = BTreeMap::new();
    for phase in &document.phases {
        let verify = phase
            .verify
            .as_ref()
            .map(|block| (&block.checks, block.background));
        let rest = format!(
            "{:?} {:?} {:?} {:?} {verify:?}",
            phase.objective, phase.depends, phase.parallel_with, phase.pipeline_start
        );
        outline.insert(phase.id.to_string(), (phase.title.clone(), rest));
        for task in &phase.tasks {
            let parts: Vec<_> = task.subtasks.iter().map(|part| (&part.id, &part.title)).collect();
            let rest = format!(
                "{} {:?} {:?} {:?} {parts:?} {:?} {:?} {:?}",
                task.details, task.depends, task.cross, task.sequential, task.files, task.reads, task.uses
            );
            outline.insert(task.id.to_string(), (task.title.clone(), rest));
        }
    }
    outline
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::manifest::{Content, DocumentSource, parse_manifest, resolve};

    const MANIFEST: &str = r#"
schema = 1
[run]
base = "main"
max_agents = 2
[agents.mine]
command = ["mine", "{prompt_file}"]
[plans.a]
file = "a.md"
agent = "mine"
[plans.b]
file = "b.md"
agent = "mine"
depends = ["a"]
"#;
    const DOCUMENT: &str = "# A\n\n## Phase 1: One\n- [ ] 1.1 Do it\n\n## Phase 2: Two\n- [ ] 2.1 More\n";

    fn set_of(manifest: &str, document: &str) -> PlanSet {
        let parsed = parse_manifest("plans.toml".as_ref(), manifest);
        let source = |name: &PlanName, file: &std::path::Path| {
            let content = Ok(Content::Bytes(document.as_bytes().to_vec()).read());
            (
                name.clone(),
                DocumentSource {
                    display: file.to_owned(),
                    content,
                },
            )
        };
        let sources = parsed
            .documents()
            .map(|wanted| source(&wanted.plan, wanted.file))
            .collect();
        resolve(parsed, sources).unwrap()
    }

    fn begun(phases: &[u32]) -> impl Fn(&PlanName) -> Openness {
        let phases: BTreeSet<PhaseId> = phases.iter().map(|phase| PhaseId(*phase)).collect();
        move |_| Openness::Begun {
            phases: phases.clone(),
        }
    }

    fn told(edit: &LiveEdit) -> Vec<String> {
        let word = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let line = |change: &ManifestChange| {
            let mark = if change.refused.is_some() { "!" } else { "" };
            format!(
                "{mark}{}: {} > {}",
                change.about,
                word(&change.before),
                word(&change.after)
            )
        };
        edit.changes.iter().map(line).collect()
    }

    #[test]
    fn a_reading_of_the_same_differs_in_nothing() {
        let old = set_of(MANIFEST, DOCUMENT);
        // Other lines, other order of keys, a comment: nothing that matters.
        let moved = MANIFEST.replace("[plans.b]", "# comment\n\n[plans.b]");
        let edit = LiveEdit::new(&old, &set_of(&moved, DOCUMENT), begun(&[1]));
        assert_eq!(told(&edit), Vec::<String>::new());
        assert!(!edit.counts());
    }

    #[test]
    fn what_later_attempts_read_counts_and_what_work_was_begun_with_stays() {
        let old = set_of(MANIFEST, DOCUMENT);
        let new = MANIFEST
            .replace("max_agents = 2", "max_agents = 5")
            .replace("base = \"main\"", "base = \"next\"")
            .replace(
                "[plans.b]",
                "priority = \"high\"\nbranch = \"other\"\nretries = 7\n[plans.b]",
            );
        let edit = LiveEdit::new(&old, &set_of(&new, DOCUMENT), begun(&[1]));
        assert_eq!(
            told(&edit),
            [
                "!run.base: main > next",
                "run.max_agents: 2 > 5",
                "!a.branch: orch/a > other",
                "a.priority: medium > high",
                "a.retries: 2 > 7",
            ]
        );
        assert_eq!(edit.set.run.base.as_deref(), Some("main"));
        assert_eq!(edit.set.run.max_agents, 5);
        assert_eq!(edit.set.plans[0].branch, "orch/a");
        assert_eq!(edit.set.plans[0].attempts.retries, 7);
        // When nothing has begun, the branch may change. Only the run's base is fixed.
        let edit = LiveEdit::new(&old, &set_of(&new, DOCUMENT), |_| Openness::All);
        assert_eq!(edit.set.plans[0].branch, "other");
        assert_eq!(edit.set.run.base.as_deref(), Some("main"));
    }

    #[test]
    fn a_document_is_fixed_once_work_on_it_began_but_for_its_ticks() {
        let old = set_of(MANIFEST, DOCUMENT);
        let ticked = DOCUMENT.replace("- [ ] 1.1", "- [x] 1.1");
        let edit = LiveEdit::new(&old, &set_of(MANIFEST, &ticked), begun(&[1]));
        assert_eq!(told(&edit), Vec::<String>::new());
        assert_eq!(edit.set.plans[0].document, old.plans[0].document);

        let more = format!("{DOCUMENT}- [ ] 2.2 Even more\n");
        let edit = LiveEdit::new(&old, &set_of(MANIFEST, &more), begun(&[1]));
        assert_eq!(told(&edit), ["!a.2.2: - > Even more", "!b.2.2: - > Even more"]);
        assert_eq!(edit.set.plans[0].document, old.plans[0].document);
        let edit = LiveEdit::new(&old, &set_of(MANIFEST, &more), |_| Openness::All);
        assert_eq!(told(&edit), ["a.2.2: - > Even more", "b.2.2: - > Even more"]);
        assert_eq!(edit.set.plans[0].document.tasks().count(), 3);
    }

    #[test]
    fn settings_of_a_phase_count_until_it_was_begun() {
        let old = set_of(MANIFEST, DOCUMENT);
        let phase = |number: u32| format!("{MANIFEST}[plans.b.phases.{number}]\ntimeout = \"9m\"\n");
        let edit = LiveEdit::new(&old, &set_of(&phase(2), DOCUMENT), begun(&[1]));
        assert_eq!(told(&edit), ["b.phases.2.timeout: unset > 9m"]);
        let edit = LiveEdit::new(&old, &set_of(&phase(1), DOCUMENT), begun(&[1]));
        assert_eq!(told(&edit), ["!b.phases.1.timeout: unset > 9m"]);
        assert_eq!(
            edit.set.plans[1]
                .phases
                .get(&PhaseId(1))
                .and_then(|phase| phase.timeout),
            None
        );
    }

    #[test]
    fn plans_come_at_any_time_and_go_only_before_they_were_begun() {
        let old = set_of(MANIFEST, DOCUMENT);
        let new = MANIFEST.replace("[plans.b]", "[plans.c]");
        let edit = LiveEdit::new(&old, &set_of(&new, DOCUMENT), |_| Openness::All);
        assert_eq!(told(&edit), ["c: - > A", "b: A > -"]);
        assert_eq!(edit.set.plans.len(), 2);
        let edit = LiveEdit::new(&old, &set_of(&new, DOCUMENT), |_| {
            Openness::Nothing(ClosedPlan::Landed)
        });
        assert_eq!(told(&edit), ["c: - > A", "!b: A > -"]);
        let names: Vec<&str> = edit.set.plans.iter().map(|plan| plan.name.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn agents_are_told_by_name_alone() {
        let old = set_of(MANIFEST, DOCUMENT);
        let new = MANIFEST.replace("\"mine\", \"{prompt_file}\"", "\"mine\", \"--token=secret\"");
        let edit = LiveEdit::new(&old, &set_of(&new, DOCUMENT), begun(&[1]));
        assert_eq!(told(&edit), ["agents.mine: - > -"]);
        assert_eq!(
            edit.set.agents.values().next().unwrap().command[1],
            "--token=secret"
        );
    }

    #[test]
    fn what_takes_over_and_what_tasks_use_stays_with_a_plan_that_stays() {
        let with = format!(
            "{MANIFEST}agents = [\"mine\", \"other\"]\n[agents.other]\ncommand = [\"other\", \"{{prompt_file}}\"]\n[resources]\ndb = 1\n"
        )
        .replacen("agent = \"mine\"\ndepends", "depends", 1);
        let document = DOCUMENT.replace("2.1 More", "2.1 More (uses: db)");
        let old = set_of(&with, &document);
        let (without_b, _) = MANIFEST.split_once("[plans.b]").unwrap();
        let edit = LiveEdit::new(&old, &set_of(without_b, DOCUMENT), |_| {
            Openness::Nothing(ClosedPlan::Landed)
        });
        let refused: Vec<String> = told(&edit)
            .into_iter()
            .filter(|told| told.starts_with('!'))
            .collect();
        assert!(
            refused.contains(&"!agents.other: - > -".to_owned()),
            "{refused:?}"
        );
        assert!(
            refused.contains(&"!resources.db: 1 > -".to_owned()),
            "{refused:?}"
        );
        assert_eq!(edit.set.agents.len(), 2);
        assert_eq!(edit.set.resources.len(), 1);
        assert_eq!(edit.misfits(), Vec::<String>::new());
    }
}
