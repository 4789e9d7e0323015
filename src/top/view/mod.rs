//! Drawing the model. Decides nothing.

mod columns;
mod fleet_table;
mod frame;
mod last_line;
mod log_lines;
mod pen;
mod tables;
#[cfg(test)]
pub(in crate::top) mod tests;
mod theme;
mod timeline;

pub use frame::draw;
