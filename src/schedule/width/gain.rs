//! The gain of parallel work over a block of attempts.
//!
//! The same work done sequentially would take the time of all agents, without that of failed attempts, and the time of `orch`'s own
//! steps. The efficiency is the share of this that parallel work saves; the overhead is the share of these steps in all time.

/// A run narrows above this overhead. It also narrows below this efficiency, if failed attempts took at least this share of the
/// agents' time: a run that is slow only because work waits for other work stays wide. All in percent; the first two are the worst
/// levels that `orch report` names.
const EFFICIENCY: u32 = 40;
const OVERHEAD: u32 = 20;
const LOST: u32 = 20;
/// A run widens again up to this overhead and this lost time, in percent.
const GOOD_OVERHEAD: u32 = 15;
const GOOD_LOST: u32 = 10;

/// Times and attempts of one block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gain {
    /// Milliseconds in which agents were at work, summed over all of them.
    pub agents_ms: u64,
    /// Milliseconds in which at least one was at work.
    pub busy_ms: u64,
    /// Milliseconds in which none was, while `orch` examined, merged or verified work.
    pub own_ms: u64,
    /// Milliseconds of agents in failed attempts.
    pub lost_ms: u64,
    /// Ended attempts.
    pub attempts: u32,
}

/// What a block says about the width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GainVerdict {
    /// Parallel work gains too little.
    Poor,
    /// Neither of the others.
    Fair,
    /// Little was lost.
    Good,
}

impl Gain {
    /// Adds a span of time in which this many agents were at work. If none were, `own` is true when `orch` itself was busy.
    pub fn pass(&mut self, ms: u64, agents: usize, own: bool) {
        match (agents, own) {
            (0, true) => self.own_ms += ms,
            (0, false) => {}
            (agents, _) => {
                self.busy_ms += ms;
                self.agents_ms += ms * agents as u64;
            }
        }
    }

    /// Adds an ended attempt; `lost_ms` is its time if it failed.
    pub fn note_end(&mut self, lost_ms: u64) {
        self.attempts += 1;
        // It may have begun in an earlier block.
        self.lost_ms = (self.lost_ms + lost_ms).min(self.agents_ms);
    }

    /// The saved share of the sequential time, in percent.
    pub fn efficiency(&self) -> u32 {
        let sequential = self.agents_ms - self.lost_ms + self.own_ms;
        percent(sequential.saturating_sub(self.busy_ms + self.own_ms), sequential)
    }

    /// The share of `orch`'s own steps, in percent.
    pub fn overhead(&self) -> u32 {
        percent(self.own_ms, self.agents_ms + self.own_ms)
    }

    /// The share of the agents' time in failed attempts, in percent.
    pub fn lost(&self) -> u32 {
        percent(self.lost_ms, self.agents_ms)
    }

    /// What the block says. Work of single agents, one after the other, says nothing against parallel work.
    pub fn verdict(&self) -> GainVerdict {
        let parallel = self.busy_ms > 0 && self.agents_ms * 2 >= self.busy_ms * 3;
        let poor = self.efficiency() < EFFICIENCY && self.lost() >= LOST || self.overhead() > OVERHEAD;
        if parallel && poor {
            GainVerdict::Poor
        } else if self.overhead() <= GOOD_OVERHEAD && self.lost() <= GOOD_LOST {
            GainVerdict::Good
        } else {
            GainVerdict::Fair
        }
    }
}

fn percent(part: u64, whole: u64) -> u32 {
    u32::try_from(part.saturating_mul(100).checked_div(whole).unwrap_or(0)).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gain(agents_ms: u64, busy_ms: u64, own_ms: u64, lost_ms: u64) -> Gain {
        Gain {
            agents_ms,
            busy_ms,
            own_ms,
            lost_ms,
            attempts: 6,
        }
    }

    #[test]
    fn time_that_failed_attempts_took_is_no_gain() {
        let all_good = gain(400, 100, 0, 0);
        assert_eq!(
            (all_good.efficiency(), all_good.verdict()),
            (75, GainVerdict::Good)
        );
        let half_lost = gain(400, 100, 0, 200);
        assert_eq!(
            (half_lost.efficiency(), half_lost.verdict()),
            (50, GainVerdict::Fair)
        );
        let most_lost = gain(400, 100, 0, 250);
        assert_eq!(
            (most_lost.efficiency(), most_lost.verdict()),
            (33, GainVerdict::Poor)
        );
    }

    #[test]
    fn own_steps_are_overhead_and_waits_for_other_work_are_not_held_against_a_run() {
        let stepping = gain(400, 200, 120, 0);
        assert_eq!((stepping.overhead(), stepping.verdict()), (23, GainVerdict::Poor));
        // One agent after the other gains nothing, and a narrower run would gain nothing either.
        let alone = gain(100, 100, 0, 60);
        assert_eq!((alone.efficiency(), alone.verdict()), (0, GainVerdict::Fair));
        let waiting = gain(160, 100, 0, 0);
        assert_eq!((waiting.efficiency(), waiting.verdict()), (37, GainVerdict::Good));
    }
}
