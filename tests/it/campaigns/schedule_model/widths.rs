//! What the scheduler promises about a narrowed run: no more than half of the agents at once, and in batches nothing that begins
//! between the first end of a batch and its last. Checked against the events alone.

use std::collections::BTreeMap;

use orch::plan::{AttemptId, PlanName, RunId};
use orch::schedule::{Event, Locality, Width, Work};

/// The width, and who is at work.
#[derive(Default)]
pub struct Widths {
    run: Option<RunId>,
    width: Width,
    at_work: BTreeMap<AttemptId, Locality>,
    /// True once an agent of the batch has ended.
    ends: bool,
}

impl Widths {
    pub fn take(&mut self, work: &Work, event: &Event) {
        match event {
            Event::RunWidth(change) => {
                assert_ne!(change.width, self.width, "{change:?}");
                assert!(work.narrows, "{change:?}");
                self.width = change.width;
                self.ends = true;
            }
            Event::AttemptAssigned {
                plan, attempt, agent, ..
            } => {
                let own = work.plans.iter().find(|known| known.name == *plan).unwrap();
                let at = work.locality(own, agent);
                if agent.as_str() != "person" {
                    self.check_start(work, plan, at);
                    self.at_work.insert(attempt.clone(), at);
                }
                self.ends &= self.at_work.len() > 1;
            }
            Event::AgentEnded { attempt, .. }
            | Event::AttemptFailed { attempt, .. }
            | Event::StageDone { attempt, .. } => {
                self.ends |= self.at_work.remove(attempt).is_some();
            }
            // Another run begins as wide as the manifest says.
            Event::RunStarted { run, .. } if self.run.replace(*run) != Some(*run) => {
                self.width = Width::Full;
            }
            _ => {}
        }
    }

    fn check_start(&self, work: &Work, plan: &PlanName, at: Locality) {
        let all = match at {
            Locality::Here => work.slots,
            Locality::Away(executor) => work.localities.executors[executor].1,
        };
        let there = self.at_work.values().filter(|known| **known == at).count();
        let most = self.width.of(all);
        assert!(
            there < most,
            "{plan} begins beside {there}, and the width is {most}"
        );
        let closed = self.width == Width::Batched && self.ends && !self.at_work.is_empty();
        assert!(!closed, "{plan} begins before its batch has ended");
    }
}
