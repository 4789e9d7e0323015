//! Ending a command: the signals that it understands, one after the other, then KILL.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::plan::StopSignal;

use crate::agent::jobs::extinction;
use crate::agent::jobs::process::ProcessId;

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StopStep {
    Ask(StopSignal),
    Kill,
}

/// A command that is being ended.
#[derive(Debug)]
pub(in crate::agent) struct Stopping(VecDeque<(Instant, StopStep)>);

impl Stopping {
    /// The steps, spread evenly over the grace period.
    pub(in crate::agent) fn new(signals: &[StopSignal], grace: Duration, now: Instant) -> Self {
        let share = grace / u32::try_from(signals.len().max(1)).unwrap_or(1);
        let asks = (0u32..)
            .zip(signals)
            .filter_map(|(place, signal)| Some((now.checked_add(share * place)?, StopStep::Ask(*signal))));
        // A grace period that the clock cannot represent means that nothing is killed.
        let kill = now.checked_add(grace).map(|at| (at, StopStep::Kill));
        Self(asks.chain(kill).collect())
    }

    /// When the next step is due.
    pub(in crate::agent) fn due(&self) -> Option<Instant> {
        self.0.front().map(|(at, _)| *at)
    }

    /// Takes the steps that are due; `leader` is the command's own process.
    pub(in crate::agent) fn go_on(&mut self, now: Instant, leader: u32) {
        while let Some((at, step)) = self.0.front().copied()
            && at <= now
        {
            self.0.pop_front();
            match step {
                // As from a terminal. Tools that the command runs in sessions of their own do not get the signal; the
                // command ends them.
                StopStep::Ask(StopSignal::Int) => {
                    ProcessId::of(leader).map(|process| process.signal(Signal::INT));
                }
                StopStep::Ask(StopSignal::Term) => extinction::terminate_descendants(),
                StopStep::Kill => extinction::kill_descendants(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grace_period_is_shared_by_the_signals_and_ends_with_the_last_one() {
        let now = Instant::now();
        let at = |seconds| now + Duration::from_secs(seconds);
        let stopping = Stopping::new(&[StopSignal::Int, StopSignal::Term], Duration::from_secs(10), now);
        let expected = [
            (at(0), StopStep::Ask(StopSignal::Int)),
            (at(5), StopStep::Ask(StopSignal::Term)),
            (at(10), StopStep::Kill),
        ];
        assert!(stopping.0.iter().eq(&expected), "{stopping:?}");
        assert_eq!(stopping.due(), Some(now));
        let endless = Stopping::new(&[StopSignal::Term], Duration::MAX, now);
        assert_eq!(endless.0.len(), 1);
    }
}
