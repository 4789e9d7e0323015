//! Times of day as the reader's clock shows them. The journal and `--json` stay in UTC.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// The moment in the zone of this machine (`TZ`, else `/etc/localtime`).
fn local(at: Timestamp) -> Zoned {
    at.to_zoned(TimeZone::system())
}

/// `03:04:05`
pub fn clock(at: Timestamp) -> String {
    local(at).strftime("%H:%M:%S").to_string()
}

/// `2026-01-02`
pub fn day(at: Timestamp) -> String {
    local(at).date().to_string()
}

/// `2026-01-02 03:04`
pub fn day_and_time(at: Timestamp) -> String {
    local(at).strftime("%Y-%m-%d %H:%M").to_string()
}

/// `2026-01-02 03:04 CET`: for a page that others read elsewhere.
pub fn with_zone(at: Timestamp) -> String {
    local(at).strftime("%Y-%m-%d %H:%M %Z").to_string()
}
