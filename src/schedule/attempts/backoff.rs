//! The delay before the next attempt.

use std::time::Duration;

use crate::plan::AttemptId;

/// Longest delay between two attempts.
pub const LONGEST: Duration = Duration::from_secs(600);

/// Delay after the `failures`-th failure (from 1): `first` doubled each time, capped at ten minutes, and spread over 75 % to
/// 100 % of that by a hash of the attempt's id. So plans that failed together do not return together, and a replay gives the
/// same delay.
pub fn delay(first: Duration, failures: u32, attempt: &AttemptId) -> Duration {
    let doubled = first.saturating_mul(1u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
    let capped = doubled.min(LONGEST);
    let spread = f64::from(fnv1a(attempt.as_str().as_bytes()) % 1000) / 1000.0;
    capped.mul_f64(0.75 + 0.25 * spread)
}

/// FNV-1a, 32 bits (Fowler, Noll, Vo): a fixed, well-mixed hash that no release of the standard library changes.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_ten_minutes_and_are_repeatable() {
        let attempt = AttemptId::new(&"auth".parse().unwrap(), 1);
        let first = Duration::from_secs(10);
        let delays: Vec<Duration> = (1..=10).map(|n| delay(first, n, &attempt)).collect();
        assert_eq!(
            delays,
            (1..=10).map(|n| delay(first, n, &attempt)).collect::<Vec<_>>()
        );
        for (n, delay) in delays.iter().enumerate() {
            let full = first.saturating_mul(1 << n).min(LONGEST);
            assert!(
                *delay <= full && *delay >= full.mul_f64(0.75),
                "{n}: {delay:?} of {full:?}"
            );
        }
        assert!(delay(first, 400, &attempt) <= LONGEST);
    }
}
