//! Floor 3: the core's values as English sentences, for people, for hooks and for the journal.

mod at_work;
mod attention;
mod capacity;
mod delay;
mod ended;
mod landed;
mod list;
mod merge;
mod money;
mod reason_text;
mod strategy;
mod train;
mod waiting;

pub use attention::{attention_line, attention_text};
pub use list::{clause, rough};
pub use money::{cost, money};
pub use reason_text::{ReasonText, complete, explained, explained_unit, rewritten};
pub use strategy::strategy_reason;
pub use train::train_reason;
