//! Lints of a plan document: boxes that belong to no task, headings that are almost phases, and text that is almost an
//! annotation.
//!
//! Such a document is valid, but work may be lost silently. A lint never refuses anything, and prose must not trigger a lint:
//! each rule requires the sign of a slip, and something that gets lost by the slip.
//!
//! The outline is built a second time, and only for callers that want lints: most commands only want the document.

mod boxes;
mod bracket;
mod checks;
mod empty;
mod headings;
mod lookalike;
mod page;
mod region;

use super::DocumentDiagnostic;
use crate::plan::Document;

/// The lints of a document without errors, sorted by line.
pub fn doubts(document: &Document) -> &[DocumentDiagnostic] {
    document.doubts.get(|| find(document))
}

fn find(document: &Document) -> Vec<DocumentDiagnostic> {
    let page = page::Page::new(document);
    let mut found = Vec::new();
    headings::find(&page, &mut found);
    boxes::find(&page, &mut found);
    lookalike::find(&page, &mut found);
    empty::find(&page, &mut found);
    bracket::find(&page, &mut found);
    checks::find(&page, &mut found);
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::doubts;
    use crate::plan::markdown::read_document;

    /// The lints of a document, as `line:column message`.
    #[track_caller]
    pub(super) fn told(text: &str) -> Vec<String> {
        let (document, diagnostics) = read_document(text);
        assert_eq!(diagnostics, [], "{text}");
        let told = doubts(&document);
        told.iter()
            .map(|doubt| {
                let column = doubt.column.map_or(String::new(), |column| format!(":{column}"));
                format!(
                    "{}{column} {} ({})",
                    doubt.line,
                    doubt.message,
                    doubt.hint.as_deref().unwrap_or_default()
                )
            })
            .collect()
    }

    /// Asserts that there is one lint, and that it begins like this.
    #[track_caller]
    pub(super) fn tells(text: &str, beginning: &str) {
        let told = told(text);
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told[0].starts_with(beginning), "{told:#?}");
    }

    #[test]
    fn a_plain_document_is_beyond_doubt() {
        let text = "# Implementation Plan: Sign in\n\n## Overview\n\n- **Goal:** x\n- [ ] somebody agreed\n\n\
                    ## Phase 1: Sessions [PARALLEL]\n\n**Objective:** y\n\n\
                    - [ ] 1.1 Give out a token (lasts 5m) in [the store](src/store.rs) (see 1.2)\n  - [ ] with a test\n  - a day\n\
                    - [x] 1.2 Answer (depends: 1.1) `(after: 1.1)` (after the release)\n\n```\n- [] 1.9 x\n##Phase 7\n- [ ] y\n```\n\n\
                    **VERIFY Phase 1:**\n- [ ] it runs out\n- the next\n  - [ ] of it\n\n---\n\n## Phase 2: More\n\n\
                    - [ ] one\n- [ ] two\n  - [ ] a part\n\n## Phase 1 and what came of it\n\n- [ ] nothing\n\n## Done\n\n- [ ] 1.1 was done\n";
        assert_eq!(told(text), Vec::<String>::new());
    }
}
