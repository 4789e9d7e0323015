//! Floor 5: the commands, one file for each group of tests.

mod backup;
mod bounds;
mod check;
mod check_watch;
mod cycles;
mod demo;
mod doctor;
mod edit;
mod mcp;
mod plan_option;
mod preview;
mod prompt;
mod shapes;
mod task;
