//! Attempts that end as soon as they begin, again and again for the same reason. Another attempt would end the same way.

use std::time::Duration;

use super::attempt::{Attempt, AttemptRecord, AttemptState};
use super::tries::Tries;
use crate::schedule::event::why::because::Because;

/// An attempt that ends within this time has not begun to work. An agent takes longer to read its prompt and answer once, while a
/// wrong option, a missing login or a missing file ends it at once.
pub(in crate::schedule) const BRIEF: Duration = Duration::from_secs(5);

/// This many such ends in a row, each for the same reason, are a loop. Two may be chance, such as a network that was down for as
/// long as the first delay. Service managers stop restarting after a burst of the same order (systemd: five within ten seconds).
pub(in crate::schedule) const LOOP: u32 = 3;

/// True when the attempt ended at once and left nothing behind.
pub(in crate::schedule) fn is_brief(attempt: &Attempt, record: Option<&AttemptRecord>) -> bool {
    let made_nothing = match &attempt.state {
        AttemptState::Checked(_, evidence) => evidence.commits == 0 && evidence.leftovers_committed == 0,
        AttemptState::Assigned | AttemptState::Submitted | AttemptState::Running | AttemptState::Ended(_) => {
            true
        }
    };
    let lasted = match (record.and_then(|record| record.started), attempt.ended) {
        (Some(started), Some(ended)) => ended.since(started),
        (None, _) | (_, None) => Duration::ZERO,
    };
    made_nothing && !attempt.reported && lasted <= BRIEF
}

impl Tries {
    /// The number of brief ends in a row for this reason, including this one.
    pub(in crate::schedule) fn alike_with(&self, why: &Because, brief: bool) -> u32 {
        match (brief, self.last_failure.as_ref() == Some(why)) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => self.alike + 1,
        }
    }
}
