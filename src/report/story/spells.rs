//! A plan's spells besides attempts: waits for people and limits, verifications and merges.

use jiff::Timestamp;

use super::chronicle::{PlanStory, RunStory};
use super::spell::{Spell, SpellKind};
use crate::plan::{Currency, PlanName, WorkRef};
use crate::report::line::event_line::detail;
use crate::schedule::{Event, MergeTrouble, PersonFact, Steered};

impl PlanStory {
    fn open(&mut self, kind: SpellKind, at: Timestamp, text: String) {
        let open = |spell: &&mut Spell| spell.kind == kind && spell.to.is_none();
        match self.spells.iter_mut().find(open) {
            Some(spell) => spell.text = text,
            None => self.spells.push(Spell {
                kind,
                from: at,
                to: None,
                text,
            }),
        }
    }

    fn close(&mut self, kinds: &[SpellKind], at: Timestamp) {
        let spells = self.spells.iter_mut();
        for spell in spells.filter(|spell| spell.to.is_none() && kinds.contains(&spell.kind)) {
            spell.to = Some(at);
        }
    }

    fn verify_failed(&mut self, at: Timestamp) {
        let open = |spell: &&mut Spell| spell.kind == SpellKind::Verifying && spell.to.is_none();
        if let Some(spell) = self.spells.iter_mut().find(open) {
            (spell.kind, spell.to) = (SpellKind::VerifyFailed, Some(at));
        }
    }

    /// When an attempt, a verification, a merge or a wait of the plan ended last; `None` before any did.
    pub fn last_activity(&self) -> Option<Timestamp> {
        let attempts = self.attempts.iter().filter_map(|attempt| attempt.ended);
        let spells = self.spells.iter().filter_map(|spell| spell.to);
        attempts.chain(spells).max()
    }

    /// The plan waited for a person until now, unless an agent was at work.
    fn gate_passed(&mut self, began: Option<Timestamp>, at: Timestamp, text: String) {
        if self.attempts.iter().any(|attempt| attempt.ended.is_none()) {
            return;
        }
        if let Some(from) = self.last_activity().or(began).filter(|from| *from < at) {
            self.spells.push(Spell {
                kind: SpellKind::Gate,
                from,
                to: Some(at),
                text,
            });
        }
    }
}

fn steered_ref(steered: &Steered) -> WorkRef {
    WorkRef {
        plan: steered.plan.clone(),
        point: steered.point,
    }
}

/// Waits that end by a person or by the end of a limit.
const WAITS: [SpellKind; 3] = [SpellKind::Gate, SpellKind::Held, SpellKind::Parked];

impl RunStory {
    /// Handles an event that begins or ends spells.
    pub(super) fn fold_spells(&mut self, at: Timestamp, event: &Event) {
        use SpellKind::{Gate, Held, Merging, Parked, Paused, Verifying};
        let began = self.began;
        let mut open = |plan: &PlanName, kind, text| self.plan(plan).open(kind, at, text);
        match event {
            Event::VerifyStarted(of) => open(&of.plan, Verifying, String::new()),
            Event::MergeStarted(begun) => {
                let plan = self.plan(&begun.plan);
                plan.close(&[Held], at);
                plan.open(Merging, at, String::new());
            }
            Event::PlanHeld { plan, .. } => open(plan, Held, detail(event, Currency::default())),
            Event::WorktreeRefused(note) if note.lane == 0 => open(&note.plan, Held, note.why.clone()),
            Event::QuestionAsked(question) => open(&question.plan, Gate, format!("asks “{}”", question.text)),
            Event::AttemptParked(parked) => open(&parked.plan, Parked, parked.why.clone()),
            Event::AttemptFailed {
                plan,
                retry_in_ms: Some(1..),
                ..
            } => open(plan, Parked, "the delay of a retry".to_owned()),
            Event::Paused(asked) => open(&asked.plan, Paused, String::new()),
            Event::VerifyPassed { plan, .. } => self.plan(plan).close(&[Verifying], at),
            Event::VerifyFailed(failed) => self.plan(&failed.plan).verify_failed(at),
            Event::VerifyStopped(of) => self.plan(&of.plan).close(&[Verifying], at),
            Event::MergeLanded(landed) => self.plan(&landed.plan).close(&[Merging, Held, Gate], at),
            Event::MergeFailed(failed) => {
                let plan = self.plan(&failed.plan);
                plan.close(&[Merging], at);
                match &failed.why {
                    MergeTrouble::Review { commit } => {
                        plan.open(Gate, at, format!("waited for the review of {}", commit.short()));
                    }
                    why if why.holds() => plan.open(Held, at, detail(event, Currency::default())),
                    _ => {}
                }
            }
            Event::Resumed(steered) => self.plan(&steered.plan).close(&[Paused], at),
            Event::RetryRequested(steered) => self.plan(&steered.plan).close(&WAITS, at),
            Event::QuestionAnswered(answer) => self.plan(&answer.plan).close(&WAITS, at),
            Event::AttemptAssigned { plan, .. } => self.plan(plan).close(&WAITS, at),
            Event::PlanCancelled(of) => self.plan(&of.plan).close(&[Gate, Held, Parked, Paused], at),
            Event::Approved(steered) => {
                let text = format!("waited for the approval of {}", steered_ref(steered));
                self.plan(&steered.plan).gate_passed(began, at, text);
            }
            Event::Person(PersonFact::ReviewApproved(review)) => {
                let text = format!("waited for the review of {}", review.commit.short());
                let plan = self.plan(&review.plan);
                plan.close(&[Gate], at);
                plan.gate_passed(began, at, text);
            }
            _ => {}
        }
    }

    /// Ends the spells that nothing continues after the run.
    pub(super) fn end_spells(&mut self) {
        let Some(ended) = self.ended else { return };
        for plan in self.plans.values_mut() {
            plan.close(&[SpellKind::Verifying, SpellKind::Merging], ended);
        }
    }
}
