//! What the scheduler promises about conflicts: no work that has not begun begins in the files of another plan's unresolved
//! conflict. Checked against the events alone.

use std::collections::{BTreeMap, BTreeSet};

use orch::plan::{PlanName, UnitId};
use orch::schedule::{Event, Hold, MergeTrouble, Work};

/// The conflicts that are open after the events so far.
#[derive(Default)]
pub struct Conflicts {
    open: BTreeMap<PlanName, Vec<String>>,
    /// Work that an agent or a person was given before.
    begun: BTreeSet<(PlanName, UnitId)>,
    /// The number of conflicts.
    pub met: u64,
}

impl Conflicts {
    pub fn take(&mut self, work: &Work, event: &Event, repair: bool) {
        if let Event::AttemptAssigned {
            plan, units, agent, ..
        } = event
        {
            for unit in units {
                let is_new = self.begun.insert((plan.clone(), *unit));
                if is_new && !repair && agent.as_str() != "person" {
                    self.check_start(work, plan, *unit);
                }
            }
        }
        let files = match event {
            Event::PlanHeld {
                why: Hold::Conflict { files, .. },
                ..
            } => Some(files),
            Event::MergeFailed(failed) => match &failed.why {
                MergeTrouble::Conflict { files, .. } if failed.up_to.is_none() => Some(files),
                _ => None,
            },
            Event::RunStarted { .. } => {
                self.open.clear();
                None
            }
            Event::Escalated(_) | Event::MessageSent(_) | Event::AgentUsage(_) => return,
            _ => None,
        };
        let Some(plan) = event.plan() else { return };
        match files {
            Some(files) => {
                self.met += 1;
                self.open.insert(plan.clone(), files.clone());
            }
            // Whatever else is told of the plan may have ended its conflict.
            None => drop(self.open.remove(plan)),
        }
    }

    fn check_start(&self, work: &Work, plan: &PlanName, unit: UnitId) {
        let own = work.plans.iter().find(|known| known.name == *plan).unwrap();
        let locks = &own.unit(unit).unwrap().locks;
        let touched: Vec<&String> = locks.iter().map(|lock| &own.files[*lock as usize]).collect();
        for (other, files) in self.open.iter().filter(|(other, _)| *other != plan) {
            let is_touched = |file: &String| touched.iter().any(|own| file.starts_with(own.as_str()));
            assert!(
                !own.minds_overlap || !files.iter().any(is_touched),
                "{plan}.{unit} begins although {other} has a conflict in {files:?}"
            );
        }
    }

    /// True when an open conflict is in a file that the plan touches.
    pub fn is_open_beside(&self, plan: &PlanName) -> bool {
        self.open.keys().any(|other| other != plan)
    }
}
