//! What the merge train asks for, each on a thread of its own.

use std::collections::BTreeMap;

use crate::plan::{CommitId, PlanName};
use crate::schedule::Input;
use crate::schedule::train::{Answer, Order};

use super::engine::Engine;
use super::message::Message;
use super::perform;

impl Engine<'_> {
    pub(super) fn train(&mut self, order: Order, into: Option<String>) {
        let target = into.unwrap_or_else(|| self.campaign.target.clone());
        let (campaign, yard) = (self.campaign.clone(), self.yard.clone());
        match order {
            Order::Try(trial) => {
                let (admin, landed) = (self.admin.clone(), self.landed_on(&target));
                let about = trial.stack.last().cloned();
                self.answer_train(about, move || {
                    perform::try_out(&campaign, &admin, &yard, &trial, &target, &landed)
                });
            }
            Order::Land(landing) => {
                let about = landing.stack.last().cloned();
                self.answer_train(about, move || perform::land(&campaign, &yard, &landing, &target));
            }
            Order::Stop(trial) => {
                tokio::task::spawn_blocking(move || yard.stop(&campaign, trial));
            }
        }
    }

    /// The plans that have landed there, with their commits.
    fn landed_on(&self, target: &str) -> BTreeMap<PlanName, CommitId> {
        let plans = self.scheduler.state().plans();
        let landed = plans.filter_map(|(name, run)| Some((name.clone(), run.landed.get(target)?.clone())));
        landed.collect()
    }

    fn answer_train(
        &self,
        about: Option<PlanName>,
        work: impl FnOnce() -> (Answer, Vec<String>) + Send + 'static,
    ) {
        let sender = self.sender.clone();
        self.in_background(move || {
            let (answer, warnings) = work();
            for why in warnings {
                let _ = sender.send(Message::Warning(about.clone(), why));
            }
            Message::Input(Input::Train(answer))
        });
    }
}
