//! Floor 1: plans, phases, tasks, verifications and merges as one graph. A strategy decides only which edges are drawn.
//!
//! | floor | sub-room | what lives there |
//! |---|---|---|
//! | 3 | [`draw`] | the graph as text, DOT, Mermaid, JSON and SVG |
//! | 2 | `ranking` | which work matters most, and when it could start |
//! | 1 | `network` | the graph of all plans |
//! | 0 | `order` | the order inside one plan |
//! | 0 | `chance` | random numbers and randomly generated plan sets |
//!
//! A sub-room imports only from lower floors; `tests/architecture.rs` fails otherwise.

mod chance;
mod cycles;
pub mod draw;
mod network;
mod order;
mod ranking;

pub use chance::generated::Generated;
pub use chance::rng::Rng;
pub use cycles::{Cycle, CycleStep, cycle_step_place, cycles};
pub use network::beside::SideBySide;
pub use network::file_turn::FileTurn;
pub use network::node::{Node, Of};
pub use network::overlap::{PlanOverlap, plan_overlaps};
pub use network::whole::Graph;
pub use order::chosen_strategy::{ChosenStrategy, StrategyReason};
pub use order::durations::{Calibration, Durations, MeasuredTasks, median};
pub use order::gate::{Counts, Gate, Gates, Why};
pub use order::glob::{common_files, covers, is_wide};
pub use order::locks::FileLocks;
pub use order::ordering::{plan_order, task_order};
pub use order::plan_order::{PlanOrder, Unit};
pub use order::strategies::strategies;
pub use order::waits::UnitWaits;
pub use ranking::rank::Ranks;
pub use ranking::timeline::Timeline;
