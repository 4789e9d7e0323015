//! Phases inside a phase: deeper headings that name another phase and have boxes with its number below them.

use std::collections::BTreeSet;

use super::shape::heading;
use super::shape::item::{split_id, split_line};
use super::shape::outline::Block;
use crate::plan::PhaseId;

/// Which deeper headings are phases.
#[derive(Debug, Default)]
pub(super) struct Nested {
    /// The offsets of these headings.
    pub(super) phases: BTreeSet<usize>,
    /// The numbers of all phases of the document. A deeper heading that repeats one of them is part of the phase around it.
    pub(super) numbers: BTreeSet<PhaseId>,
}

/// The boxes below a heading.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BoxesBelow {
    None,
    Unnumbered,
    /// The first number is of this phase.
    Numbered(PhaseId),
}

impl Nested {
    /// The first number below a heading decides, so prose about other phases does not count. Boxes without numbers count below a
    /// heading beside such a phase.
    pub(super) fn new(text: &str, blocks: &[Block], phase_level: u8) -> Self {
        let headings = blocks
            .iter()
            .enumerate()
            .filter_map(|(place, block)| match block {
                Block::Heading { level, range } => Some((place, *level, range)),
                Block::Item(_) | Block::Paragraph { .. } | Block::Rule => None,
            });
        let on_level = headings.clone().filter(|(_, level, _)| *level == phase_level);
        let on_level = on_level.filter_map(|(.., range)| heading::phase(heading::text(&text[range.clone()])));
        let mut nested = Self {
            phases: BTreeSet::new(),
            numbers: on_level.map(|(id, _)| id).collect(),
        };
        let (mut around, mut beside) = (None, None);
        for (place, level, range) in headings {
            let line = heading::text(&text[range.clone()]);
            if level <= phase_level {
                around = heading::phase(line).map(|(id, _)| id);
                beside = None;
                continue;
            }
            let Some((id, _)) = heading::nested_phase(line) else {
                continue;
            };
            let is_phase = match boxes_below(text, &blocks[place + 1..], level) {
                BoxesBelow::Numbered(first) => first == id,
                BoxesBelow::Unnumbered => beside == Some(level),
                BoxesBelow::None => false,
            };
            // A phase may have one inner phase of its own number, which is that same phase.
            if is_phase && (around == Some(id) || nested.numbers.insert(id)) {
                nested.phases.insert(range.start);
                beside = Some(level);
            }
        }
        nested
    }
}

/// The boxes and task headings before the next heading of this level or a higher one.
fn boxes_below(text: &str, blocks: &[Block], level: u8) -> BoxesBelow {
    let mut below = BoxesBelow::None;
    for block in blocks {
        let id = match block {
            Block::Heading { level: own, .. } if *own <= level => return below,
            Block::Heading { range, .. } => {
                heading::task(heading::text(&text[range.clone()])).map(|(id, _)| id)
            }
            Block::Item(item) if item.ticked.is_some() => {
                below = BoxesBelow::Unnumbered;
                let head = split_line(&text[item.head.clone()]).0;
                split_id(head).0.map(|id| id.task)
            }
            Block::Item(_) | Block::Paragraph { .. } | Block::Rule => None,
        };
        if let Some(id) = id {
            return BoxesBelow::Numbered(id.phase);
        }
    }
    below
}
