//! What the merge train asks for, each on a thread of its own.

use std::sync::Arc;

use crate::schedule::train::{Answer, Order, Unmoved};
use crate::schedule::{Event, Input, UnionTrial};

use crate::supervisor::desk::message::Message;
use crate::supervisor::drive::engine::Engine;
use crate::supervisor::perform;
use crate::supervisor::perform::build::known::Known;
use crate::supervisor::project::error::SupervisorError;

impl Engine<'_> {
    pub(in crate::supervisor) fn train(
        &mut self,
        order: Order,
        into: Option<String>,
    ) -> Result<(), SupervisorError> {
        let target = into.unwrap_or_else(|| self.campaign.target.clone());
        let (campaign, yard) = (self.campaign.clone(), self.yard.clone());
        match order {
            Order::Try(trial) => {
                let (admin, known) = (self.admin.clone(), Known::of(&self.scheduler, &target));
                self.answer_train(move || {
                    perform::try_out(&campaign, &admin, &yard, &trial, &target, &known)
                });
            }
            Order::Land(landing) => {
                let Some(gate) = self.land_gate(&landing)? else {
                    self.answer_train(|| (Answer::Landed(Err(Unmoved::Withdrawn)), Vec::new()));
                    return Ok(());
                };
                let gate = Arc::new(gate);
                self.landing = Some(gate.clone());
                self.answer_train(move || {
                    let go = || gate.go();
                    let (answer, warnings) = perform::land(&campaign, &yard, &landing, &target, &go);
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
        Ok(())
    }

    /// Branches are tried together, on a thread of their own.
    pub(in crate::supervisor) fn try_union(&self, trial: UnionTrial) {
        let (campaign, yard, admin) = (self.campaign.clone(), self.yard.clone(), self.admin.clone());
        let sender = self.sender.clone();
        self.in_background(move || {
            let (said, warning) = perform::try_union(&campaign, &admin, &yard, &trial);
            if let Some(why) = warning {
                let _ = sender.send(Message::Warning(None, why));
            }
            Message::Input(Input::Union(trial.id, said))
        });
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
