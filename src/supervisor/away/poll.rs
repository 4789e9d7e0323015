//! When to poll a remote service next.

use std::time::Duration;

/// Polls a hub or an engine, with a pause that grows while there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Poll {
    /// When the next question is due.
    pub(super) next: Duration,
    usual: Duration,
    /// The shortest and the longest pause without an answer.
    silent: (Duration, Duration),
    pause: Duration,
    /// True when the missing answer was reported.
    is_told: bool,
}

impl Poll {
    /// Polls at once, and then after the usual pause. While there is no answer the pause doubles
    /// between these bounds.
    pub(super) fn new(usual: Duration, silent: (Duration, Duration)) -> Self {
        Self {
            next: Duration::ZERO,
            usual,
            silent,
            pause: usual,
            is_told: false,
        }
    }

    /// Polls after this pause for once.
    pub(super) fn rest(&mut self, now: Duration, pause: Duration) {
        self.next = now + pause;
    }

    /// Returns the answer, if there is one. Passes on a failure that was not reported yet.
    pub(super) fn take<T, E>(
        &mut self,
        now: Duration,
        answer: Result<T, E>,
        tell: impl FnOnce(E),
    ) -> Option<T> {
        let (least, most) = self.silent;
        self.pause = match &answer {
            Ok(_) => self.usual,
            Err(_) => (self.pause * 2).clamp(least.min(most), most),
        };
        self.next = now + self.pause;
        let was_told = std::mem::replace(&mut self.is_told, answer.is_err());
        match answer {
            Ok(answer) => Some(answer),
            Err(error) => {
                if !was_told {
                    tell(error);
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_once_and_asked_about_more_and_more_seldom() {
        let second = Duration::from_secs(1);
        let mut poll = Poll::new(second, (5 * second, 12 * second));
        let mut told = Vec::new();
        let mut now = Duration::ZERO;
        let mut pauses = Vec::new();
        for answer in [Err(1), Err(2), Err(3), Ok("here"), Err(4)] {
            assert_eq!(poll.take(now, answer, |error| told.push(error)), answer.ok());
            pauses.push((poll.next - now).as_secs());
            now = poll.next;
        }
        assert_eq!(told, [1, 4]);
        assert_eq!(pauses, [5, 10, 12, 1, 5]);
    }
}
