//! Commands that maintain the installation: doctor, schemas, completions and manual pages.

pub mod completions;
pub mod doctor;
pub mod man;
pub mod schema;
