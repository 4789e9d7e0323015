//! Commands that look after the installation: doctor, schemas, completions, manual pages.

pub mod completions;
pub mod doctor;
pub mod man;
pub mod schema;
