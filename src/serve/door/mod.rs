//! Who can reach the pages, and where.

mod guard;
mod listen;
mod token;

pub use guard::{Shown, guard};
pub use listen::{Address, Listener};
pub use token::Token;
