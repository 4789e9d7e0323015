//! Durations in a few characters.

use std::time::Duration;

use jiff::Timestamp;

/// A duration as people say it: `7s`, `3m 05s`, `2h 10m`, `4d 3h`.
pub fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// How long ago a moment is: `7s ago`.
pub fn ago(moment: Timestamp) -> String {
    let passed = Timestamp::now().duration_since(moment);
    let passed = Duration::try_from(passed).unwrap_or_default();
    format!("{} ago", span(passed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_show_their_two_largest_units() {
        let shown: Vec<String> = [0, 59, 60, 3599, 3600, 86_399, 86_400, 273_600]
            .into_iter()
            .map(|seconds| span(Duration::from_secs(seconds)))
            .collect();
        assert_eq!(
            shown,
            [
                "0s", "59s", "1m 00s", "59m 59s", "1h 00m", "23h 59m", "1d 0h", "3d 4h"
            ]
        );
    }
}
