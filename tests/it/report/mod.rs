//! Floor 5: what people see of a run.

mod attention;
mod digest;
mod expected_end;
mod run_timeline;
mod runs;
mod screens;
mod top;
mod train_view;
