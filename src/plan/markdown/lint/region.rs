//! The sections of a document, cut as the reader cuts them: each phase, and the text between phases.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::plan::markdown::shape::heading;
use crate::plan::markdown::shape::outline::Block;
use crate::plan::text::place::LineIndex;
use crate::plan::{Document, Phase};

/// A phase, or a section that is not a phase.
pub(super) struct Region<'d> {
    /// The phase; none for any other section.
    pub(super) phase: Option<&'d Phase>,
    /// Its heading; none for the text before the first heading.
    pub(super) heading: Option<Heading<'d>>,
    /// The heading of the phase that contains this region, when the region is itself a phase.
    pub(super) inside: Option<&'d str>,
    /// Headings below its own heading, in order.
    pub(super) inner: Vec<Heading<'d>>,
    /// The whole region, including its heading.
    pub(super) range: Range<usize>,
}

pub(super) struct Heading<'d> {
    /// The text without its marks.
    pub(super) text: &'d str,
    pub(super) line: usize,
    /// The byte offset where it begins.
    pub(super) at: usize,
}

/// Cuts a document at every phase, and at every other heading that is not deeper than the phases.
pub(super) fn regions<'d>(
    document: &'d Document,
    blocks: &[Block],
    index: &LineIndex<'d>,
) -> Vec<Region<'d>> {
    let headings = blocks.iter().filter_map(|block| match block {
        Block::Heading { level, range } => {
            let text = heading::text(&document.text[range.clone()]);
            let (line, at) = (index.line(range.start), range.start);
            Some((*level, Heading { text, line, at }))
        }
        _ => None,
    });
    let headings: Vec<_> = headings.collect();
    let phases: BTreeMap<usize, &Phase> = document.phases.iter().map(|phase| (phase.line, phase)).collect();
    let level = headings
        .iter()
        .find(|(_, heading)| phases.contains_key(&heading.line));
    let level = level.map_or(2, |(level, _)| *level);
    let mut regions = vec![Region {
        phase: None,
        inside: None,
        heading: None,
        inner: Vec::new(),
        range: 0..document.text.len(),
    }];
    let mut above: Option<(u8, &str)> = None;
    for (own, heading) in headings {
        let phase = phases.get(&heading.line).copied();
        above = above.filter(|(level, _)| *level < own);
        let inside = above.filter(|_| phase.is_some()).map(|(_, text)| text);
        if above.is_none() && heading::phase(heading.text).is_some() {
            above = Some((own, heading.text));
        }
        match regions.last_mut() {
            Some(last) if own > level && phase.is_none() => last.inner.push(heading),
            Some(last) => {
                last.range.end = heading.at;
                regions.push(Region {
                    phase,
                    inside,
                    inner: Vec::new(),
                    range: heading.at..document.text.len(),
                    heading: Some(heading),
                });
            }
            None => {}
        }
    }
    regions
}
