//! Who can reach the pages, and where.

mod listen;
mod token;

pub use listen::{Address, Listener};
pub use token::Token;
