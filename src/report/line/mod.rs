//! One line of text for an event.

pub mod count_line;
pub mod disk_text;
pub mod event_line;
pub mod json_lines;
pub mod person_line;
pub mod plain_lines;
pub mod resolving_line;
pub mod usage_line;
