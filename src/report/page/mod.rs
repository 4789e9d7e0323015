//! A whole answer: the fleet, a plan, a run.

pub mod coordination;
pub mod digest_text;
pub mod durations_text;
pub mod efficiency;
pub mod gantt;
pub mod graph_states;
pub mod plan_page;
pub mod review_text;
pub mod run_page;
mod run_tables;
pub mod run_text;
pub mod summary;
pub mod table;
pub mod train_table;
