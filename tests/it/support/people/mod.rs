//! What a person looks at: terminals, browsers and editors, driven by tests.

pub mod browser;
pub mod editor;
mod serving;
#[allow(unsafe_code, reason = "a terminal is opened by calls of the system")]
mod terminal;
mod tmux;

pub use serving::Serving;
pub use terminal::{in_terminal, in_terminal_of};
pub use tmux::Tmux;
