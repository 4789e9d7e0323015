//! Floor 5: the language server for `plans.toml` and plan documents. Faults, completion and the rest are taken from one view,
//! which is read and checked by what `orch check` uses.
//!
//! | floor | sub-room | what lives there |
//! |---|---|---|
//! | 2 | `answer` | a view and a place in, an answer out |
//! | 1 | `view` | what was read and found |
//! | 0 | `text` | UTF-16 places, what is being typed, what the schema says |
//!
//! The files here are the shell: `server` (the loop), `wire` (messages on a stream), `session`, `requests`, `workspace` (open
//! files), `uri`.

mod answer;
mod requests;
mod server;
mod session;
mod text;
mod uri;
mod view;
mod wire;
mod workspace;

pub use requests::Asked;
pub use server::serve;
pub use session::{Reply, Session};
