//! Starting to perform effects: each goes to a thread of its own and comes back as a message.

use std::path::PathBuf;

use tokio::sync::mpsc;

use crate::agent::Runner;
use crate::plan::{AttemptId, CommitId, PlanName, TaskId};
use crate::schedule::{Effect, Event, Input, Launch};
use crate::status;

use super::engine::Engine;
use super::escapes;
use super::message::Message;
use super::perform;

impl Engine<'_> {
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::MakeWorktree { plan, base } => self.make_worktree(plan, base),
            Effect::Launch(order) => self.launch(order),
            Effect::Stop { attempt, now } => {
                // One that is gone already has sent word of that.
                if let Some(process) = self.runners.get(&attempt) {
                    Runner::stop(*process, now);
                }
            }
            Effect::Check { plan, attempt, since } => {
                let (campaign, worktree) = (self.campaign.clone(), self.worktree(&plan));
                self.in_background(move || {
                    Message::Input(Input::Event(perform::check(
                        &campaign,
                        &worktree,
                        &plan,
                        &attempt,
                        since.as_ref(),
                    )))
                });
            }
            Effect::Verify { plan } => {
                let (campaign, worktree) = (self.campaign.clone(), self.worktree(&plan));
                self.in_background(move || {
                    Message::Input(Input::Event(perform::verify(&campaign, &worktree, &plan)))
                });
            }
            Effect::StopVerification { plan } => {
                let campaign = self.campaign.clone();
                tokio::task::spawn_blocking(move || perform::stop_verification(&campaign, &plan));
            }
            Effect::Pin { plan, point } => {
                let (campaign, worktree) = (self.campaign.clone(), self.worktree(&plan));
                let sender = self.sender.clone();
                let attempt = self.scheduler.state().plan(&plan).attempt.as_ref();
                let at_work = attempt.map(|attempt| perform::AtWork {
                    since: attempt.head.clone(),
                });
                self.in_background(move || {
                    match perform::pin(&campaign, &worktree, &plan, point, at_work.as_ref()) {
                        Ok((event, warning)) => {
                            if let Some(why) = warning {
                                let _ = sender.send(Message::Warning(Some(plan), why));
                            }
                            Message::Input(Input::Event(event))
                        }
                        Err(why) => Message::Input(Input::Event(Event::PinRefused { plan, point, why })),
                    }
                });
            }
            Effect::Merge { plan, into } => self.merge(plan, into),
            Effect::Wake { at } => self.wake = Some(self.wake.map_or(at, |wake| wake.min(at))),
            Effect::End(ending) => self.ending = Some(ending),
        }
    }

    pub(super) fn make_worktree(&mut self, plan: PlanName, base: CommitId) {
        let (campaign, admin, sender) = (self.campaign.clone(), self.admin.clone(), self.sender.clone());
        let checkouts = self.checkouts.clone();
        tokio::spawn(async move {
            // As many at once as there are cores: more would only fight for the disk.
            let _permit = checkouts.acquire_owned().await;
            let made = tokio::task::spawn_blocking(move || {
                let (event, warnings) = perform::make_worktree(&campaign, &admin, &plan, &base);
                (plan, event, warnings)
            });
            if let Ok((plan, event, warnings)) = made.await {
                for why in warnings {
                    let _ = sender.send(Message::Warning(Some(plan.clone()), why));
                }
                let _ = sender.send(Message::Input(Input::Event(event)));
            }
        });
    }

    pub(super) fn launch(&mut self, order: Launch) {
        let (campaign, worktree, run) = (self.campaign.clone(), self.worktree(&order.plan), self.run);
        let state = self.scheduler.state().plan(&order.plan).clone();
        let sender = self.sender.clone();
        let read = self.reading(&order.plan);
        tokio::task::spawn_blocking(move || {
            let states = |task: TaskId| state.item_state(&task.into());
            match perform::launch(&campaign, &worktree, &order, run, &states) {
                Ok(launched) => {
                    let process = launched.runner.process();
                    let _ = sender.send(Message::Started(order.attempt.clone(), process));
                    let _ = sender.send(Message::Input(Input::Event(launched.event)));
                    wait_for(sender, order.plan, order.attempt, launched.runner, read);
                }
                Err(event) => {
                    let _ = sender.send(Message::Input(Input::Event(*event)));
                }
            }
        });
    }

    pub(super) fn merge(&mut self, plan: PlanName, into: Option<String>) {
        let (campaign, admin, sender) = (self.campaign.clone(), self.admin.clone(), self.sender.clone());
        let target = into.clone().unwrap_or_else(|| campaign.target.clone());
        let landed = self
            .scheduler
            .state()
            .plans
            .iter()
            .filter_map(|(name, run)| Some((name.clone(), run.landed.get(&target)?.clone())))
            .collect();
        self.in_background(move || {
            let (event, warnings) = perform::merge(&campaign, &admin, &plan, into.as_deref(), &landed);
            for why in warnings {
                let _ = sender.send(Message::Warning(Some(plan.clone()), why));
            }
            Message::Input(Input::Event(event))
        });
    }

    /// Looks, on a thread of its own, whether somebody works in the main checkout.
    pub(super) fn look_for_escapes(&mut self) {
        let Some(began) = self.escapes.begin() else {
            return;
        };
        let (campaign, at_work) = (self.campaign.clone(), self.at_work());
        self.in_background(move || Message::MainCheckout {
            began,
            seen: escapes::look(&campaign),
            at_work,
        });
    }

    pub(super) fn in_background(&self, work: impl FnOnce() -> Message + Send + 'static) {
        let sender = self.sender.clone();
        tokio::task::spawn_blocking(move || {
            let _ = sender.send(work());
        });
    }

    /// Takes over a runner that another supervisor started.
    pub(super) fn attend(&mut self, plan: PlanName, attempt: AttemptId, runner: Runner) {
        self.runners.insert(attempt.clone(), runner.process());
        let read = self.reading(&plan);
        wait_for(self.sender.clone(), plan, attempt, runner, read);
    }

    pub(super) fn worktree(&self, plan: &PlanName) -> PathBuf {
        match &self.scheduler.state().plan(plan).worktree {
            Some(made) => PathBuf::from(&made.path),
            None => self.campaign.worktree_path(plan.as_str()),
        }
    }
}

/// Waits for a runner on a thread of its own, which costs nothing while it sleeps and does not keep the process alive.
/// What the agent reported last is read before its end is told.
fn wait_for(
    sender: mpsc::UnboundedSender<Message>,
    plan: PlanName,
    attempt: AttemptId,
    runner: Runner,
    read: impl FnOnce() -> status::Reading + Send + 'static,
) {
    let waiting = std::thread::Builder::new().stack_size(WAITING_STACK);
    let (warn, about) = (sender.clone(), plan.clone());
    let spawned = waiting.spawn(move || {
        let state = runner.wait();
        let _ = sender.send(Message::StatusRead(plan.clone(), read()));
        let _ = sender.send(Message::RunnerGone(plan, attempt, state));
    });
    if spawned.is_err() {
        let why =
            "no thread could be started to wait for its agent: run orch up again to take it over".to_owned();
        let _ = warn.send(Message::Warning(Some(about), why));
    }
}

/// Stack of a thread that waits for a runner and then reads a status file, in bytes.
const WAITING_STACK: usize = 512 << 10;
