//! What the commands of this program and the journal answer.

mod look;
mod news;
mod read_status;

pub use look::{CommandLooks, Keep, Looked, ServedProgram, Wish};
pub use news::JournalNews;
pub use read_status::{ReadAttempt, ReadAttention, ReadPlan, Status};
