//! Repeats a step when one of its git commands was interrupted: killed, or stopped by a worktree that another git
//! command was just making.

use std::cell::Cell;
use std::thread;
use std::time::Duration;

thread_local! {
    static CUT_SHORT: Cell<u32> = const { Cell::new(0) };
}

/// How often a step is repeated. A system short of memory may kill git more than once, but a step that is killed every
/// time needs a person.
const AGAIN: u32 = 2;

/// `git worktree add` creates the file that every other git command reads a moment before it writes its content.
const PAUSE: Duration = Duration::from_millis(10);

/// True for a git command that gave up because it met an unfinished worktree: git reads the admin dir of every worktree
/// before it changes anything, and found a `commondir` that was still empty.
pub(in crate::git) fn met_unfinished_worktree(stderr: &str) -> bool {
    stderr.contains("failed to read ") && stderr.contains("/commondir")
}

/// Records that a child of this thread was ended by a signal that this program did not send, or gave up before it
/// began.
pub(in crate::git) fn note_cut_short() {
    CUT_SHORT.set(CUT_SHORT.get() + 1);
}

/// Runs a step, and repeats it at most twice while one of its git commands was interrupted and its outcome is not
/// `settled`. Only for steps that complete their own interrupted work when they are repeated. Every step of this
/// program does, because orch may be killed itself.
pub fn again_if_killed<T>(settled: impl Fn(&T) -> bool, mut step: impl FnMut() -> T) -> T {
    for _ in 0..AGAIN {
        let before = CUT_SHORT.get();
        let outcome = step();
        if CUT_SHORT.get() == before || settled(&outcome) {
            return outcome;
        }
        thread::sleep(PAUSE);
    }
    step()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_worktree_in_the_making_is_worth_another_try() {
        let met = "fatal: failed to read /r/.git/worktrees/train@0/commondir: Success";
        assert!(met_unfinished_worktree(met));
        assert!(!met_unfinished_worktree("fatal: failed to read object 1234"));
        assert!(!met_unfinished_worktree("error: pathspec 'a' did not match"));
    }

    #[test]
    fn a_step_is_done_again_only_when_a_child_was_killed_and_not_for_ever() {
        let times = |killed_until: u32, settled: bool| {
            let mut times = 0;
            again_if_killed(
                |_: &()| settled,
                || {
                    times += 1;
                    if times <= killed_until {
                        note_cut_short();
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
