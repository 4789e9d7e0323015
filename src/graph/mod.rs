//! Floor 1: plans, phases, tasks, verifications and merges as one graph. A strategy is only a way of drawing edges.

mod batches;
mod by_phase;
mod cycles;
pub mod draw;
mod durations;
mod gate;
mod generated;
mod landings;
mod locks;
mod network;
mod opening;
mod order;
mod overlap;
mod places;
mod rank;
mod rng;
mod serialize;
mod series;
mod strategies;
mod timeline;
mod waiting;
mod waits;

pub use cycles::cycle_diagnostics;
pub use durations::{Calibration, Durations, median};
pub use gate::{Counts, Gate, Gates, Why};
pub use generated::Generated;
pub use locks::{FileLocks, covers, is_wide};
pub use network::{Graph, Node, Of};
pub use order::{PlanOrder, Unit, plan_order, task_order};
pub use overlap::PlanOverlap;
pub use rank::Ranks;
pub use rng::Rng;
pub use series::PlanSeries;
pub use strategies::{ChosenStrategy, StrategyReason, strategies};
pub use timeline::Timeline;
pub use waits::UnitWaits;
