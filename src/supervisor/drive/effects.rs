//! Starting to perform effects: each goes to a thread of its own and comes back as a message.

use std::path::PathBuf;
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::agent::{Hold, JobFolder, JobState, LOOK_AGAIN, Runner};
use crate::plan::{AttemptId, ItemId, LaneId};
use crate::schedule::{Effect, Event, Input, Launch, PinRefusal, Signs};

use super::engine::Engine;
use crate::supervisor::brief::assignment::waits_elsewhere;
use crate::supervisor::desk::message::Message;
use crate::supervisor::perform;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::work::status_feed::LaneReading;

impl Engine<'_> {
    pub(in crate::supervisor) fn perform(&mut self, effect: Effect) -> Result<(), SupervisorError> {
        match effect {
            Effect::MakeWorktree { plan, lane, base } => self.make_worktree(LaneId { plan, lane }, base),
            Effect::Launch(order) => self.launch(order),
            Effect::Stop { attempt, now } => {
                // One that is gone already has sent word of that.
                if let Some(runner) = self.runners.get(&attempt) {
                    runner.stop(now);
                } else {
                    let yard = self.yard.clone();
                    tokio::task::spawn_blocking(move || yard.stop_resolver(&attempt, now));
                }
            }
            Effect::Resolve(order) => self.resolve_by_agent(*order),
            Effect::Look {
                plan,
                lane,
                attempt,
                patience,
            } => self.look(LaneId { plan, lane }, attempt, patience),
            Effect::Check {
                plan,
                attempt,
                place,
                since,
                said: reported,
                handed_on,
            } => {
                let lane = LaneId::new(&plan, place.lane);
                let (campaign, worktree) = (self.campaign.clone(), self.worktree(&lane));
                let (admin, sender) = (self.admin.clone(), self.sender.clone());
                let lock = self.units.of(&plan);
                self.in_background(move || {
                    let _alone = alone(&lock);
                    let left = perform::Left {
                        plan: &plan,
                        attempt: &attempt,
                        place: &place,
                        since: since.as_ref(),
                        reported: &reported,
                        handed_on: &handed_on,
                    };
                    let (event, said) = perform::check(&campaign, &admin, &worktree, &left);
                    for why in said {
                        let _ = sender.send(Message::Warning(Some(plan.clone()), why));
                    }
                    Message::Input(Input::Event(event))
                });
            }
            Effect::Integrate {
                plan,
                attempt,
                place,
                tip,
                made,
            } => {
                let (campaign, admin, sender) =
                    (self.campaign.clone(), self.admin.clone(), self.sender.clone());
                let lock = self.units.of(&plan);
                self.in_background(move || {
                    let _alone = alone(&lock);
                    let (event, said) = perform::integrate(
                        &campaign,
                        &admin,
                        &plan,
                        &attempt,
                        &place,
                        (tip.as_ref(), made.as_ref()),
                    );
                    for why in said {
                        let _ = sender.send(Message::Warning(Some(plan.clone()), why));
                    }
                    Message::Input(Input::Event(event))
                });
            }
            Effect::Verify { plan } => {
                let worktree = self.worktree(&LaneId::own(&plan));
                let campaign = self.campaign.clone();
                let unwanted = self.verifying.begin(&plan);
                self.in_background(move || {
                    let unwanted = || unwanted.is_so();
                    Message::Input(Input::Event(perform::verify(
                        &campaign, &worktree, &plan, &unwanted,
                    )))
                });
            }
            Effect::StopVerification { plan } => {
                self.verifying.forgo(&plan);
                let campaign = self.campaign.clone();
                tokio::task::spawn_blocking(move || perform::stop_verification(&campaign, &plan));
            }
            Effect::VerifyPhase { plan, phase } => {
                let (campaign, yard, admin) = (self.campaign.clone(), self.yard.clone(), self.admin.clone());
                self.in_background(move || {
                    let said = perform::verify_phase(&campaign, &admin, &yard, &plan, phase);
                    Message::Input(Input::Event(said))
                });
            }
            Effect::StopPhaseCheck { plan, phase } => {
                let (campaign, yard) = (self.campaign.clone(), self.yard.clone());
                tokio::task::spawn_blocking(move || {
                    perform::stop_phase_check(&campaign, &yard, &plan, phase)
                });
            }
            Effect::Pin {
                plan,
                point,
                holds,
                wanted,
                verified,
                handed_on,
            } => {
                let worktree = self.worktree(&LaneId::own(&plan));
                let (campaign, sender) = (self.campaign.clone(), self.sender.clone());
                let run = self.scheduler.state().plan(&plan);
                // Where units have branches of their own, nobody works on the plan's.
                let attempt = run.attempts.get(&0).filter(|_| !run.by_units);
                let at_work = attempt.map(|attempt| perform::AtWork {
                    since: attempt.head.clone(),
                });
                self.in_background(move || {
                    let order = perform::PinOrder {
                        point,
                        at_work,
                        wanted,
                        verified,
                        handed_on: &handed_on,
                    };
                    match perform::pin(&campaign, &worktree, &plan, order) {
                        Ok((mut pinned, warning)) => {
                            pinned.holds = holds;
                            if let Some(why) = warning {
                                let _ = sender.send(Message::Warning(Some(plan), why));
                            }
                            Message::Input(Input::Event(Event::Pinned(pinned)))
                        }
                        Err(why) => {
                            Message::Input(Input::Event(Event::PinRefused(PinRefusal { plan, point, why })))
                        }
                    }
                });
            }
            Effect::Train { order, into } => return self.train(order, into),
            Effect::Union(trial) => self.try_union(trial),
            Effect::StopUnion(trial) => {
                let (campaign, yard) = (self.campaign.clone(), self.yard.clone());
                tokio::task::spawn_blocking(move || yard.stop(&campaign, trial));
            }
            Effect::Wake { at } => self.wake = Some(self.wake.map_or(at, |wake| wake.min(at))),
            Effect::End(ending) => self.ending = Some(ending),
        }
        Ok(())
    }

    /// Looks for signs of life of an attempt, on a thread of its own. One that is gone already has sent word of that.
    fn look(&self, lane: LaneId, attempt: AttemptId, patience: Duration) {
        let (watch, sender) = (self.still.clone(), self.sender.clone());
        let folder = JobFolder::new(self.campaign.dir.attempt(&attempt));
        let runner = self.runners.get(&attempt).map(Hold::process);
        let resolver = self.scheduler.state().plan(&lane.plan).resolution.agent.as_ref();
        let resolves = resolver.is_some_and(|agent| agent.attempt == attempt);
        let worktree = match resolves {
            true => self.campaign.conflict_path(&lane.plan),
            false => self.worktree(&lane),
        };
        if runner.is_none() && !resolves {
            return;
        }
        tokio::task::spawn_blocking(move || {
            // One that resolves a conflict is waited for elsewhere.
            let running = || match folder.state() {
                Ok(JobState::Running(Some(running))) => Some(running.runner),
                _ => None,
            };
            let seen = runner.or_else(running);
            let signs = seen.and_then(|runner| watch.look(&attempt, runner, &folder, &worktree, patience));
            // Before it begins, and while it is looked at what it has made, somebody else is at work.
            let signs = signs.or_else(|| resolves.then(Signs::of_life));
            if let Some(signs) = signs {
                let plan = lane.plan;
                let _ = sender.send(Message::Input(Input::Signs { plan, attempt, signs }));
            }
        });
    }

    /// Starts an agent, once the journal is on the disk up to here.
    pub(in crate::supervisor) fn launch(&mut self, order: Launch) {
        let lane = LaneId::new(&order.plan, order.place.lane);
        let (campaign, worktree, run) = (self.campaign.clone(), self.worktree(&lane), self.run);
        // One that an earlier supervisor made is not watched yet.
        self.watch(&lane, &worktree);
        let state = self.scheduler.state().plan(&order.plan).clone();
        let plan = self.campaign.plan(&order.plan);
        let waits = plan.map(|plan| waits_elsewhere(plan, self.scheduler.state()));
        let waits = waits.unwrap_or_default();
        let (admin, lock, sender) = (
            self.admin.clone(),
            self.units.of(&order.plan),
            self.sender.clone(),
        );
        let (read, mark) = (self.reading(&lane), self.journal.mark());
        let runtime = Handle::current();
        tokio::task::spawn_blocking(move || {
            let states = |item: &ItemId| state.item_state(item);
            let launched = {
                let _alone = alone(&lock);
                perform::note_again_before(&campaign, &order, &state);
                let known = perform::TasksKnown {
                    states: &states,
                    waits,
                };
                perform::launch(&campaign, &admin, &worktree, &order, run, known, &mark)
            };
            match launched {
                Ok(launched) => {
                    let hold = launched.runner.hold();
                    let _ = sender.send(Message::Started(order.attempt.clone(), hold));
                    let _ = sender.send(Message::Input(Input::Event(launched.event)));
                    for why in launched.said {
                        let _ = sender.send(Message::Warning(Some(order.plan.clone()), why));
                    }
                    runtime.spawn(wait_for(sender, lane, order.attempt, launched.runner, read));
                }
                // The loop is told when the disk does not take the journal, and the plan is not to blame.
                Err(_) if mark.reach().is_err() => {}
                Err(event) => {
                    let _ = sender.send(Message::Input(Input::Event(*event)));
                }
            }
        });
    }

    pub(in crate::supervisor) fn in_background(&self, work: impl FnOnce() -> Message + Send + 'static) {
        let sender = self.sender.clone();
        tokio::task::spawn_blocking(move || {
            let _ = sender.send(work());
        });
    }

    /// Takes over a runner that another supervisor started.
    pub(in crate::supervisor) fn attend(&mut self, lane: LaneId, attempt: AttemptId, runner: Runner) {
        self.runners.insert(attempt.clone(), runner.hold());
        let read = self.reading(&lane);
        tokio::spawn(wait_for(self.sender.clone(), lane, attempt, runner, read));
    }

    pub(in crate::supervisor) fn worktree(&self, lane: &LaneId) -> PathBuf {
        match self.scheduler.state().plan(&lane.plan).worktrees.get(&lane.lane) {
            Some(made) => PathBuf::from(&made.path),
            None => self.campaign.lane_path(lane),
        }
    }
}

/// Waits for the turn of a step that changes a plan's branch or lanes.
fn alone(lock: &std::sync::Mutex<()>) -> std::sync::MutexGuard<'_, ()> {
    // Every step can be done again from where another stopped.
    lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Waits for the end of a runner's job. What the agent reported last is read before that is told.
async fn wait_for(
    sender: mpsc::UnboundedSender<Message>,
    lane: LaneId,
    attempt: AttemptId,
    runner: Runner,
    read: impl FnOnce() -> LaneReading + Send + 'static,
) {
    if let Ok(Some(end)) = runner.end() {
        // SAFETY: an `OwnedFd` is open for as long as it lives, and nobody but the `AsyncFd` has this one.
        let end = unsafe { AsyncFd::register_with_interest(end, Interest::READABLE) };
        // Where that cannot be told, the thread waits.
        if let Ok(end) = end {
            while tokio::time::timeout(LOOK_AGAIN, end.readable()).await.is_err() {
                if runner.look() {
                    let why = format!("a signal had suspended the runner of {attempt}: it goes on");
                    let _ = sender.send(Message::Warning(Some(lane.plan.clone()), why));
                }
            }
        }
    }
    tokio::task::spawn_blocking(move || {
        let ended = runner.wait();
        let plan = lane.plan.clone();
        let _ = sender.send(Message::StatusRead(lane, read()));
        let _ = sender.send(Message::RunnerGone(plan, attempt, ended));
    });
}
