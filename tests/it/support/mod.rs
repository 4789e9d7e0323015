//! What the integration tests share.

mod dice;
pub mod disturbed;
mod lanes;
mod model_server;
pub mod reading;
pub mod real;
mod repo;
mod sandbox;

pub use dice::{Dice, asked};
pub use lanes::{HOME, LANE, Lanes, PLAN, refused};
pub use repo::{Scratch, Tree, isolate};
pub use sandbox::{Running, Said, Sandbox, document, has_fields, kill, program, wait_for};
