//! The verification of a phase: run on the commit with which it ends, before the phase is done and that commit is pinned.
//!
//! It belongs to the attempt that completes the phase. Red, that attempt has failed with the output, and the next one is
//! told; nothing behind the phase begins. Where nobody is at work any more, because the rest of the phase was left out, a
//! person has to look.

use serde::{Deserialize, Serialize};

use crate::plan::{CommitId, PhaseId, PlanName, UnitId};

use crate::schedule::board::ask::Ask;
use crate::schedule::board::effect::Effect;
use crate::schedule::drive::scheduler::{Scheduler, Step};
use crate::schedule::event::at::At;
use crate::schedule::event::fact::Event;
use crate::schedule::event::trouble::Hold;
use crate::schedule::state::attempt::{Attempt, Integration, Stage};
use crate::schedule::state::known::Phase;
use crate::schedule::state::plan_run::PlanRun;
use crate::schedule::work::plans::PlanWork;

/// Something about the verification of a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhaseVerify {
    /// The plan.
    pub plan: PlanName,
    /// The phase.
    pub phase: PhaseId,
    /// What is said.
    pub said: PhaseSaid,
    /// What was run; none where that did not come to an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<Ran>,
    /// Why it failed, with the end of the output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// A word about the verification of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseSaid {
    /// It began.
    Started,
    /// It succeeded.
    Passed,
    /// It failed.
    Failed,
    /// It was stopped because a person asked; it says nothing.
    Stopped,
}

/// A shell line that was run on a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// The shell line; several are joined by ` && `.
    pub line: String,
    /// The commit.
    pub commit: CommitId,
    /// Its tree.
    pub tree: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// Where the verification of a phase stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhaseCheck {
    /// It runs since then.
    Running(At),
    /// This commit passed; it was begun then.
    Passed(CommitId, At),
    /// It failed, and why.
    Failed(String),
}

/// What the verifications of some phases say together.
pub(in crate::schedule) enum Checked {
    /// Nothing stands in the way.
    Passed,
    /// Something is still to be said.
    Waiting,
    /// This phase failed, and why.
    Failed(PhaseId, String),
}

impl PlanRun {
    /// Folds a word about the verification of a phase.
    pub(in crate::schedule) fn was_checked(&mut self, at: At, fact: &PhaseVerify) {
        let begun = match (self.phase_checks.get(&fact.phase), fact.said) {
            (Some(PhaseCheck::Running(begun)), _) => *begun,
            (_, PhaseSaid::Started) => at,
            // It was about what is not there any more.
            (Some(PhaseCheck::Passed(..) | PhaseCheck::Failed(_)) | None, _) => return,
        };
        let now = match (fact.said, &fact.ran) {
            (PhaseSaid::Started, _) => Some(PhaseCheck::Running(at)),
            (PhaseSaid::Passed, Some(ran)) => Some(PhaseCheck::Passed(ran.commit.clone(), begun)),
            (PhaseSaid::Failed, _) => Some(PhaseCheck::Failed(fact.why.clone().unwrap_or_default())),
            (PhaseSaid::Stopped | PhaseSaid::Passed, _) => None,
        };
        match now {
            Some(now) => self.phase_checks.insert(fact.phase, now),
            None => self.phase_checks.remove(&fact.phase),
        };
    }

    /// Forgets what was said of phases that are not done and of which this is true: something else is going to be there.
    pub(in crate::schedule) fn forget_checks(&mut self, of: impl Fn(PhaseId) -> bool) {
        let done = &self.phases_done;
        self.phase_checks
            .retain(|phase, _| done.contains_key(phase) || !of(*phase));
    }

    /// The commit of the phase's end that passed its verification, and the phases that were done when that began.
    pub(in crate::schedule) fn verified_end(&self, phase: PhaseId) -> Option<(CommitId, Vec<PhaseId>)> {
        let Some(PhaseCheck::Passed(commit, begun)) = self.phase_checks.get(&phase) else {
            return None;
        };
        let before = self
            .phases_done
            .iter()
            .filter(|(other, at)| **at <= *begun && **other != phase);
        let holds = before.map(|(other, _)| *other).chain([phase]);
        Some((commit.clone(), holds.collect()))
    }
}

impl PlanWork {
    /// True when the phase has a verification of its own, and was not ticked before anything began.
    pub(in crate::schedule) fn is_verified(&self, run: &PlanRun, phase: PhaseId) -> bool {
        let mut units = self.units.iter().filter(|unit| unit.id.phase() == phase);
        self.phase(phase).is_some_and(|phase| phase.verify)
            && units.any(|unit| !run.ticked.contains(&unit.id))
    }

    /// Phases with a verification of their own that are done once these units are.
    pub(in crate::schedule) fn phases_completed(&self, run: &PlanRun, units: &[UnitId]) -> Vec<PhaseId> {
        let is_open = |id: UnitId| !units.contains(&id) && !run.is_unit_done(id) && !self.is_background(id);
        let mut phases: Vec<PhaseId> = units.iter().map(|unit| unit.phase()).collect();
        phases.sort_unstable();
        phases.dedup();
        phases.retain(|phase| {
            let mut own = self.units.iter().filter(|unit| unit.id.phase() == *phase);
            self.is_verified(run, *phase)
                && !run.phases_done.contains_key(phase)
                && !own.any(|unit| is_open(unit.id))
        });
        phases
    }
}

impl Scheduler {
    /// What the verifications of these phases say; what was not run yet is asked for, one after the other.
    pub(in crate::schedule) fn checked(
        &mut self,
        at: At,
        index: usize,
        phases: &[PhaseId],
        step: &mut Step,
    ) -> Checked {
        for phase in phases {
            let run = &self.state.plans[index];
            let begun = match run.phase_checks.get(phase) {
                Some(PhaseCheck::Passed(..)) => continue,
                Some(PhaseCheck::Failed(why)) => return Checked::Failed(*phase, why.clone()),
                Some(PhaseCheck::Running(_)) => true,
                None => false,
            };
            let plan = self.work.plans[index].name.clone();
            let ask = Ask::VerifyPhase(plan.clone(), *phase);
            // What is asked for after a restart has begun already; nothing begins while a person wants an end.
            if !self.asked.contains(&ask) && !matches!(self.state.phase, Phase::Stopping { .. }) {
                if !begun {
                    let started = PhaseVerify {
                        plan: plan.clone(),
                        phase: *phase,
                        said: PhaseSaid::Started,
                        ran: None,
                        why: None,
                    };
                    self.record(at, Event::PhaseVerify(started), step);
                }
                self.ask(ask, Effect::VerifyPhase { plan, phase: *phase }, step);
            }
            return Checked::Waiting;
        }
        Checked::Passed
    }

    /// Of phases with a verification of their own that nobody works on any more and that would be done, those that are: a
    /// verification that failed then needs a person.
    pub(in crate::schedule) fn checked_by_nobody(
        &mut self,
        at: At,
        index: usize,
        phases: &[PhaseId],
        step: &mut Step,
    ) -> Vec<PhaseId> {
        let mut done = Vec::new();
        let run = &self.state.plans[index];
        if !run.is_open() || run.worktree().is_none() {
            return done;
        }
        for phase in phases {
            match self.checked(at, index, &[*phase], step) {
                Checked::Passed => done.push(*phase),
                Checked::Waiting => {}
                Checked::Failed(phase, why) => {
                    let why = failed_words(phase, &why);
                    let run = &self.state.plans[index];
                    if run.is_open() && !run.is_at_work() {
                        let plan = self.work.plans[index].name.clone();
                        let why = Hold::Verification { why };
                        self.record(at, Event::PlanHeld { plan, why }, step);
                    }
                }
            }
        }
        done
    }

    /// True when an attempt that has ended may wait for the verification of a phase, which takes as long as other work.
    pub(in crate::schedule) fn is_verifying(&self, plan: &PlanName, attempt: &Attempt) -> bool {
        let asked = |ask: &Ask| matches!(ask, Ask::VerifyPhase(of, _) if of == plan);
        let there = attempt.integration == Integration::Merged || !self.state.plan(plan).by_units;
        matches!(attempt.stage, Stage::Checked(..)) && there && self.asked.iter().any(asked)
    }

    /// Ends the verifications of phases that run.
    pub(in crate::schedule) fn stop_phase_checks(&mut self, step: &mut Step) {
        let asked = self.asked.iter().filter_map(|ask| match ask {
            Ask::VerifyPhase(plan, phase) => Some((plan.clone(), *phase)),
            _ => None,
        });
        for (plan, phase) in asked.collect::<Vec<_>>() {
            let ask = Ask::StopPhaseCheck(plan.clone(), phase);
            self.ask(ask, Effect::StopPhaseCheck { plan, phase }, step);
        }
    }
}

/// Why a phase is not done, for the next attempt and for people.
pub(in crate::schedule) fn failed_words(phase: PhaseId, why: &str) -> String {
    format!("phase {phase} does not pass its `verify`: {why}")
}

/// The word of a verification that passed and of which nothing else is known.
pub(in crate::schedule) fn passed(plan: PlanName, phase: PhaseId, commit: CommitId) -> Event {
    Event::PhaseVerify(PhaseVerify {
        plan,
        phase,
        said: PhaseSaid::Passed,
        ran: Some(Ran {
            line: String::new(),
            commit,
            tree: String::new(),
            took_ms: 0,
        }),
        why: None,
    })
}

/// The same of a plan's own verification.
pub(in crate::schedule) fn plan_passed(plan: PlanName, commit: CommitId) -> Event {
    Event::VerifyPassed {
        plan,
        commit,
        ran: None,
    }
}
