//! Many changes within a moment become two hints: one at once, and one after the last change.

use std::time::{Duration, Instant};

/// The shortest time between two hints about one plan.
pub(super) const WINDOW: Duration = Duration::from_millis(5);

/// The kind of a change to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileChange {
    /// A file that is whole: renamed into place, closed after writing, or gone. Worth a look at once.
    Whole,
    /// A file that is likely still being written. Worth a look when nothing better follows.
    Partial,
}

/// When hints about one plan are given. Every change is followed by a hint: at once, or at [`Coalescer::due`].
#[derive(Debug, Default)]
pub(super) struct Coalescer {
    last: Option<Instant>,
    due: Option<Instant>,
}

impl Coalescer {
    /// Records a change. Returns true when the hint should be given now.
    pub(super) fn note(&mut self, now: Instant, change: FileChange) -> bool {
        let free = self
            .last
            .is_none_or(|last| now.saturating_duration_since(last) >= WINDOW);
        match (change, free, self.last) {
            (FileChange::Whole, true, _) => {
                self.last = Some(now);
                self.due = None;
                true
            }
            (FileChange::Whole, false, Some(last)) => {
                self.due = Some(last + WINDOW);
                false
            }
            (FileChange::Whole | FileChange::Partial, _, _) => {
                self.due.get_or_insert(now + WINDOW);
                false
            }
        }
    }

    /// The time of the next hint, if one is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Returns true, once, when the due hint should be given now.
    pub(super) fn fire(&mut self, now: Instant) -> bool {
        let fires = self.due.is_some_and(|due| due <= now);
        if fires {
            self.due = None;
            self.last = Some(now);
        }
        fires
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn a_burst_gives_one_hint_at_once_and_one_after_it() {
        let (mut coalescer, start) = (Coalescer::default(), Instant::now());
        assert!(coalescer.note(start, FileChange::Whole));
        for n in 1..5 {
            assert!(!coalescer.note(start + ms(n), FileChange::Whole));
        }
        assert!(!coalescer.fire(start + ms(4)));
        assert!(coalescer.fire(start + WINDOW));
        assert_eq!(coalescer.due(), None);
    }

    #[test]
    fn a_lone_change_gives_one_hint() {
        let (mut coalescer, start) = (Coalescer::default(), Instant::now());
        assert!(coalescer.note(start, FileChange::Whole));
        assert_eq!(coalescer.due(), None);
    }

    #[test]
    fn a_write_in_place_is_looked_at_when_the_writer_closes_or_soon_after() {
        let (mut coalescer, start) = (Coalescer::default(), Instant::now());
        assert!(!coalescer.note(start, FileChange::Partial));
        assert_eq!(coalescer.due(), Some(start + WINDOW));
        assert!(coalescer.note(start + ms(1), FileChange::Whole));
        assert_eq!(coalescer.due(), None);
    }

    proptest::proptest! {
        #[test]
        fn every_change_is_followed_by_a_hint(steps in proptest::collection::vec((0u64..9, proptest::bool::ANY), 1..60)) {
            let (mut coalescer, mut now) = (Coalescer::default(), Instant::now());
            let mut unseen = false;
            for (pause, whole) in steps {
                now += ms(pause);
                coalescer.fire(now);
                let change = if whole { FileChange::Whole } else { FileChange::Partial };
                unseen = !coalescer.note(now, change);
                proptest::prop_assert!(!unseen || coalescer.due().is_some_and(|due| due > now && due <= now + WINDOW));
            }
            if unseen {
                proptest::prop_assert!(coalescer.fire(now + WINDOW));
            }
        }
    }
}
