//! Colours. They are removed where standard output is not a terminal or `NO_COLOR` is set.

use anstyle::{AnsiColor, Style};

use crate::plan::{PlanState, TaskState};
use crate::supervisor::TrainState;

/// Colour of a plan's state.
pub fn plan_style(state: PlanState) -> Style {
    match state {
        PlanState::Landed | PlanState::Finished => AnsiColor::Green.on_default(),
        PlanState::Running => AnsiColor::Cyan.on_default(),
        PlanState::Failed => AnsiColor::Red.on_default().bold(),
        PlanState::Held => AnsiColor::Yellow.on_default().bold(),
        PlanState::Parked | PlanState::Paused => AnsiColor::Yellow.on_default(),
        PlanState::Blocked | PlanState::Ready | PlanState::Skipped | PlanState::Cancelled => {
            Style::new().dimmed()
        }
    }
}

/// Colour of a phase's or task's state.
pub fn task_style(state: TaskState) -> Style {
    match state {
        TaskState::Done => AnsiColor::Green.on_default(),
        TaskState::Running => AnsiColor::Cyan.on_default(),
        TaskState::Failed => AnsiColor::Red.on_default().bold(),
        TaskState::Pending | TaskState::Ready | TaskState::Skipped => Style::new().dimmed(),
    }
}

/// Colour of a plan's state on its way to the target.
pub fn train_style(state: TrainState) -> Style {
    match state {
        TrainState::Landing => AnsiColor::Green.on_default(),
        TrainState::Building | TrainState::Verifying => AnsiColor::Cyan.on_default(),
        TrainState::Red => AnsiColor::Red.on_default().bold(),
        TrainState::Waiting => Style::new().dimmed(),
    }
}
