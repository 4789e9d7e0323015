//! Floor 3: the core's values as English sentences, for people, hooks and the journal.

mod about;
mod at_work;
mod attention;
mod capacity;
mod cycle;
mod delay;
mod ended;
mod explained;
mod landed;
mod list;
mod merge;
mod money;
mod reason;
mod reason_text;
mod redo;
mod steer_refusal;
mod steer_remark;
mod strategy;
mod train;
mod waiting;

pub use attention::{attention_line, attention_text};
pub use cycle::cycle_diagnostic;
pub use explained::{complete, explained, explained_unit, rewritten};
pub use list::{clause, rough};
pub use money::{cost, money};
pub use reason_text::ReasonText;
pub use redo::redo_refusal;
pub use steer_refusal::RefusalText;
pub use steer_remark::steer_remark;
pub use strategy::strategy_reason;
pub use train::train_reason;
