//! Floor 5: `orch lsp`, with a scripted client and a real editor.

mod any_text;
mod neovim;
mod protocol;
