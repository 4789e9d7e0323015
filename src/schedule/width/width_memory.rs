//! The width of a run: narrower while parallel work gains too little, wider again once it would gain.

use super::gain::{Gain, GainVerdict};
use crate::schedule::event::at::At;
use crate::schedule::event::notice::{Width, WidthChange};

/// This many attempts are judged together.
const BLOCK: u32 = 6;
/// A run never needs more good blocks in a row than this to widen.
const PATIENCE: u32 = 8;

/// The width, and what was measured since it was last judged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WidthMemory {
    now: Width,
    /// The change that led to this width.
    change: Option<WidthChange>,
    /// The change that the last block calls for.
    due: Option<WidthChange>,
    block: Gain,
    /// The time up to this moment is counted.
    seen: At,
    /// How often the run narrowed. Each time it stays narrow for longer.
    narrowed: u32,
    /// Good blocks in a row.
    good: u32,
    /// True from the first end of a batch to the last.
    batch_ends: bool,
}

impl WidthMemory {
    /// The width.
    pub fn now(&self) -> Width {
        self.now
    }

    /// The change that led to it; `None` for a run that was always wide.
    pub fn change(&self) -> Option<&WidthChange> {
        self.change.as_ref()
    }

    /// The change that is due.
    pub fn due(&self) -> Option<&WidthChange> {
        self.due.as_ref()
    }

    /// The change back to full width of a run that may no longer be narrow. No attempt was judged for it.
    pub fn switched_off(&self) -> Option<WidthChange> {
        (self.now != Width::Full).then_some(WidthChange {
            width: Width::Full,
            efficiency: 0,
            overhead: 0,
            lost: 0,
            attempts: 0,
        })
    }

    /// True from the first end of the agents at work to the last. A run that works in batches begins nothing then.
    pub fn batch_ends(&self) -> bool {
        self.batch_ends
    }

    /// The time up to this moment is counted.
    pub fn seen(&self) -> At {
        self.seen
    }

    /// Counts the time up to `at`, in which this many agents were at work. If none were, `own` is true when `orch` itself was busy.
    pub fn pass(&mut self, at: At, agents: usize, own: bool) {
        self.block.pass(at.0.saturating_sub(self.seen.0), agents, own);
        self.seen = self.seen.max(at);
    }

    /// Leaves out the time up to `at`, because nobody watched.
    pub fn skip(&mut self, at: At) {
        self.seen = self.seen.max(at);
    }

    /// An agent has ended, and this many are still at work.
    pub fn agent_ended(&mut self, left: usize) {
        self.batch_ends = left > 0;
    }

    /// An attempt was judged; `lost_ms` is its time if it failed. Each full block gives a verdict.
    pub fn note_judged(&mut self, lost_ms: u64) {
        self.block.note_end(lost_ms);
        if self.block.attempts < BLOCK {
            return;
        }
        let block = std::mem::take(&mut self.block);
        let verdict = block.verdict();
        self.good = if verdict == GainVerdict::Good {
            self.good + 1
        } else {
            0
        };
        let enough = 1 << self.narrowed.saturating_sub(1).min(PATIENCE.ilog2());
        let next = match (verdict, self.now) {
            (GainVerdict::Poor, Width::Full) => Width::Narrow,
            (GainVerdict::Poor, Width::Narrow) => Width::Batched,
            (GainVerdict::Good, Width::Batched) if self.good >= enough => Width::Narrow,
            (GainVerdict::Good, Width::Narrow) if self.good >= enough => Width::Full,
            (GainVerdict::Poor | GainVerdict::Fair | GainVerdict::Good, width) => width,
        };
        self.due = (next != self.now).then(|| WidthChange {
            width: next,
            efficiency: block.efficiency(),
            overhead: block.overhead(),
            lost: block.lost(),
            attempts: block.attempts,
        });
    }

    /// The run has changed its width. What was measured before says nothing about the new one.
    pub fn note_change(&mut self, change: &WidthChange, at_work: usize) {
        self.narrowed += u32::from(change.width > self.now);
        self.now = change.width;
        self.change = Some(change.clone());
        self.due = None;
        self.block = Gain::default();
        self.good = 0;
        self.batch_ends = at_work > 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block of attempts of four agents, of which so many percent are lost.
    fn block(memory: &mut WidthMemory, lost: u64) -> Option<Width> {
        for _ in 0..BLOCK {
            let at = At(memory.seen.0 + 100);
            memory.pass(at, 4, false);
            memory.note_judged(4 * lost);
        }
        let due = memory.due().cloned();
        if let Some(change) = &due {
            memory.note_change(change, 0);
        }
        due.map(|change| change.width)
    }

    #[test]
    fn a_run_narrows_step_by_step_and_widens_again() {
        let mut memory = WidthMemory::default();
        assert_eq!(block(&mut memory, 50), None);
        assert_eq!(block(&mut memory, 80), Some(Width::Narrow));
        assert_eq!(block(&mut memory, 50), None);
        assert_eq!(block(&mut memory, 80), Some(Width::Batched));
        // Narrowed twice, so two good blocks in a row.
        assert_eq!(block(&mut memory, 0), None);
        assert_eq!(block(&mut memory, 50), None);
        assert_eq!(block(&mut memory, 0), None);
        assert_eq!(block(&mut memory, 0), Some(Width::Narrow));
        assert_eq!(block(&mut memory, 0), None);
        assert_eq!(block(&mut memory, 0), Some(Width::Full));
        assert_eq!(block(&mut memory, 0), None);
        let said = memory.change().map(|change| (change.efficiency, change.lost));
        assert_eq!(said, Some((75, 0)));
    }

    #[test]
    fn a_batch_is_over_when_its_last_agent_has_ended() {
        let mut memory = WidthMemory::default();
        let change = WidthChange {
            width: Width::Batched,
            efficiency: 0,
            overhead: 0,
            lost: 0,
            attempts: 6,
        };
        memory.note_change(&change, 2);
        assert!(memory.batch_ends());
        memory.agent_ended(1);
        assert!(memory.batch_ends());
        memory.agent_ended(0);
        assert!(!memory.batch_ends());
        memory.agent_ended(1);
        assert!(memory.batch_ends());
    }

    #[test]
    fn time_in_which_nobody_watched_is_left_out() {
        let mut memory = WidthMemory::default();
        memory.pass(At(1_000), 2, false);
        memory.skip(At(9_000));
        memory.pass(At(9_500), 2, false);
        assert_eq!((memory.block.busy_ms, memory.block.agents_ms), (1_500, 3_000));
    }
}
