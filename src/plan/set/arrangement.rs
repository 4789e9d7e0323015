//! How a plan's phases and tasks are arranged for work: what one agent is given, and which edges connect them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::PhaseId;

/// `dispatch`: what one agent process is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dispatch {
    /// A whole plan, cut where it waits for another plan.
    #[default]
    Plan,
    /// One phase.
    Phase,
    /// One task.
    Task,
}

/// `strategy`: how edges are drawn between phases and tasks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Strategy {
    /// The document decides.
    #[default]
    Auto,
    /// In batches.
    Batched,
    /// Phases overlap at thresholds.
    Pipeline,
    /// By named dependencies, then phase order.
    Dag,
    /// By named dependencies only.
    Independent,
}

impl fmt::Display for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plan => "plan",
            Self::Phase => "phase",
            Self::Task => "task",
        })
    }
}

impl Strategy {
    /// The strategies that draw edges. `auto` stands for one of them, depending on the document.
    pub const DRAWN: [Self; 4] = [Self::Batched, Self::Pipeline, Self::Dag, Self::Independent];
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Auto => "auto",
            Self::Batched => "batched",
            Self::Pipeline => "pipeline",
            Self::Dag => "dag",
            Self::Independent => "independent",
        })
    }
}

/// `parallel_tasks`: how many units of one plan are worked on at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lanes {
    /// Starts from the plan's size, and goes up and down with observations.
    #[default]
    Auto,
    /// A fixed number.
    Count(usize),
}

impl Lanes {
    /// The number of lanes for a plan with this many tasks, before any observation: 2 for fewer than 10 tasks, 3 for up to 30
    /// tasks, 4 for more.
    pub fn nominal(self, tasks: usize) -> usize {
        match self {
            Self::Count(count) => count,
            Self::Auto => match tasks {
                0..10 => 2,
                10..=30 => 3,
                _ => 4,
            },
        }
    }
}

/// `overlap`: what happens with plans that touch the same files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Overlap {
    /// Nothing.
    Allow,
    /// The overlap is reported.
    #[default]
    Warn,
    /// One plan waits for the other.
    Serialize,
}

/// The whole arrangement of one plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrangement {
    /// What one agent process is given.
    pub dispatch: Dispatch,
    /// True when the document decided the dispatch (`dispatch = "auto"`).
    #[serde(default)]
    pub by_document: bool,
    /// How edges are drawn.
    pub strategy: Strategy,
    /// How edges are drawn in phases that have their own strategy.
    #[serde(default)]
    pub phases: BTreeMap<PhaseId, Strategy>,
    /// Share of a phase, in thousandths of its tasks, that lets the next phase start (`batched`, `pipeline`).
    pub threshold: u32,
    /// Lanes for phases or tasks that run in parallel.
    pub lanes: Lanes,
}

impl Arrangement {
    /// The default of `phase_threshold`: 0.8.
    pub const THRESHOLD: u32 = 800;

    /// The strategy of a phase: its own, else the plan's.
    pub fn strategy_of(&self, phase: PhaseId) -> Strategy {
        self.phases.get(&phase).copied().unwrap_or(self.strategy)
    }

    /// Gives every phase this strategy.
    pub fn set_strategy(&mut self, strategy: Strategy) {
        self.strategy = strategy;
        self.phases.clear();
    }

    /// How many of `tasks` must be done to reach the threshold.
    pub fn needed(&self, tasks: usize) -> usize {
        (tasks * self.threshold as usize).div_ceil(1000)
    }
}

impl Default for Arrangement {
    fn default() -> Self {
        Self {
            dispatch: Dispatch::default(),
            by_document: false,
            strategy: Strategy::default(),
            phases: BTreeMap::new(),
            threshold: Self::THRESHOLD,
            lanes: Lanes::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_follow_the_size_and_thresholds_round_up() {
        assert_eq!(
            [9, 10, 30, 31].map(|tasks| Lanes::Auto.nominal(tasks)),
            [2, 3, 3, 4]
        );
        assert_eq!(Lanes::Count(7).nominal(1), 7);
        let usual = Arrangement::default();
        assert_eq!([0, 1, 2, 5, 10].map(|tasks| usual.needed(tasks)), [0, 1, 2, 4, 8]);
    }
}
