//! The plan document parser: Markdown in, a [`Document`](super::Document) and all diagnostics out. The parser is total: any
//! text gives a document.
//!
//! `outline` finds headings, paragraphs and list items with a CommonMark parser. `read` and `items` walk over these and draft
//! phases and tasks. `annotations` and `stated` read brackets. `finish` assigns missing numbers, joins groups and checks
//! references. `lint` goes over a document again, for text that probably means something else.

mod annotations;
mod checks;
mod draft;
mod files;
mod finish;
mod groups;
mod items;
mod lint;
mod nested;
mod notes;
mod places;
mod prose;
mod read;
mod shape;
mod stated;
mod walk;

#[cfg(test)]
mod tests;

pub use super::id::document_diagnostic::DocumentDiagnostic;
pub use lint::doubts;
pub use read::read_document;
