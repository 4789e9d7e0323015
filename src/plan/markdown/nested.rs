//! Phases inside a phase: deeper headings that name another phase and have boxes with its number below them.

use std::collections::BTreeSet;

use super::shape::heading;
use super::shape::item::{split_id, split_line};
use super::shape::outline::Block;

/// The offsets of such headings. The first number below a heading decides, so prose about other phases does not count.
pub(super) fn nested(text: &str, blocks: &[Block], phase_level: u8) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    for (place, block) in blocks.iter().enumerate() {
        if let Block::Heading { level, range } = block
            && *level > phase_level
            && let Some((id, _)) = heading::nested_phase(heading::text(&text[range.clone()]))
            && first_number(text, &blocks[place + 1..], *level) == Some(id)
        {
            found.insert(range.start);
        }
    }
    found
}

/// The phase of the first numbered box or task heading before the next heading of this level or a higher one.
fn first_number(text: &str, blocks: &[Block], level: u8) -> Option<crate::plan::PhaseId> {
    for block in blocks {
        let id = match block {
            Block::Heading { level: own, .. } if *own <= level => return None,
            Block::Heading { range, .. } => {
                heading::task(heading::text(&text[range.clone()])).map(|(id, _)| id)
            }
            Block::Item(item) if item.ticked.is_some() => {
                let head = split_line(&text[item.head.clone()]).0;
                split_id(head).0.map(|id| id.task)
            }
            Block::Item(_) | Block::Paragraph { .. } | Block::Rule => None,
        };
        if id.is_some() {
            return id.map(|id| id.phase);
        }
    }
    None
}
