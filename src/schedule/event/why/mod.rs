//! Reasons as values. The module `words` has their sentences.

pub(in crate::schedule) mod agent_need;
pub(in crate::schedule) mod attempt_end;
pub(in crate::schedule) mod because;
pub(in crate::schedule) mod built_on;
pub(in crate::schedule) mod closed_work;
pub(in crate::schedule) mod not_landing;

pub use agent_need::AgentNeed;
pub use attempt_end::{Besides, OddEnd, OpenReport, Shortfall};
pub use because::{Because, Hold, LostAs};
pub use built_on::BuiltOn;
pub use closed_work::{ClosedBecause, ClosedReport};
pub use not_landing::NotLanding;
