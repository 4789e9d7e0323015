//! References from one plan to a point in another: `auth`, `auth.phase2`, `auth.2`, `auth.2.3`, `auth@landed`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::plan::{PhaseId, PlanName, TaskId};

/// A point in a plan that work can wait for, pin, or be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// The whole plan.
    Plan,
    /// One phase of the plan.
    Phase(PhaseId),
    /// One task of the plan.
    Task(TaskId),
}

/// A plan, phase or task named from outside its document: `auth`, `auth.2`, `auth.2.3`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WorkRef {
    /// The plan.
    pub plan: PlanName,
    /// The point in it.
    pub point: Point,
}

/// Something a plan or phase waits for: a point in another plan, and whether it must have landed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Dependency {
    /// The work to wait for.
    pub on: WorkRef,
    /// True when the work must have landed on the target, not merely be done on its branch.
    pub landed: bool,
}

/// Why a text is not a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a reference: expected plan, plan.phase2, plan.2 or plan.2.3{suffix}")]
pub struct ReferenceError {
    /// The text as it was written.
    pub text: String,
    /// Other forms that are allowed where the text was written, as the end of the message.
    pub suffix: &'static str,
}

impl Point {
    /// The phase that the point is or is in; none for a whole plan.
    pub const fn phase(self) -> Option<PhaseId> {
        match self {
            Self::Plan => None,
            Self::Phase(phase) => Some(phase),
            Self::Task(task) => Some(task.phase),
        }
    }
}

impl WorkRef {
    /// A plan as a whole.
    pub fn whole(plan: &PlanName) -> Self {
        Self::at(plan, Point::Plan)
    }

    /// A point of a plan.
    pub fn at(plan: &PlanName, point: Point) -> Self {
        Self {
            plan: plan.clone(),
            point,
        }
    }
}

impl FromStr for WorkRef {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        parse_work(text).ok_or_else(|| ReferenceError {
            text: text.to_owned(),
            suffix: "",
        })
    }
}

fn parse_work(text: &str) -> Option<WorkRef> {
    let Some((plan, rest)) = text.split_once('.') else {
        return Some(WorkRef {
            plan: text.parse().ok()?,
            point: Point::Plan,
        });
    };
    let rest = rest.strip_prefix("phase").unwrap_or(rest);
    let point = match rest.parse::<TaskId>() {
        Ok(task) => Point::Task(task),
        // A phase number is read as the phase half of a task id, so that `01` and `+1` are refused alike.
        Err(_) => Point::Phase(format!("{rest}.0").parse::<TaskId>().ok()?.phase),
    };
    Some(WorkRef {
        plan: plan.parse().ok()?,
        point,
    })
}

impl fmt::Display for WorkRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.point {
            Point::Plan => f.pad(self.plan.as_str()),
            Point::Phase(phase) => f.pad(&format!("{}.{phase}", self.plan)),
            Point::Task(task) => f.pad(&format!("{}.{task}", self.plan)),
        }
    }
}

impl TryFrom<String> for WorkRef {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, ReferenceError> {
        text.parse()
    }
}

impl From<WorkRef> for String {
    fn from(work: WorkRef) -> String {
        work.to_string()
    }
}

impl FromStr for Dependency {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (work, landed) = match text.strip_suffix("@landed") {
            Some(work) => (work, true),
            None => (text, false),
        };
        Ok(Self {
            on: parse_work(work).ok_or_else(|| ReferenceError {
                text: text.to_owned(),
                suffix: ", each with an optional @landed",
            })?,
            landed,
        })
    }
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.on, if self.landed { "@landed" } else { "" })
    }
}

impl TryFrom<String> for Dependency {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, ReferenceError> {
        text.parse()
    }
}

impl From<Dependency> for String {
    fn from(dependency: Dependency) -> String {
        dependency.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phase_and_bare_number_mean_the_same() {
        let long: Dependency = "auth.phase2".parse().unwrap();
        let short: Dependency = "auth.2".parse().unwrap();
        assert_eq!(long, short);
        assert_eq!(long.on.point, Point::Phase(PhaseId(2)));
        assert_eq!(long.to_string(), "auth.2");
    }

    #[test]
    fn landed_is_a_suffix_of_any_reference() {
        let dependency: Dependency = "schema.2.3@landed".parse().unwrap();
        assert!(dependency.landed);
        assert_eq!(dependency.on.point, Point::Task(TaskId::new(2, 3)));
        assert_eq!(dependency.to_string(), "schema.2.3@landed");
    }

    #[test]
    fn what_is_not_a_reference_is_refused() {
        for bad in [
            "",
            ".2",
            "auth.",
            "auth.x",
            "auth.2.x",
            "auth.1.2.3",
            "Auth",
            "auth@done",
            "auth.01",
        ] {
            assert!(bad.parse::<Dependency>().is_err(), "{bad:?} was accepted");
        }
    }
}
