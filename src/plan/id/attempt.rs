//! Identities of attempts and runs.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::plan::PlanName;

/// One agent process: `auth-3` is the third attempt ever made for plan `auth` in this repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct AttemptId(Arc<str>);

impl AttemptId {
    /// The `sequence`-th attempt of `plan`, counted from 1.
    pub fn new(plan: &PlanName, sequence: u32) -> Self {
        Self(format!("{plan}-{sequence}").into())
    }

    /// The plan and the number in the id; none when the id has another form.
    pub fn parts(&self) -> Option<(PlanName, u32)> {
        let (plan, sequence) = self.0.rsplit_once('-')?;
        Some((plan.parse().ok()?, sequence.parse().ok()?))
    }

    /// The id as text; also the name of the attempt's folder.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for AttemptId {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<AttemptId> for String {
    fn from(id: AttemptId) -> String {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One run of `orch up`: `r1`, `r2`, …
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub u32);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("r{}", self.0))
    }
}
