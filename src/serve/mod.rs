//! Floor 5: the fleet as web pages. Every answer is the output of a command of this program, and every action is one of its
//! command lines. The pages decide nothing; a supervisor only notices that its journal is read.

mod act;
mod api;
mod diff;
mod doing;
mod door;
mod fleet;
mod look;
mod news;
mod page;
mod pages;
mod picture;
mod read_status;
mod routes;
mod server;
mod stream;

pub use door::{Address, Listener, Token};
pub use look::ServedProgram;
pub use routes::serve;
pub use server::Server;
