//! The plan document reader: Markdown in, a [`Document`](super::Document) and every fault out. It is total: any text
//! gives a document.
//!
//! `outline` lets a CommonMark parser find headings, paragraphs and list items; `read` and `items` walk them and draft phases and
//! tasks; `annotations` and `stated` read what is in brackets; `finish` numbers what has no number, joins groups and checks
//! references. `lint` looks a document over again, for what was probably meant otherwise.

mod annotations;
mod checks;
mod draft;
mod files;
mod finish;
mod groups;
mod items;
mod lint;
mod nested;
mod places;
mod read;
mod shape;
mod stated;
mod walk;

#[cfg(test)]
mod tests;

pub use super::id::document_diagnostic::DocumentDiagnostic;
pub use lint::doubts;
pub use read::read_document;
