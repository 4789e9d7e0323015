//! What the integration tests share.

mod branches;
pub mod browser;
mod dice;
pub mod disturbed;
pub mod editor;
mod false_clock;
mod fixer;
pub mod histories;
mod lanes;
mod model_server;
mod preload;
pub mod reading;
pub mod real;
#[allow(unsafe_code, reason = "the environment is changed before anybody reads it")]
mod repo;
mod sandbox;
mod serving;
mod shared_blocks;
mod small_disk;
#[allow(unsafe_code, reason = "a terminal is opened by calls of the system")]
mod terminal;
mod tmux;

pub use branches::Branches;
pub use dice::{Dice, asked, campaign, steps};
pub use false_clock::FalseClock;
pub use fixer::KEEPS_BOTH;
pub use lanes::{HOME, LANE, Lanes, PLAN, refused};
pub use preload::compile;
pub use repo::{Scratch, Tree, isolate};
pub use sandbox::{Running, Said, Sandbox, document, has_fields, kill, program, wait_for};
pub use serving::Serving;
pub use shared_blocks::SharedBlocks;
pub use small_disk::SmallDisk;
pub use terminal::{in_terminal, in_terminal_of};
pub use tmux::Tmux;
