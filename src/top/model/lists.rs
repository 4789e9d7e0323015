//! The order of the fleet.

use std::cmp::Reverse;

use jiff::Timestamp;

use crate::plan::PlanState;

use super::seen::{Seen, TopRow};

/// The order of the fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sorting {
    /// Plans that need a person, then running ones, then the rest, as on the board of `orch up`.
    #[default]
    Urgency,
    /// The order of the manifest.
    Manifest,
    /// The name.
    Plan,
    /// The state.
    State,
    /// The share of done tasks; smallest first.
    Tasks,
    /// The last sign of life; oldest first.
    Life,
    /// The remaining time; longest first.
    Remaining,
    /// The cost; highest first.
    Cost,
}

/// States in the order in which they are shown.
const STATES: [PlanState; 11] = crate::report::STATES;

impl Sorting {
    const ALL: [Self; 8] = [
        Self::Urgency,
        Self::Manifest,
        Self::Plan,
        Self::State,
        Self::Tasks,
        Self::Life,
        Self::Remaining,
        Self::Cost,
    ];

    /// The next order.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|sorting| *sorting == self);
        Self::ALL[(at.unwrap_or(0) + 1) % Self::ALL.len()]
    }

    /// The order in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Urgency => "urgency",
            Self::Manifest => "the manifest's order",
            Self::Plan => "name",
            Self::State => "state",
            Self::Tasks => "tasks left",
            Self::Life => "last sign of life",
            Self::Remaining => "remaining time",
            Self::Cost => "cost",
        }
    }

    /// The indexes of the plans in this order.
    pub(super) fn order(self, seen: &Seen) -> Vec<usize> {
        let mut order: Vec<usize> = (0..seen.plans.len()).collect();
        let row = |at: &usize| &seen.plans[*at];
        match self {
            Self::Manifest => {}
            Self::Urgency => order.sort_by_key(|at| (row(at).need.unwrap_or(usize::MAX), place(row(at)))),
            Self::Plan => order.sort_by(|a, b| row(a).name.cmp(&row(b).name)),
            Self::State => order.sort_by_key(|at| place(row(at))),
            Self::Tasks => order.sort_by_key(|at| (row(at).done * 1000).checked_div(row(at).all)),
            Self::Life => order.sort_by_key(|at| row(at).heard.unwrap_or(Timestamp::MAX)),
            Self::Remaining => order.sort_by_key(|at| Reverse(row(at).remaining_s)),
            Self::Cost => order.sort_by(|a, b| {
                let cost = |at| row(at).cost.unwrap_or(-1.0);
                cost(b).total_cmp(&cost(a))
            }),
        }
        order
    }
}

fn place(row: &TopRow) -> usize {
    STATES
        .iter()
        .position(|state| *state == row.state)
        .unwrap_or(STATES.len())
}
