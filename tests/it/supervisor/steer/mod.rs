//! People steer a run: commands, messages, questions, approvals.

mod attach;
mod escalation;
mod hand_over;
mod messages;
mod questions;
mod redo;
mod steering;
mod steering_again;
mod sync_points;
