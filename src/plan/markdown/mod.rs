//! stub
use super::Document;
/// fault
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentFault {
    pub line: usize,
    pub message: String,
    pub hint: Option<String>,
}
pub fn read_document(text: &str) -> (Document, Vec<DocumentFault>) {
    (
        Document {
            text: text.to_owned(),
            ..Document::default()
        },
        vec![],
    )
}
