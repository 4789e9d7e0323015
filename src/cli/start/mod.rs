//! Commands to get started: a manifest, a document, a demo, a run.

pub mod check;
mod check_output;
mod check_watch;
pub mod demo;
pub mod edit;
pub mod edit_file;
pub mod init;
pub mod lsp;
pub mod new;
pub mod preview;
mod preview_risks;
#[allow(unsafe_code, reason = "a session of its own is begun between fork and exec")]
pub mod up;
