//! Usage in the form in which it is shown.

use serde::Serialize;

use crate::agent::JobFolder;
use crate::plan::Currency;
use crate::schedule::{AttemptRecord, Facts, Spent};

use crate::supervisor::project::repository_plans::Project;

/// Tokens and money.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SpentView {
    /// Input tokens that were not cached.
    pub input: u64,
    /// Input tokens from a cache.
    pub cached: u64,
    /// Output tokens.
    pub output: u64,
    /// Money; `None` when no costs are reported.
    pub cost: Option<f64>,
    /// The budget; `None` where there is none.
    pub budget: Option<f64>,
    /// The currency of both.
    pub currency: Currency,
    #[serde(skip)]
    exact: Spent,
}

impl SpentView {
    pub(in crate::supervisor) fn of(spent: Spent, budget: Option<f64>, currency: Currency) -> Self {
        Self {
            input: spent.input,
            cached: spent.cached,
            output: spent.output,
            cost: spent.micros.map(|micros| micros as f64 / 1e6),
            budget,
            currency,
            exact: spent,
        }
    }

    /// The exact amounts, for calculations.
    pub fn exact(&self) -> Spent {
        self.exact
    }
}

/// The facts in the attempt's output: from the journal, and for a running attempt from its runner's last record.
pub fn facts_of(project: &Project, attempt: &AttemptRecord) -> Facts {
    let at_work = attempt.started.is_some() && attempt.ended.is_none();
    let live = at_work.then(|| JobFolder::new(project.dir.attempt(&attempt.id)).facts());
    live.flatten().unwrap_or_else(|| attempt.facts.clone())
}
