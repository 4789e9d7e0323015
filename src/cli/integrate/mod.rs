//! Commands that integrate finished work and remove landed work.

pub mod backup;
pub mod clean;
pub mod merge;
pub mod redo;
pub mod resolve;
pub mod revert;
pub mod review;
pub mod wanted;
