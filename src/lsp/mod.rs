//! Floor 5: the language server for `plans.toml` and plan documents. Diagnostics, completion and all other answers come from one
//! view, which is read and checked with the code of `orch check`.
//!
//! | floor | sub-room | what lives there |
//! |---|---|---|
//! | 2 | `answer` | answers, from a view and a position |
//! | 1 | `view` | the data and the problems found |
//! | 0 | `text` | UTF-16 positions, the cursor's context, the schema |
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
