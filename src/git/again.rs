//! Doing a step again when a git child was killed under it.

use std::cell::Cell;

thread_local! {
    static KILLED: Cell<u32> = const { Cell::new(0) };
}

/// How often a step is done again: killers, such as that of a system out of memory, may come more than once, but what
/// kills git each time needs a person.
const AGAIN: u32 = 2;

/// A child of this thread was ended by a signal that this program did not send.
pub(super) fn note_killed() {
    KILLED.set(KILLED.get() + 1);
}

/// Does a step, and does it again, at most twice, when a git command of it was killed and its outcome is not `settled`.
/// For steps that end what was cut short by being done again, as each of this program does: it may be killed itself.
pub fn again_if_killed<T>(settled: impl Fn(&T) -> bool, mut step: impl FnMut() -> T) -> T {
    for _ in 0..AGAIN {
        let before = KILLED.get();
        let outcome = step();
        if KILLED.get() == before || settled(&outcome) {
            return outcome;
        }
    }
    step()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_done_again_only_when_a_child_was_killed_and_not_for_ever() {
        let times = |killed_until: u32, settled: bool| {
            let mut times = 0;
            again_if_killed(
                |_: &()| settled,
                || {
                    times += 1;
                    if times <= killed_until {
                        note_killed();
                    }
                },
            );
            times
        };
        assert_eq!(times(0, false), 1);
        assert_eq!(times(1, false), 2);
        assert_eq!(times(1, true), 1);
        assert_eq!(times(9, false), 3);
    }
}
