//! One entry of the journal, in the shape that `orch events --json` prints.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::plan::RunId;
use crate::schedule::{At, Event};
use crate::words::told;

/// The version of the tables and events. Since 2 events have seals, since 3 reasons are values.
pub(super) const VERSION: i64 = 3;

/// The version of every JSON document that `orch` prints.
pub const SCHEMA: u32 = 1;

/// An event with its place in the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The entry's number, from 1, without gaps.
    pub seq: i64,
    /// The core's moment.
    pub at: At,
    /// The wall-clock time.
    pub wall: Timestamp,
    /// The run that the event belongs to.
    pub run: RunId,
    /// What happened.
    pub event: Event,
}

/// An event, split into the columns that people filter by and the remaining data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Columns {
    /// The event's name, such as `agent.started`.
    pub event: String,
    /// The plan.
    pub plan: Option<String>,
    /// The phase.
    pub phase: Option<u32>,
    /// The task or sub-task.
    pub task: Option<String>,
    /// The attempt.
    pub attempt: Option<String>,
    /// Everything else.
    pub data: Map<String, Value>,
}

impl Columns {
    /// Splits an event into columns.
    pub fn of(event: &Event) -> Self {
        let mut value = serde_json::to_value(event).unwrap_or_default();
        // The journal's text does not depend on the order of fields in this version of the program.
        value.sort_all_objects();
        // Events are structs of plain values, which always serialise to an object.
        let mut map = value.as_object_mut().map(std::mem::take).unwrap_or_default();
        let mut text = |key: &str| match map.shift_remove(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let (event, plan, task, attempt) = (text("event"), text("plan"), text("task"), text("attempt"));
        let phase = map.shift_remove("phase").and_then(|phase| phase.as_u64());
        Self {
            event: event.unwrap_or_default(),
            plan,
            phase: phase.and_then(|phase| u32::try_from(phase).ok()),
            task,
            attempt,
            data: map,
        }
    }
}

impl Record {
    /// The JSON object `{schema, seq, at, run, event, plan, phase, task, attempt, data}`, with words in place of reasons.
    pub fn to_json(&self) -> Value {
        let columns = Columns::of(&told(&self.event));
        serde_json::json!({
            "schema": SCHEMA,
            "seq": self.seq,
            "at": self.wall.to_string(),
            "run": self.run.to_string(),
            "event": columns.event,
            "plan": columns.plan,
            "phase": columns.phase,
            "task": columns.task,
            "attempt": columns.attempt,
            "data": columns.data,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::entry::JournalEntry;
    use crate::plan::{AttemptId, PhaseId};
    use crate::schedule::TaskReport;
    use crate::schedule::{Exit, Hold};

    #[test]
    fn an_event_survives_being_taken_apart() {
        let plan = || "auth".parse().unwrap();
        let events = [
            Event::RunSettled {},
            Event::RunStarted {
                run: RunId(3),
                base: "ab".repeat(20).parse().unwrap(),
                target: "main".to_owned(),
                only: vec![plan()],
                merge_only: false,
            },
            Event::PhaseDone {
                plan: plan(),
                phase: PhaseId(0),
                proven: false,
            },
            Event::TaskFailed(TaskReport::by_person(
                plan(),
                "1.2.A".parse().unwrap(),
                Some("no".to_owned()),
            )),
            Event::AgentEnded {
                plan: plan(),
                attempt: AttemptId::new(&plan(), 2),
                exit: Exit::Code { code: 3 },
                why: None,
            },
            Event::PlanHeld {
                plan: plan(),
                why: Hold::Refused { why: "x".into() },
            },
            Event::Warning {
                plan: None,
                why: "y".into(),
            },
        ];
        for event in events {
            let columns = Columns::of(&event);
            assert!(!columns.event.is_empty(), "{event:?}");
            let data = serde_json::to_string(&columns.data).unwrap();
            let entry = JournalEntry::of(&columns, &data);
            assert_eq!(entry.read().unwrap(), event, "{columns:?}");
        }
    }
}
