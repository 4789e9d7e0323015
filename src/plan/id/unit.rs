//! The unit of work that one agent process is given: a phase or a task.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::{PhaseId, Point, TaskId};

/// A piece of a plan that is dispatched as a whole: a phase, or with task dispatch a task or a phase's VERIFY block. Spelled as
/// in the document: `2`, `2.3`, `2.verify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum UnitId {
    /// A whole phase.
    Phase(PhaseId),
    /// One task.
    Task(TaskId),
}

impl UnitId {
    /// The phase that the unit is or is in.
    pub fn phase(self) -> PhaseId {
        match self {
            Self::Phase(phase) => phase,
            Self::Task(task) => task.phase,
        }
    }

    /// True when the unit is the task, or the phase that contains the task.
    pub fn covers(self, task: TaskId) -> bool {
        match self {
            Self::Phase(phase) => phase == task.phase,
            Self::Task(own) => own == task,
        }
    }

    /// True for the VERIFY block of a phase.
    pub fn is_verify(self) -> bool {
        matches!(self, Self::Task(task) if task.is_verify())
    }

    /// The unit as a point that other plans can wait for.
    pub fn point(self) -> Point {
        match self {
            Self::Phase(phase) => Point::Phase(phase),
            Self::Task(task) => Point::Task(task),
        }
    }
}

impl fmt::Display for UnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phase(phase) => phase.fmt(f),
            Self::Task(task) => task.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_written_as_documents_write_them() {
        let units = [
            UnitId::Phase(PhaseId(2)),
            UnitId::Task(TaskId::new(2, 3)),
            UnitId::Task(TaskId::verify(PhaseId(2))),
        ];
        let json = serde_json::to_string(&units).unwrap();
        assert_eq!(json, r#"[2,"2.3","2.verify"]"#);
        assert_eq!(serde_json::from_str::<Vec<UnitId>>(&json).unwrap(), units);
        assert_eq!(units.map(|unit| unit.to_string()), ["2", "2.3", "2.verify"]);
    }
}
