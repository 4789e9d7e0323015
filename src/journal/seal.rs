//! The seal of an entry: SQLite notices a torn page, not a flipped bit in a text.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::plan::RunId;
use crate::schedule::At;

use super::Epoch;
use super::record::Columns;

/// XXH3 over everything that an entry is read from, and over when the journal began, from which its time is reckoned. It
/// guards against damage, not against malice.
pub(super) fn seal(epoch: Epoch, seq: i64, at: At, run: RunId, columns: &Columns, data: &str) -> i64 {
    let Columns {
        event,
        plan,
        phase,
        task,
        attempt,
        data: _,
    } = columns;
    let numbers = [
        seq.cast_unsigned(),
        at.0,
        u64::from(run.0),
        phase.map_or(u64::MAX, u64::from),
    ];
    let mut sealed = Vec::with_capacity(64 + data.len());
    sealed.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    let texts = [
        Some(event.as_str()),
        plan.as_deref(),
        task.as_deref(),
        attempt.as_deref(),
        Some(data),
    ];
    for text in texts {
        // Lengths keep neighbours apart; no text is as long as the mark of none.
        let length = text.map_or(u64::MAX, |text| text.len() as u64);
        sealed.extend(length.to_le_bytes());
        sealed.extend(text.unwrap_or("").as_bytes());
    }
    let began = epoch.began().as_nanosecond();
    #[allow(clippy::cast_possible_truncation, reason = "a seed has 64 bits")]
    let seed = began as u64;
    xxh3_64_with_seed(&sealed, seed).cast_signed()
}
