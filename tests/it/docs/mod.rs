//! The pages in `docs/`, against the code.

mod commands_page;
mod documentation;
