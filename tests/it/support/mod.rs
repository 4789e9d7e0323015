//! What the integration tests share.

mod branches;
mod dice;
pub mod disturbed;
mod false_clock;
mod fixer;
pub mod histories;
mod lanes;
mod model_server;
mod people;
mod preload;
pub mod reading;
pub mod real;
#[allow(unsafe_code, reason = "the environment is changed before anybody reads it")]
mod repo;
mod sandbox;
mod shared_blocks;
mod small_disk;

pub use branches::Branches;
pub use dice::{Dice, asked, campaign, steps};
pub use false_clock::FalseClock;
pub use fixer::KEEPS_BOTH;
pub use lanes::{HOME, LANE, Lanes, PLAN, refused};
pub use people::{Serving, Tmux, browser, editor, in_terminal, in_terminal_of};
pub use preload::compile;
pub use repo::{Scratch, Tree, isolate};
pub use sandbox::{Running, Said, Sandbox, document, has_fields, kill, program, wait_for};
pub use shared_blocks::SharedBlocks;
pub use small_disk::SmallDisk;
