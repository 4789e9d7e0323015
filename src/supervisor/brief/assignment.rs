//! The data for an agent's own calls of `orch`: `.orch/work.json` in its worktree.

use std::collections::BTreeMap;
use std::path::Path;

use crate::plan::{ItemId, Plan, TaskId, TaskState};
use crate::schedule::{Scheduler, waits_in_files};
use crate::status::Assignment;

use crate::supervisor::project::repository_plans::{Project, committed_document};

/// The work of other plans that each task of a plan still waits for. Tasks that wait for no other plan are left out.
pub fn waits_elsewhere(plan: &Plan, scheduler: &Scheduler) -> BTreeMap<TaskId, Vec<String>> {
    let state = scheduler.state();
    let mut waits = BTreeMap::new();
    for phase in &plan.document.phases {
        let settings = plan.phases.get(&phase.id);
        let settings = settings.map(|settings| settings.depends.as_slice());
        let around = plan
            .depends
            .iter()
            .chain(settings.unwrap_or_default())
            .chain(&phase.depends);
        for task in &phase.tasks {
            let open = around.clone().chain(&task.cross);
            let open = open.filter(|dependency| !state.is_satisfied(dependency));
            let turns = waits_in_files(scheduler.work(), state, &plan.name, task.id);
            let open = open.map(ToString::to_string);
            let mut open: Vec<String> = open.chain(turns.iter().map(ToString::to_string)).collect();
            open.dedup();
            if !open.is_empty() {
                waits.insert(task.id, open);
            }
        }
    }
    waits
}

/// The work of a plan in one of its worktrees, as it is now.
pub fn assignment(
    project: &Project,
    plan: &Plan,
    worktree: &Path,
    states: &dyn Fn(&ItemId) -> TaskState,
    waits: BTreeMap<TaskId, Vec<String>>,
) -> Assignment {
    let mut work = Assignment::new(&plan.name, &plan.document, project.dir.path());
    work.committed = committed_document(project, plan.file.as_deref(), worktree);
    work.arrangement = plan.arrangement.clone();
    let tasks = plan.document.tasks().map(|task| ItemId::from(task.id));
    let checks = plan.document.phases.iter().filter(|phase| phase.verify.is_some());
    let checks = checks.map(|phase| ItemId::from(TaskId::verify(phase.id)));
    let items = tasks.chain(checks).map(|item| (item.clone(), states(&item)));
    work.states = items.filter(|(_, state)| *state != TaskState::Pending).collect();
    work.waits = waits;
    work.plans = project.set.plans.iter().map(|plan| plan.name.clone()).collect();
    work
}
