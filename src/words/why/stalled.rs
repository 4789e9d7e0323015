//! Signs of life that are missing, and obstacles of agents, in words.

use crate::schedule::{Ages, ObstacleKind};
use crate::words::list::rough_ms;

/// `no output for 31m, no status change for 31m, no file change for 40m, no processor time for 30m`.
pub fn ages(ages: Ages) -> String {
    format!(
        "no output for {}, no status change for {}, no file change for {}, no processor time for {}",
        rough_ms(ages.output_ms),
        rough_ms(ages.status_ms),
        rough_ms(ages.files_ms),
        rough_ms(ages.processor_ms)
    )
}

/// An obstacle, like `rate limited`.
pub const fn obstacle(kind: ObstacleKind) -> &'static str {
    match kind {
        ObstacleKind::RateLimit => "rate limited",
        ObstacleKind::Outage => "its service cannot be reached",
        ObstacleKind::Login => "not logged in",
        ObstacleKind::Account => "its account is refused",
        ObstacleKind::Budget => "its budget is used up",
        ObstacleKind::Trust => "waits for an answer that only a person can give",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_without_needless_digits() {
        let seen = Ages {
            output_ms: 1_860_123,
            status_ms: 1_861_123,
            files_ms: 1_870_123,
            processor_ms: 1_890_123,
        };
        assert_eq!(
            ages(seen),
            "no output for 31m, no status change for 31m, no file change for 31m, no processor time for 31m"
        );
        assert_eq!(rough_ms(2_345), "2s");
        assert_eq!(rough_ms(345), "345ms");
    }
}
