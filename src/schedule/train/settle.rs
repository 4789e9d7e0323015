//! Finds who is to blame: draws the conclusions from verdicts.

use super::order::{Batch, BuildId, TrainOutcome};
use super::queue::Train;
use crate::plan::PlanName;
use crate::schedule::event::trouble::MergeTrouble;
use crate::schedule::event::why::because::Because;

impl Train {
    /// Ejects the plans that are proven to be at fault, or all plans when the target itself is at fault.
    pub(super) fn settle(&mut self, outcomes: &mut Vec<TrainOutcome>) {
        let target_tip = self.target_tip;
        self.facts.retain(|fact| {
            let about_tip = fact.batch.is_empty() && fact.target_tip == target_tip;
            // A green batch that can no longer land has nothing more to tell. A red batch whose plans have all landed since by
            // another way was the fault of none of them.
            about_tip || (!fact.batch.is_empty() && (fact.target_tip == target_tip || fact.reds > 0))
        });
        let about_tip = self.facts.iter().position(|fact| fact.batch.is_empty());
        if let Some(place) = about_tip {
            let fact = &self.facts[place];
            if fact.green {
                self.proven = true;
                self.facts.remove(place);
            } else if fact.reds > 1 {
                let why = fact.why.clone();
                let all: Batch = self.queue.iter().map(|entry| entry.plan.clone()).collect();
                for plan in &all {
                    self.fail(plan, MergeTrouble::TargetRed { why: why.clone() }, outcomes);
                }
                self.leave_tip();
                self.tidy();
                return;
            }
        }
        while let Some((plan, why)) = self.culprit() {
            self.window.failed();
            self.fail(&plan, MergeTrouble::Verification { why }, outcomes);
        }
        self.tidy();
    }

    fn culprit(&self) -> Option<(PlanName, String)> {
        let proven = self.facts.iter().filter(|fact| self.proven && fact.reds > 1);
        let mut culprits = proven.filter_map(|fact| Some((fact.suspect()?.clone(), fact.why.clone())));
        culprits.next()
    }

    pub(super) fn fail(&mut self, plan: &PlanName, why: MergeTrouble, outcomes: &mut Vec<TrainOutcome>) {
        if !self.wants(plan) {
            return;
        }
        self.queue.retain(|entry| &entry.plan != plan);
        self.facts.retain(|fact| !fact.has(plan));
        self.vetted.remove(plan);
        self.deferred.clear();
        outcomes.push(TrainOutcome::Failed(plan.clone(), why));
    }

    pub(super) fn fail_all(&mut self, plans: &[PlanName], why: &Because, outcomes: &mut Vec<TrainOutcome>) {
        for plan in plans {
            let why = why.clone();
            self.fail(plan, MergeTrouble::Refused { why }, outcomes);
        }
    }

    /// Forgets the assumptions of builds that neither run nor have a verdict.
    fn tidy(&mut self) {
        let Self {
            without,
            running,
            facts,
            ..
        } = self;
        without.retain(|id, _| running.contains_key(id) || facts.iter().any(|fact| fact.build == *id));
    }

    /// Builds under way whose verdict is known already, or does not matter.
    pub(super) fn useless(&self) -> Vec<BuildId> {
        let open = self
            .running
            .values()
            .filter(|build| !self.void.contains(&build.id));
        let useless = open.filter(|build| {
            if build.target_tip == 0 || build.batch.iter().any(|plan| !self.wants(plan)) {
                return true;
            }
            if build.batch.is_empty() {
                return build.target_tip != self.target_tip || self.proven;
            }
            // A plan that the build leaves out in case it is red is green.
            let without = self.without.get(&build.id);
            if without.is_some_and(|(without, _)| without.iter().any(|plan| self.vetted.contains(plan))) {
                return true;
            }
            let doomed = || self.facts.iter().any(|fact| fact.dooms(&build.batch));
            build.again.is_none() && doomed()
        });
        useless.map(|build| build.id).collect()
    }
}
