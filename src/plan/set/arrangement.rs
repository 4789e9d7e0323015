//! How a plan's phases and tasks are arranged for work: what one agent is given, and which edges are drawn.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plan::PhaseId;

/// `dispatch`: what one agent process is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dispatch {
    /// A whole plan, cut where it waits for another one.
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
    /// By what the document says.
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
    /// Every strategy that draws edges, `auto` being one of them by what a document says.
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
    /// By the plan's size, raised and lowered by what is seen.
    #[default]
    Auto,
    /// That many.
    Count(usize),
}

impl Lanes {
    /// The number of lanes for a plan of this many tasks, before anything is seen: fewer than 10 tasks 2, up to 30
    /// tasks 3, more 4.
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
    /// They are named.
    #[default]
    Warn,
    /// One waits for the other.
    Serialize,
}

/// All of it for one plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrangement {
    /// What one agent process is given.
    pub dispatch: Dispatch,
    /// True when the document decided that (`dispatch = "auto"`).
    #[serde(default)]
    pub by_document: bool,
    /// How edges are drawn.
    pub strategy: Strategy,
    /// How they are drawn in phases that have a strategy of their own.
    #[serde(default)]
    pub phases: BTreeMap<PhaseId, Strategy>,
    /// Share of a phase, in thousandths of its tasks, that lets the next one start (`batched`, `pipeline`).
    pub threshold: u32,
    /// Lanes for phases or tasks side by side.
    pub lanes: Lanes,
}

impl Arrangement {
    /// `phase_threshold` when nothing is said: 0.8.
    pub const THRESHOLD: u32 = 800;

    /// The strategy that is written for a phase.
    pub fn strategy_of(&self, phase: PhaseId) -> Strategy {
        self.phases.get(&phase).copied().unwrap_or(self.strategy)
    }

    /// Every phase has this strategy.
    pub fn set_strategy(&mut self, strategy: Strategy) {
        self.strategy = strategy;
        self.phases.clear();
    }

    /// How many of `tasks` have to be done for the share to be reached.
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
