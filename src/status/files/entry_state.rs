//! The words for a task's state in a status file: orch's own and those of the original system.

use crate::plan::TaskState;

/// The state that a word stands for. `ready` is not among the words: it is derived, never reported.
pub(in crate::status) fn state_of(word: &str) -> Option<TaskState> {
    match word {
        "pending" => Some(TaskState::Pending),
        "running" | "in_progress" => Some(TaskState::Running),
        "done" | "completed" => Some(TaskState::Done),
        "failed" => Some(TaskState::Failed),
        "skipped" => Some(TaskState::Skipped),
        _ => None,
    }
}

/// The original system's word for a state.
pub(in crate::status) fn original_word(state: TaskState) -> &'static str {
    match state {
        TaskState::Running => "in_progress",
        TaskState::Done => "completed",
        TaskState::Pending | TaskState::Ready | TaskState::Failed | TaskState::Skipped => state.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_vocabularies_read_back_as_the_state_written() {
        for state in TaskState::ALL
            .iter()
            .copied()
            .filter(|state| *state != TaskState::Ready)
        {
            assert_eq!(state_of(state.as_str()), Some(state));
            assert_eq!(state_of(original_word(state)), Some(state));
        }
        assert_eq!(state_of("ready"), None);
        assert_eq!(state_of("Done"), None);
    }
}
