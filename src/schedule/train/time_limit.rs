//! How long a verification may take.

use std::time::Duration;

/// How many runs have to be known before a limit is derived from them.
const ENOUGH: usize = 5;

/// How much longer than nearly all others a run may take.
const FACTOR: u32 = 4;

/// The least limit that is derived from other runs. Short runs differ by more than a factor.
const LEAST: Duration = Duration::from_secs(120);

/// The limit as long as too few runs are known.
const AT_FIRST: Duration = Duration::from_secs(30 * 60);

/// The limit of a run, given how long earlier runs took that ended on their own. The limit is their 95th percentile times 4, at
/// least two minutes and at most `cap`. It is half an hour, at most `cap`, when too few runs are known.
pub fn time_limit(took: &[Duration], cap: Duration) -> Duration {
    if took.len() < ENOUGH {
        return AT_FIRST.min(cap);
    }
    let mut sorted = took.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * 95).div_ceil(100) - 1;
    sorted[place].saturating_mul(FACTOR).max(LEAST).min(cap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_follows_from_what_others_took_once_enough_are_known() {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        assert_eq!(time_limit(&[minutes(1); 4], minutes(240)), minutes(30));
        assert_eq!(time_limit(&[], minutes(20)), minutes(20));
        let mut took = vec![minutes(10); 95];
        took.extend([minutes(100); 5]);
        assert_eq!(time_limit(&took, minutes(240)), minutes(40));
        assert_eq!(time_limit(&took, minutes(30)), minutes(30));
        assert_eq!(
            time_limit(&[Duration::from_secs(1); 20], minutes(240)),
            minutes(2)
        );
    }
}
