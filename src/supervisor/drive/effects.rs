//! Starting to perform effects: each runs on a thread of its own and comes back as a message.

use std::sync::Arc;

use crate::plan::{LaneId, PlanName};
use crate::schedule::train::{Landing, Order, TrainAnswer, Unmoved};
use crate::schedule::{Effect, Event, Input, PinRefusal};

use super::engine::Engine;
use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::perform;
use crate::supervisor::perform::attempt::unit::alone;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::work::land_gate::LandGate;
use crate::supervisor::work::{resolving, runners, train};

impl Engine<'_> {
    pub(super) fn perform(&mut self, effect: Effect) -> Result<(), SupervisorError> {
        match effect {
            Effect::MakeWorktree { plan, lane, base } => {
                self.worktree_queue.make(&self.desk, LaneId { plan, lane }, base)
            }
            Effect::Launch(order) => {
                let lane = LaneId::new(&order.plan, order.place.lane);
                // A worktree of an earlier supervisor is not watched yet.
                self.reports.watch(&self.desk, &lane, &self.desk.worktree(&lane));
                runners::launch(&self.desk, order);
            }
            Effect::Stop { attempt, now } => self.runners.stop(&self.desk, attempt, now),
            Effect::Resolve(order) => resolving::by_agent(&self.desk, *order),
            Effect::Look {
                plan,
                lane,
                attempt,
                stall_after,
            } => self
                .runners
                .look(&self.desk, LaneId { plan, lane }, attempt, stall_after),
            Effect::Check { .. } => check(&self.desk, effect),
            Effect::Integrate { .. } => integrate(&self.desk, effect),
            Effect::Verify { plan } => {
                let worktree = self.desk.worktree(&LaneId::own(&plan));
                let project = self.desk.project.clone();
                let unwanted = self.verifying.begin(&plan);
                self.desk.in_background(move || {
                    let unwanted = || unwanted.is_set();
                    EngineMessage::Input(Input::Event(perform::verify(
                        &project, &worktree, &plan, &unwanted,
                    )))
                });
            }
            Effect::StopVerification { plan } => {
                self.verifying.give_up(&plan);
                let project = self.desk.project.clone();
                tokio::task::spawn_blocking(move || perform::stop_verification(&project, &plan));
            }
            Effect::VerifyPhase { plan, phase } => {
                let (project, pool, admin) = (
                    self.desk.project.clone(),
                    self.desk.pool.clone(),
                    self.desk.admin.clone(),
                );
                self.desk.in_background(move || {
                    let said = perform::verify_phase(&project, &admin, &pool, &plan, phase);
                    EngineMessage::Input(Input::Event(said))
                });
            }
            Effect::StopPhaseCheck { plan, phase } => {
                let (project, pool) = (self.desk.project.clone(), self.desk.pool.clone());
                tokio::task::spawn_blocking(move || perform::stop_phase_check(&project, &pool, &plan, phase));
            }
            Effect::Pin { .. } => pin(&self.desk, effect),
            Effect::Train { order, into } => return self.train(order, into),
            Effect::Union(build) => train::try_union(&self.desk, build),
            Effect::StopUnion(build) => {
                let (project, pool) = (self.desk.project.clone(), self.desk.pool.clone());
                tokio::task::spawn_blocking(move || pool.stop(&project, build));
            }
            Effect::Wake { at } => self.wake = Some(self.wake.map_or(at, |wake| wake.min(at))),
            Effect::AwaitPerson => self.observer.awaits(&self.desk.scheduler),
            Effect::End(ending) => self.ending = Some(ending),
        }
        Ok(())
    }

    /// Carries out an order of the merge train.
    fn train(&mut self, order: Order, into: Option<String>) -> Result<(), SupervisorError> {
        let target = into.unwrap_or_else(|| self.desk.project.target.clone());
        let (project, pool) = (self.desk.project.clone(), self.desk.pool.clone());
        match order {
            Order::Try(build) => {
                let (admin, known) = (
                    self.desk.admin.clone(),
                    perform::KnownPlans::of(&self.desk.scheduler, &target),
                );
                train::answer(&self.desk, move || {
                    let context = perform::BuildContext {
                        project: &project,
                        admin: &admin,
                        pool: &pool,
                        build: &build,
                    };
                    perform::try_out(context, &target, &known)
                });
            }
            Order::Land(landing) => {
                let Some(gate) = self.land_gate(&landing)? else {
                    train::answer(&self.desk, || {
                        (TrainAnswer::Landed(Err(Unmoved::Withdrawn)), Vec::new())
                    });
                    return Ok(());
                };
                let gate = Arc::new(gate);
                self.landing = Some(gate.clone());
                train::answer(&self.desk, move || {
                    let go = || gate.go();
                    let (answer, warnings) = perform::land(&project, &pool, &landing, &target, &go);
                    let about = landing.batch.last();
                    let warn = |why| Event::warning(about.cloned(), why);
                    (answer, warnings.into_iter().map(warn).collect())
                });
            }
            Order::Stop(build) => {
                tokio::task::spawn_blocking(move || pool.stop(&project, build));
            }
        }
        Ok(())
    }

    /// Reads people's reports on the plans that are about to land. `None` when one of them may no longer land.
    fn land_gate(&mut self, landing: &Landing) -> Result<Option<LandGate>, SupervisorError> {
        let gate = LandGate::before(&self.desk, landing);
        for plan in &landing.batch {
            self.hear_people(plan)?;
        }
        let may = |plan: &PlanName| self.desk.scheduler.state().plan(plan).may_land();
        Ok(landing.batch.iter().all(may).then_some(gate))
    }
}

/// Inspects the work of an ended attempt.
fn check(desk: &Desk, effect: Effect) {
    let Effect::Check {
        plan,
        attempt,
        place,
        since,
        said: reported,
        handed_on,
    } = effect
    else {
        return;
    };
    let lane = LaneId::new(&plan, place.lane);
    let (project, admin, worktree) = (desk.project.clone(), desk.admin.clone(), desk.worktree(&lane));
    one_by_one(desk, plan.clone(), move || {
        let left = perform::EndedAttempt {
            plan: &plan,
            attempt: &attempt,
            place: &place,
            since: since.as_ref(),
            reported: &reported,
            handed_on: &handed_on,
        };
        perform::check(&project, &admin, &worktree, &left)
    });
}

/// Merges an attempt's work into its plan's branch.
fn integrate(desk: &Desk, effect: Effect) {
    let Effect::Integrate {
        plan,
        attempt,
        place,
        tip,
        made,
    } = effect
    else {
        return;
    };
    let (project, admin) = (desk.project.clone(), desk.admin.clone());
    one_by_one(desk, plan.clone(), move || {
        perform::integrate(
            &project,
            &admin,
            &plan,
            &attempt,
            &place,
            (tip.as_ref(), made.as_ref()),
        )
    });
}

/// Runs work in the background, one at a time for the branches of a plan. The work returns an event, and warnings for a person.
fn one_by_one(desk: &Desk, plan: PlanName, work: impl FnOnce() -> (Event, Vec<String>) + Send + 'static) {
    let (lock, sender) = (desk.units.of(&plan), desk.sender.clone());
    desk.in_background(move || {
        let _alone = alone(&lock);
        let (event, warnings) = work();
        for why in warnings {
            let _ = sender.send(EngineMessage::Warning(Some(plan.clone()), why));
        }
        EngineMessage::Input(Input::Event(event))
    });
}

/// Pins the commit of a reached point.
fn pin(desk: &Desk, effect: Effect) {
    let Effect::Pin {
        plan,
        point,
        holds,
        wanted,
        verified,
        handed_on,
    } = effect
    else {
        return;
    };
    let worktree = desk.worktree(&LaneId::own(&plan));
    let (project, sender) = (desk.project.clone(), desk.sender.clone());
    let run = desk.scheduler.state().plan(&plan);
    // When units have branches of their own, nobody works on the plan's branch.
    let attempt = run.attempts.get(&0).filter(|_| !run.by_units);
    let at_work = attempt.map(|attempt| perform::AtWork {
        since: attempt.head.clone(),
    });
    desk.in_background(move || {
        let order = perform::PinOrder {
            point,
            at_work,
            wanted,
            verified,
            handed_on: &handed_on,
        };
        match perform::pin(&project, &worktree, &plan, order) {
            Ok((mut pinned, warning)) => {
                pinned.holds = holds;
                if let Some(why) = warning {
                    let _ = sender.send(EngineMessage::Warning(Some(plan), why));
                }
                EngineMessage::Input(Input::Event(Event::Pinned(pinned)))
            }
            Err(why) => {
                EngineMessage::Input(Input::Event(Event::PinRefused(PinRefusal { plan, point, why })))
            }
        }
    });
}
