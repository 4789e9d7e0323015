//! How often plans failed lately.

/// How many plans are remembered.
const REMEMBERED: u32 = 64;

/// The assumption before any verdict: half a failure in ten plans.
const ASSUMED: (f64, f64) = (0.5, 10.0);

/// The last plans that landed or were ejected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FailureRate {
    failed: u64,
    count: u32,
}

impl FailureRate {
    /// Records that a plan landed, or failed.
    pub fn note(&mut self, failed: bool) {
        self.failed = self.failed << 1 | u64::from(failed);
        self.count = (self.count + 1).min(REMEMBERED);
    }

    /// The likelihood that a plan is red, between one in two hundred and six in ten.
    pub fn failure(&self) -> f64 {
        let (failed, all) = ASSUMED;
        let seen = f64::from(self.failed.count_ones());
        ((seen + failed) / (f64::from(self.count) + all)).clamp(0.005, 0.6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_outweighs_what_was_assumed_and_is_forgotten_in_time() {
        let mut rate = FailureRate::default();
        assert!((0.04..0.06).contains(&rate.failure()));
        (0..64).for_each(|n| rate.note(n % 4 == 0));
        assert!((0.2..0.25).contains(&rate.failure()), "{}", rate.failure());
        (0..64).for_each(|_| rate.note(false));
        assert!(rate.failure() < 0.01);
    }
}
