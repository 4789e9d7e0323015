//! Commands that bring finished work together and remove what has landed.

pub mod backup;
pub mod clean;
pub mod merge;
pub mod redo;
pub mod resolve;
pub mod revert;
pub mod review;
pub mod wanted;
