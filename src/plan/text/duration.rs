//! Durations as people write them: `500ms`, `10s`, `1h30m`.

use std::time::Duration;

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration: expected numbers with units, such as 500ms, 10s, 30m, 4h, 1h30m or 2d")]
pub struct DurationError(pub String);

/// Units from the largest to the smallest, each with its milliseconds. In a text, units must appear in this order.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads a duration. The units are `d h m s ms`, largest first, each at most once. Blanks between the parts are allowed.
///
/// # Errors
/// A number without a unit, an unknown or repeated unit, a fraction, or more than fits 64 bits of milliseconds.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    read(text)
        .map(Duration::from_millis)
        .ok_or_else(|| DurationError(text.to_owned()))
}

fn read(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut next_unit = 0;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let letters = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at(letters);
        let position = UNITS.iter().position(|(name, _)| *name == unit)?;
        if position < next_unit {
            return None;
        }
        next_unit = position + 1;
        let part = number.parse::<u64>().ok()?.checked_mul(UNITS[position].1)?;
        total = total.checked_add(part)?;
        rest = after.trim_start();
    }
    (next_unit > 0).then_some(total)
}

/// Writes a duration the way [`parse_duration`] reads it.
pub fn format_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (name, size) in UNITS {
        if rest >= size {
            text.push_str(&format!("{}{name}", rest / size));
            rest %= size;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// A duration for people, in its two largest units: `7s`, `3m 05s`, `2h 10m`, `4d 3h`.
pub fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up() {
        for (text, millis) in [
            ("500ms", 500),
            ("10s", 10_000),
            ("30m", 1_800_000),
            ("1h30m", 5_400_000),
            ("1h 30m", 5_400_000),
            ("2d", 172_800_000),
            ("0s", 0),
        ] {
            assert_eq!(
                parse_duration(text).unwrap(),
                Duration::from_millis(millis),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for bad in [
            "",
            "10",
            "s",
            "10 s",
            "-1s",
            "1.5h",
            "10x",
            "1m1h",
            "1s1s",
            "99999999999999999999h",
        ] {
            assert!(parse_duration(bad).is_err(), "{bad:?} was accepted");
        }
    }

    #[test]
    fn writing_is_the_inverse_of_reading() {
        for text in ["500ms", "1h30m", "2d1s", "0s"] {
            assert_eq!(format_duration(parse_duration(text).unwrap()), text);
        }
    }

    #[test]
    fn spoken_durations_show_their_two_largest_units() {
        let shown: Vec<String> = [0, 59, 60, 3599, 3600, 86_399, 86_400, 273_600]
            .into_iter()
            .map(|seconds| spoken(Duration::from_secs(seconds)))
            .collect();
        assert_eq!(
            shown,
            [
                "0s", "59s", "1m 00s", "59m 59s", "1h 00m", "23h 59m", "1d 0h", "3d 4h"
            ]
        );
    }
}
