//! How long the units of a simulated attempt take.

use super::simulation::{SimulationSettings, open_tasks};
use crate::graph::Rng;
use crate::plan::{Dispatch, TaskId};
use crate::schedule::board::effect::Launch;
use crate::schedule::drive::scheduler::Scheduler;
use crate::schedule::work::plans::PlanWork;

/// The course of an attempt that does not fail.
pub(super) struct Course {
    /// The indices of its units, each with the unit's duration.
    pub(super) parts: Vec<(usize, u64)>,
    /// When each task is reported.
    pub(super) reports: Vec<(u64, TaskId)>,
    pub(super) length: u64,
    pub(super) expected: u64,
}

impl Course {
    pub(super) fn of(
        settings: &SimulationSettings,
        scheduler: &Scheduler,
        launch: &Launch,
        number: usize,
    ) -> Self {
        let plan = &scheduler.work().plans[number];
        let run = scheduler.state().plan(&launch.plan);
        // The duration of each unit. Work that an earlier attempt has done takes no time.
        let mut parts: Vec<(usize, u64)> = Vec::new();
        let mut reports: Vec<(u64, TaskId)> = Vec::new();
        let (mut length, mut expected) = (0, 0);
        for id in &launch.units {
            let Some(place) = plan.unit_place(*id) else {
                continue;
            };
            let took = duration(settings, plan, [number, place], launch.number);
            let (tasks, open) = open_tasks(plan, *id, |task| run.is_item_settled(&task.into()));
            let left = |whole: u64| match tasks {
                0 => whole,
                tasks => whole * open.len() as u64 / tasks as u64,
            };
            let own = left(took);
            // The reports that others may wait for while the agent continues.
            if plan.dispatch == Dispatch::Plan || settings.failures > 0.0 {
                let share = |done: usize| own * done as u64 / open.len().max(1) as u64;
                reports.extend(
                    open.iter()
                        .enumerate()
                        .map(|(n, task)| (length + share(n + 1), *task)),
                );
                // The check of the work comes last.
                let check = plan.unit_tasks(*id).into_iter().filter(|task| task.is_verify());
                reports.extend(check.map(|check| (length + own, check)));
            }
            parts.push((place, own));
            length += own;
            expected += left(plan.units[place].expected);
        }
        Self {
            parts,
            reports,
            length,
            expected,
        }
    }
}

/// How long this attempt at a unit takes. The same arguments always give the same result.
fn duration(settings: &SimulationSettings, plan: &PlanWork, [number, unit]: [usize; 2], attempt: u32) -> u64 {
    let expected = plan.units[unit].expected;
    let parts = [number as u64, unit as u64, u64::from(attempt), 1];
    let mut rng = Rng::of(settings.seed, &parts);
    let factor = (rng.normal() * settings.noise).exp();
    let straggler = rng.percent(settings.stragglers);
    let took = (expected as f64 * factor).round() as u64;
    took.max(1)
        * if straggler {
            SimulationSettings::STRAGGLER
        } else {
            1
        }
}
