//! Floor 5: `orch top`, the fleet full screen. A client: it reads what `orch status` reads, and all that it does is a command of this
//! program.
//!
//! | what | where |
//! |---|---|
//! | what is shown, and what a key does; pure | `model` |
//! | drawing it; pure | `view` |
//! | reading journal, repository and logs, beside the drawing | `look`, `fleet`, `follow` |
//! | the terminal, and the commands that are run | `screen`, `perform` |
//! | the loop | `run` |

mod fleet;
mod follow;
mod look;
pub mod model;
mod perform;
mod run;
#[cfg(test)]
mod sample;
mod screen;
pub mod view;

pub use run::{TopOptions, run};
