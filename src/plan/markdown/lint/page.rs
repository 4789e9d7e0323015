//! A document prepared for the lints: its outline, its lines and its sections.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::region::{Region, regions};
use crate::plan::Document;
use crate::plan::markdown::DocumentDiagnostic;
use crate::plan::markdown::shape::front_matter;
use crate::plan::markdown::shape::item::split_line;
use crate::plan::markdown::shape::masked::Masked;
use crate::plan::markdown::shape::outline::{Block, ListItem, Outline, outline};
use crate::plan::text::place::LineIndex;

pub(super) struct Page<'d> {
    pub(super) document: &'d Document,
    /// Adjacent regions that together cover the whole text.
    pub(super) regions: Vec<Region<'d>>,
    masked: Masked<'d>,
    index: LineIndex<'d>,
    /// List items with a box, in order.
    boxes: Vec<ListItem>,
    /// The lines of these boxes.
    boxed: BTreeSet<usize>,
}

impl<'d> Page<'d> {
    pub(super) fn new(document: &'d Document) -> Self {
        let text = document.text.as_str();
        let body = text.len() - text.trim_start_matches('\u{feff}').len();
        let front = body + front_matter::length(&text[body..]);
        let Outline { blocks, masked } = outline(text, front);
        let index = LineIndex::new(text);
        let regions = regions(document, &blocks, &index);
        let items = blocks.into_iter().filter_map(|block| match block {
            Block::Item(item) if item.ticked.is_some() => Some(item),
            _ => None,
        });
        let boxes: Vec<ListItem> = items.collect();
        Self {
            boxed: boxes.iter().map(|item| index.line(item.head.start)).collect(),
            boxes,
            regions,
            document,
            masked,
            index,
        }
    }

    pub(super) fn text(&self) -> &'d str {
        &self.document.text
    }

    /// The line, from 1, that contains a byte.
    pub(super) fn line(&self, at: usize) -> usize {
        self.index.line(at)
    }

    /// The text of a line, without its line break.
    pub(super) fn line_text(&self, line: usize) -> &'d str {
        split_line(&self.text()[self.index.start(line)..]).0
    }

    /// The text of a line with code and HTML masked.
    pub(super) fn masked_line(&self, line: usize) -> Cow<'d, str> {
        let start = self.index.start(line);
        self.masked.part(&(start..start + self.line_text(line).len()))
    }

    /// True when the line has a box that Markdown recognises.
    pub(super) fn is_boxed(&self, line: usize) -> bool {
        self.boxed.contains(&line)
    }

    /// The items with a box that begin in this range.
    pub(super) fn boxes(&self, range: &Range<usize>) -> &[ListItem] {
        let from = self.boxes.partition_point(|item| item.range.start < range.start);
        let to = self.boxes.partition_point(|item| item.range.start < range.end);
        &self.boxes[from..to.max(from)]
    }

    /// The lines of a region, below its heading.
    pub(super) fn lines(&self, region: &Region<'_>) -> Range<usize> {
        let first = self.line(region.range.start);
        let last = self.line(region.range.end.saturating_sub(1).max(region.range.start));
        first + usize::from(region.heading.is_some())..last + 1
    }

    /// A lint about a line, at the first occurrence of `word` in the line.
    pub(super) fn doubt(&self, line: usize, word: &str, message: String, hint: String) -> DocumentDiagnostic {
        let mut doubt = DocumentDiagnostic::new(line, message, hint).about(word);
        doubt.place(self.line_text(line));
        doubt
    }
}
