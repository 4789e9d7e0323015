//! What the merge train asks for, each on a thread of its own.

use std::collections::BTreeMap;

use crate::plan::{CommitId, PlanName};
use crate::schedule::train::{Answer, Order};
use crate::schedule::{Event, Input};

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
                self.answer_train(move || {
                    perform::try_out(&campaign, &admin, &yard, &trial, &target, &landed)
                });
            }
            Order::Land(landing) => {
                self.answer_train(move || {
                    let (answer, warnings) = perform::land(&campaign, &yard, &landing, &target);
                    let about = landing.stack.last();
                    let warn = |why| Event::Warning {
                        plan: about.cloned(),
                        why,
                    };
                    (answer, warnings.into_iter().map(warn).collect())
                });
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

    fn answer_train(&self, work: impl FnOnce() -> (Answer, Vec<Event>) + Send + 'static) {
        let sender = self.sender.clone();
        self.in_background(move || {
            let (answer, facts) = work();
            for fact in facts {
                let _ = sender.send(Message::Input(Input::Event(fact)));
            }
            Message::Input(Input::Train(answer))
        });
    }
}
