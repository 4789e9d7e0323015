//! Floor 1: plans, phases, tasks, verifications and merges as one graph. A strategy is only a way of drawing edges.

mod batches;
mod cycles;
mod dice;
pub mod draw;
mod durations;
mod gate;
mod generated;
mod locks;
mod network;
mod order;
mod overlap;
mod rank;
mod serialize;
mod timeline;

pub use cycles::cycle_faults;
pub use dice::Dice;
pub use durations::Durations;
pub use gate::{Counts, Gate, Why};
pub use generated::Generated;
pub use locks::{FileLocks, covers, is_wide};
pub use network::{Graph, Node, NodeGate, Of};
pub use order::{PlanOrder, Unit, plan_order, resolve_strategy, task_order};
pub use overlap::PlanOverlap;
pub use rank::Ranks;
pub use timeline::Timeline;
