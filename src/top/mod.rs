//! Floor 5: `orch top`, the fleet full screen. A client: it reads the same data as `orch status`, and every action runs a command of
//! this program.
//!
//! | task | files |
//! |---|---|
//! | the state of the view, and the effects of keys; pure | `model` |
//! | drawing; pure | `view` |
//! | reading journal, repository and logs, beside the drawing | `look`, `fleet`, `follow` |
//! | the terminal, and running commands | `screen`, `perform` |
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
