//! When an obstacle will be over, as services and programs state it.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// A shorter delay is the program's own pause between two tries, and says nothing about the limit.
const LEAST_MS: u64 = 60_000;

/// The furthest credible time: a week's limit, and a day to spare.
const FURTHEST: i64 = 8 * 24 * 60 * 60;

/// The end of a delay that is long enough to come from the limit.
pub(super) fn after(delay_ms: Option<u64>, now: Timestamp) -> Option<i64> {
    delay_ms
        .filter(|delay| *delay >= LEAST_MS)
        .map(|delay| in_ms(delay, now))
}

/// The end of a delay that the service stated.
pub(super) fn in_ms(delay: u64, now: Timestamp) -> i64 {
    let seconds = i64::try_from(delay.div_ceil(1000)).unwrap_or(i64::MAX);
    now.as_second().saturating_add(seconds)
}

/// Seconds since 1970, from seconds or milliseconds.
pub(super) fn seconds(number: u64) -> i64 {
    let seconds = if number > 100_000_000_000 {
        number / 1000
    } else {
        number
    };
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// The reset time in a text, in seconds since 1970: `…|1763000000`, `try again in 2h 5m`, `resets 3pm`, `try again at Nov 22nd, 2026
/// 12:17 AM`.
pub(super) fn reset_time(text: &str, now: Timestamp) -> Option<i64> {
    let lower = text.to_lowercase();
    let found = stamp(&lower)
        .or_else(|| duration(&lower).map(|seconds| now.as_second().saturating_add(seconds)))
        .or_else(|| time_of_day(&lower, now))?;
    let ahead = found.saturating_sub(now.as_second());
    (0..=FURTHEST).contains(&ahead).then_some(found)
}

/// A moment in seconds or milliseconds since 1970, after a bar or a name.
fn stamp(text: &str) -> Option<i64> {
    let markers = [
        "|",
        "resets_at\":",
        "resets_at\": ",
        "resetsat\":",
        "resetsat\": ",
        "reset\":",
    ];
    markers.iter().find_map(|marker| {
        text.match_indices(marker).find_map(|(at, _)| {
            let digits: String = text[at + marker.len()..]
                .chars()
                .take_while(char::is_ascii_digit)
                .collect();
            let number = digits.parse().ok().filter(|_| digits.len() >= 10)?;
            Some(seconds(number))
        })
    })
}

/// `in 20s`, `in 1 hour 5 minutes`, `after 3600`, `retry-after: 30`, `resets_in_seconds": 5`.
fn duration(text: &str) -> Option<i64> {
    let markers = [
        "try again in ",
        "retry in ",
        "retry after ",
        "reset in ",
        "resets in ",
        "reset after ",
        "retry-after: ",
        "retry-after\": \"",
        "retrydelay\": \"",
        "retrydelay\":\"",
        "resets_in_seconds\":",
        "wait ",
        "available in ",
    ];
    markers.iter().find_map(|marker| {
        text.match_indices(marker)
            .find_map(|(at, _)| spelled(&text[at + marker.len()..]))
    })
}

/// The sum of numbers with units, up to the first word that is neither. A lone number means seconds.
fn spelled(text: &str) -> Option<i64> {
    let mut rest = text.trim_start();
    let mut total: Option<f64> = None;
    loop {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let Ok(number) = rest[..digits].trim_end_matches('.').parse::<f64>() else {
            break;
        };
        rest = rest[digits..].trim_start();
        let word = rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        let unit = match &rest[..word] {
            "ms" | "millisecond" | "milliseconds" => 0.001,
            "" if total.is_none() => 1.0,
            "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
            "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
            "d" | "day" | "days" => 86400.0,
            _ => break,
        };
        total = Some(total.unwrap_or(0.0) + number * unit);
        rest = rest[word..].trim_start_matches([' ', ',']);
        rest = rest.strip_prefix("and ").unwrap_or(rest);
    }
    total
        .filter(|total| *total < 1e9)
        .map(|total| total.ceil() as i64)
}

/// `resets 3pm`, `resets at 11:30 am (UTC)`, `try again at Nov 22nd, 2026 4:05 PM`: the time on the named day, or else the next
/// occurrence of the time. The zone is the named one, or else this machine's.
fn time_of_day(text: &str, now: Timestamp) -> Option<i64> {
    let markers = ["resets at ", "reset at ", "resets ", "try again at "];
    markers.iter().find_map(|marker| {
        text.match_indices(marker).find_map(|(at, _)| {
            let rest = &text[at + marker.len()..];
            let (day, rest) = day(rest).map_or((None, rest), |(day, rest)| (Some(day), rest));
            let (time, rest) = time(rest)?;
            let zone = if rest.contains("utc") || rest.contains("gmt") {
                TimeZone::UTC
            } else {
                named_zone(rest).unwrap_or_else(TimeZone::system)
            };
            let here = now.to_zoned(zone.clone());
            let moment = |date: Date| date.to_datetime(time).to_zoned(zone.clone()).ok();
            let due = match day {
                Some(Day {
                    year: Some(year),
                    month,
                    day,
                }) => moment(Date::new(year, month, day).ok()?)?,
                Some(Day { month, day, .. }) => {
                    // Around the turn of the year.
                    let of = |year| Date::new(year, month, day).ok().and_then(moment);
                    let this = of(here.year())?;
                    if this.timestamp() < now {
                        of(here.year() + 1)?
                    } else {
                        this
                    }
                }
                None => {
                    let today = moment(here.date())?;
                    if today.timestamp() <= now {
                        today.tomorrow().ok()?
                    } else {
                        today
                    }
                }
            };
            Some(due.timestamp().as_second())
        })
    })
}

/// A day as people write it.
struct Day {
    year: Option<i16>,
    month: i8,
    day: i8,
}

/// Parses `nov 22nd, 2026`, `november 22 at` or `nov 22,`, and returns the rest.
fn day(text: &str) -> Option<(Day, &str)> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let (month, rest) = text.split_once(' ')?;
    let month = MONTHS.iter().position(|name| month.starts_with(name))?;
    let (day, rest) = number(rest)?;
    let suffix = ["st", "nd", "rd", "th"];
    let rest = suffix
        .iter()
        .find_map(|suffix| rest.strip_prefix(suffix))
        .unwrap_or(rest);
    let rest = rest.trim_start_matches([',', ' ']);
    let (year, rest) = match number(rest) {
        Some((year, rest)) if year >= 1000 => (Some(year), rest.trim_start_matches([',', ' '])),
        _ => (None, rest),
    };
    let day = Day {
        year,
        month: i8::try_from(month + 1).ok()?,
        day: i8::try_from(day).ok()?,
    };
    Some((day, rest.strip_prefix("at ").unwrap_or(rest)))
}

/// Parses `3pm`, `11:30 am` or `16:05`, and returns the rest.
fn time(text: &str) -> Option<(Time, &str)> {
    let (hour, mut rest) = number(text)?;
    let (mut hour, mut minute) = (i8::try_from(hour).ok()?, None);
    if let Some(minutes) = rest.strip_prefix(':') {
        minute = Some(minutes.get(..2)?.parse().ok()?);
        rest = &minutes[2..];
    }
    let rest = rest.trim_start();
    if rest.starts_with("pm") {
        hour = hour % 12 + 12;
    } else if rest.starts_with("am") {
        hour %= 12;
    } else if minute.is_none() {
        return None;
    }
    Some((Time::new(hour, minute.unwrap_or(0), 0, 0).ok()?, rest))
}

fn number(text: &str) -> Option<(i16, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, &text[end..]))
}

/// Parses `(Europe/Berlin)`. The text is in lower case; zone names are looked up regardless of case.
fn named_zone(text: &str) -> Option<TimeZone> {
    let name = text.split_once('(')?.1.split_once(')')?.0;
    TimeZone::get(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-21T10:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_end_is_read_as_it_is_said() {
        let at = |text: &str| reset_time(text, now()).map(|end| end - now().as_second());
        let moment = now().as_second() + 5000;
        let cases = [
            (format!("usage limit reached|{moment}"), Some(5000)),
            (format!("{{\"resets_at\": {moment}}}"), Some(5000)),
            ("Please try again in 20s.".to_owned(), Some(20)),
            ("try again in 1.5s".to_owned(), Some(2)),
            ("try again in 1 hour 5 minutes".to_owned(), Some(3900)),
            (
                "Try again in 3 days 2 hours and 1 minute.".to_owned(),
                Some(266_460),
            ),
            ("retry after 3600".to_owned(), Some(3600)),
            ("limit reached, resets 3pm (UTC)".to_owned(), Some(5 * 3600)),
            ("resets at 9:30 am (UTC)".to_owned(), Some(23 * 3600 + 1800)),
            ("resets 16:30 (UTC)".to_owned(), Some(6 * 3600 + 1800)),
            (
                "try again at Nov 22nd, 2026 12:17 AM (UTC)".to_owned(),
                Some(14 * 3600 + 17 * 60),
            ),
            ("resets Nov 23 at 10am (UTC)".to_owned(), Some(2 * 86_400)),
            (
                "resets November 24, 3:30pm (UTC)".to_owned(),
                Some(3 * 86_400 + 5 * 3600 + 1800),
            ),
            ("try again at Nov 1st, 2027 1:00 AM (UTC)".to_owned(), None),
            ("try again at Nov 40th, 2026 1:00 AM (UTC)".to_owned(), None),
            ("slow down".to_owned(), None),
            ("wait a minute".to_owned(), None),
            ("try again in 400 days".to_owned(), None),
            (format!("usage limit reached|{}", moment - 90_000), None),
        ];
        for (text, expected) in cases {
            assert_eq!(at(&text), expected, "{text}");
        }
    }

    #[test]
    fn a_program_s_own_short_pauses_are_not_the_limit_s_end() {
        assert_eq!(after(Some(3000), now()), None);
        assert_eq!(after(Some(3_600_000), now()), Some(now().as_second() + 3600));
    }
}
