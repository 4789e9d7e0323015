//! The state of the view, and the effect of keys on it. No clock, no disk, no process, no terminal.

mod cursor;
mod finding;
mod keys;
mod line;
mod lists;
mod log_text;
mod page;
mod seen;
mod steering;
mod tab;
#[cfg(test)]
mod tests;
mod top_model;
mod top_order;
mod top_question;
mod update;

pub use cursor::Cursor;
pub use keys::{KEYS, TopKey};
pub use line::InputLine;
pub use lists::Sorting;
pub use log_text::{LogPiece, LogText};
pub use page::{PagePurpose, TextPage};
pub use seen::{HappenedRow, NeedRow, Seen, TopRow, TrainRow, WorkSpan};
pub(in crate::top) use seen::{found, seconds};
pub use tab::Tab;
pub(in crate::top) use top_model::LOW;
pub use top_model::TopModel;
pub use top_order::{OutputPlace, TopOrder};
pub use top_question::{TopQuestion, Typing};
pub use update::{Finished, TopEvent, update};
