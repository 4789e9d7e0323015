//! The fold of conflicts with the target, and of their resolutions.

use super::resolver::{resolver_failed, resolver_started, resolver_succeeded};
use crate::plan::{CommitId, Point};
use crate::schedule::event::at::At;
use crate::schedule::event::merge_facts::Prefix;
use crate::schedule::event::resolving::Resolving;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::state::resolution::Resolution;

pub(in crate::schedule) fn apply_resolving(run: &mut PlanRun, at: At, fact: &Resolving) {
    match fact {
        Resolving::Opened(opened) => {
            run.resolution.up_to = opened.up_to;
            run.resolution.path = Some(opened.path.clone());
            run.resolution.commit = None;
            run.resolution.left_by = None;
            run.since = at;
        }
        Resolving::Done(done) => {
            run.resolution.up_to = done.up_to;
            run.resolution.commit = Some(done.commit.clone());
            run.resolution.left_out = done.left_out.clone();
            if let Some(attempt) = &done.attempt {
                resolver_succeeded(run, at, attempt);
            }
            run.since = at;
        }
        Resolving::Dropped(_) => {
            let tried = std::mem::take(&mut run.resolution.tried);
            run.resolution = Resolution {
                tried,
                ..Resolution::default()
            };
        }
        Resolving::Cancelled(_) => {
            if let Some(agent) = &mut run.resolution.agent {
                agent.cancelled = true;
            }
        }
        Resolving::Reused(repaired) => run.resolution.repaired = Some(repaired.clone()),
        Resolving::Started(started) => resolver_started(run, at, started),
        Resolving::Failed(failed) => resolver_failed(run, at, failed),
    }
}

/// The plan has landed on top of `before`: its conflict is over.
pub(in crate::schedule) fn conflict_is_over(run: &mut PlanRun, before: Option<&CommitId>) {
    let Resolution {
        repaired, left_out, ..
    } = std::mem::take(&mut run.resolution);
    run.resolution = Resolution {
        repaired: repaired.filter(|repaired| Some(&repaired.onto) == before),
        left_out,
        ..Resolution::default()
    };
}

/// The first phases have landed on top of `before`: their conflict is over. A conflict of a larger part of the plan stays.
pub(in crate::schedule) fn conflict_of_part_is_over(
    run: &mut PlanRun,
    part: &Prefix,
    before: Option<&CommitId>,
) {
    let mine = run
        .resolution
        .up_to
        .is_some_and(|phase| part.holds(Point::Phase(phase)));
    match mine {
        true => conflict_is_over(run, before),
        false => {
            let repaired = run.resolution.repaired.take();
            run.resolution.repaired = repaired.filter(|repaired| Some(&repaired.onto) == before);
        }
    }
}
