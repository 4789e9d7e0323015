//! Sizes as people write them: `500 MB`, `10GiB`.

/// Why a text is not a size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a size: expected a number with a unit, such as 500 MB, 10 GB or 2 TiB")]
pub struct SizeError(pub String);

/// Units with their bytes: powers of two for units with an `i`, powers of ten for the others.
const UNITS: [(&str, u64); 10] = [
    ("", 1),
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

/// Reads a size in bytes. The `B` of a unit may be left out, and case does not matter.
///
/// # Errors
/// Fails when the number is missing, the unit is unknown, or the size does not fit 64 bits.
pub fn parse_size(text: &str) -> Result<u64, SizeError> {
    read(text).ok_or_else(|| SizeError(text.to_owned()))
}

fn read(text: &str) -> Option<u64> {
    let text = text.trim();
    let number = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(number);
    let unit = unit.trim().to_lowercase();
    let named = |(name, _): &&(&str, u64)| *name == unit || name.strip_suffix('b') == Some(unit.as_str());
    let (_, bytes) = UNITS.iter().find(named)?;
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let whole = whole.parse::<u64>().ok()?.checked_mul(*bytes)?;
    let part = match part {
        "" if number.ends_with('.') => return None,
        "" => 0.0,
        digits => format!("0.{digits}").parse::<f64>().ok()?,
    };
    whole.checked_add((part * *bytes as f64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_powers_of_ten_and_of_two() {
        for (text, bytes) in [
            ("512", 512),
            ("10 GB", 10_000_000_000),
            ("10G", 10_000_000_000),
            ("1.5 kB", 1_500),
            ("2GiB", 2 << 30),
            ("2 gi", 2 << 30),
            ("0", 0),
        ] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "GB",
            "1.",
            ".5 GB",
            "-1",
            "1 XB",
            "1 G B",
            "99999999 TB",
            "1.2.3 MB",
        ] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
