//! Who can reach the pages, and where.

mod guard;
mod listen;
mod token;

pub use guard::{Shown, guard, is_for_scripts};
pub use listen::{Address, Listener};
pub use token::Token;
