//! Resolving conflicts beside the loop: requested steps run on a thread of their own, and the worktrees of resolved conflicts
//! are removed after the landing.

use tokio::sync::oneshot;

use crate::git::{self, GitError};
use crate::plan::WorkRef;
use crate::schedule::{Event, Input, ResolveOrder};

use crate::supervisor::conflict::about_conflict::{AboutConflict, ResolveStep};
use crate::supervisor::conflict::resolve::{OthersAtWork, resolve};
use crate::supervisor::conflict::resolved::tidy;
use crate::supervisor::control::request::Answer;
use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::{EngineMessage, StepDone};
use crate::supervisor::perform;
use crate::supervisor::recovery::output;

/// Takes a step on a thread of its own.
pub fn resolve_later(desk: &Desk, what: WorkRef, step: ResolveStep, reply: oneshot::Sender<Answer>) {
    let about = AboutConflict::new(&desk.scheduler, &what);
    let project = desk.project.clone();
    desk.in_background(move || {
        let done = resolve(&project, &about, step, OthersAtWork::Supervisor);
        EngineMessage::Resolved(Box::new(StepDone {
            what,
            step,
            done,
            reply,
        }))
    });
}

/// Lets an agent resolve a conflict, on a thread of its own.
pub fn by_agent(desk: &Desk, order: ResolveOrder) {
    let (project, admin, pool) = (desk.project.clone(), desk.admin.clone(), desk.pool.clone());
    let (sender, run) = (desk.sender.clone(), desk.run);
    desk.in_background(move || {
        let (answer, warnings) = perform::resolve_by_agent(&project, &admin, &pool, &order, run);
        for why in warnings {
            let _ = sender.send(EngineMessage::Warning(Some(order.plan.clone()), why));
        }
        // Usage is reported before the end, so that it counts.
        if let Some(told) = output::usage(&project.dir, &order.plan, &order.attempt) {
            let _ = sender.send(EngineMessage::Input(Input::Event(told)));
        }
        EngineMessage::Input(Input::Event(answer))
    });
}

/// At the end of a run, releases commits that were kept until their plans had landed.
pub fn release_made(desk: &Desk) -> Result<(), GitError> {
    let repo = &desk.project.repo;
    for plan in &desk.project.set.plans {
        let run = desk.scheduler.state().plan(&plan.name);
        if run.landed.contains_key(&desk.project.target) {
            git::refs::release_made(repo, plan.name.as_str(), repo.branch_tip(&plan.branch)?.as_ref())?;
        }
    }
    Ok(())
}

/// Removes the worktrees of conflicts of landed plans. Returns warnings as events.
pub fn tidy_conflicts(desk: &Desk) -> Vec<Event> {
    let told = tidy(&desk.project, desk.scheduler.state()).into_iter();
    told.map(|(plan, why)| Event::warning(Some(plan), why)).collect()
}
