//! Floor 5: the fleet as web pages. Every answer is the output of a command of this program, and every action is one of its
//! command lines. The pages decide nothing; a supervisor only notices that its journal is read.

mod act;
mod answers;
mod api;
mod conversation;
mod diff;
mod doing;
mod door;
mod fleet;
mod guard;
mod page;
mod pages;
mod picture;
mod routes;
mod server;
mod stream;

pub use answers::ServedProgram;
pub use door::{Address, Listener, Token};
pub use routes::serve;
pub use server::Server;
