//! Ticked boxes as a report.

use std::collections::BTreeSet;

use crate::plan::markdown::read_document;
use crate::plan::{Document, ItemId};

/// The items whose boxes were open in `original` and are ticked in `text`, matched by id.
pub fn new_ticks(text: &str, original: &Document) -> BTreeSet<ItemId> {
    if text == original.text {
        return BTreeSet::new();
    }
    let open: BTreeSet<ItemId> = original
        .items()
        .filter_map(|(item, ticked)| (!ticked).then_some(item))
        .collect();
    let (now, _) = read_document(text);
    now.items()
        .filter_map(|(item, ticked)| (ticked && open.contains(&item)).then_some(item))
        .collect()
}

/// True for a separate document that is no copy of the other, however the copy was edited: neither the title nor the
/// tasks are the same. A text without tasks is no such document, because it contains nothing that could count.
pub(in crate::status) fn is_other_document(text: &str, original: &Document) -> bool {
    if text == original.text {
        return false;
    }
    let (there, _) = read_document(text);
    there.tasks().next().is_some() && there.title != original.title && there.print() != original.print()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# P\n\n## Phase 1: A\n\n- [ ] 1.1 One\n  - [ ] 1.1.1 Part\n- [x] 1.2 Two\n- [ ] 1.3 Three\n";

    fn ticks(text: &str) -> Vec<String> {
        let (original, _) = read_document(TEXT);
        new_ticks(text, &original)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn only_boxes_that_were_open_count() {
        assert!(ticks(TEXT).is_empty());
        assert_eq!(ticks(&TEXT.replace("[ ]", "[x]")), ["1.1", "1.1.1", "1.3"]);
    }

    #[test]
    fn a_task_is_not_done_because_its_parts_are() {
        assert_eq!(ticks(&TEXT.replace("[ ] 1.1.1", "[x] 1.1.1")), ["1.1.1"]);
    }

    #[test]
    fn boxes_that_the_plan_does_not_have_do_not_count() {
        assert!(ticks(&format!("{TEXT}- [x] 1.4 Four\n")).is_empty());
    }
}
