//! The headings, paragraphs and list items of a Markdown text, in order, as byte ranges.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::plan::markdown::shape::masked::Masked;

/// A piece of a document's outline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plan::markdown) enum Block {
    /// A heading of this level; the range is its first line's text with the marks.
    Heading { level: u8, range: Range<usize> },
    /// A paragraph outside lists and quotes.
    Paragraph { range: Range<usize> },
    /// A list item.
    Item(ListItem),
    /// A thematic break.
    Rule,
}

/// A list item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plan::markdown) struct ListItem {
    /// The number of items that contain it.
    pub(in crate::plan::markdown) depth: usize,
    /// Its box: none, open, or ticked.
    pub(in crate::plan::markdown) ticked: Option<bool>,
    /// Its first paragraph, without marker and box.
    pub(in crate::plan::markdown) head: Range<usize>,
    /// The whole item.
    pub(in crate::plan::markdown) range: Range<usize>,
}

/// A text's outline.
pub(in crate::plan::markdown) struct Outline<'t> {
    pub(in crate::plan::markdown) blocks: Vec<Block>,
    /// The text with code and HTML masked, so that nothing in them is structure.
    pub(in crate::plan::markdown) masked: Masked<'t>,
}

/// An open item during the walk: its index in the block list, and whether its head is complete.
struct OpenItems {
    block: usize,
    head_done: bool,
}

/// Finds the outline of `text`; everything before `from` is skipped.
pub(in crate::plan::markdown) fn outline(text: &str, from: usize) -> Outline<'_> {
    let mut blocks: Vec<Block> = Vec::with_capacity(text.len() / 48);
    let mut masked = Masked::new(text);
    let mut items: Vec<OpenItems> = Vec::new();
    let mut quotes = 0_usize;
    let mut quoted_items = false;
    let parser = Parser::new_ext(&text[from..], Options::ENABLE_TASKLISTS).into_offset_iter();
    for (event, range) in parser {
        let range = range.start + from..range.end + from;
        match event {
            Event::Start(Tag::BlockQuote(_)) => quotes += 1,
            Event::End(TagEnd::BlockQuote(_)) => quotes = quotes.saturating_sub(1),
            Event::Start(Tag::Item) => {
                close_head(&mut blocks, &mut items, range.start);
                let depth = items.len();
                quoted_items |= quotes > 0;
                items.push(OpenItems {
                    block: blocks.len(),
                    head_done: quotes > 0,
                });
                let head = content_start(text, &range)..range.start;
                blocks.push(Block::Item(ListItem {
                    depth,
                    ticked: None,
                    head,
                    range,
                }));
            }
            Event::End(TagEnd::Item) => {
                close_head(&mut blocks, &mut items, range.end);
                items.pop();
            }
            Event::TaskListMarker(ticked) => {
                if let Some(item) = open_item(&mut blocks, &items) {
                    item.ticked = Some(ticked);
                    item.head.start = range.end;
                }
            }
            Event::Start(Tag::Paragraph) if quotes == 0 && items.is_empty() => {
                blocks.push(Block::Paragraph { range });
            }
            Event::End(TagEnd::Paragraph) => close_head(&mut blocks, &mut items, range.end),
            Event::Start(Tag::Heading { level, .. }) => {
                close_head(&mut blocks, &mut items, range.start);
                if quotes == 0 && items.is_empty() {
                    let level = level as u8;
                    blocks.push(Block::Heading { level, range });
                }
            }
            Event::Start(Tag::CodeBlock(_) | Tag::HtmlBlock) => {
                close_head(&mut blocks, &mut items, range.start);
                masked.hide(range);
            }
            Event::Start(Tag::List(_)) => close_head(&mut blocks, &mut items, range.start),
            Event::Code(_) | Event::InlineHtml(_) => masked.hide(range),
            Event::Rule if quotes == 0 && items.is_empty() => {
                blocks.push(Block::Rule);
            }
            _ => {}
        }
    }
    // Items in quotes keep an empty head and are not part of the outline.
    if quoted_items {
        blocks.retain(|block| !matches!(block, Block::Item(item) if item.head.end < item.head.start));
    }
    Outline { blocks, masked }
}

/// The offset of an item's text, after its marker.
fn content_start(text: &str, range: &Range<usize>) -> usize {
    let item = text.as_bytes().get(range.clone()).unwrap_or_default();
    let is_marker = |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'*' | b'+' | b'.' | b')');
    let marker = item.iter().take_while(is_marker).count();
    let blanks = item[marker..]
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    range.start + marker + blanks
}

fn open_item<'b>(blocks: &'b mut [Block], items: &[OpenItems]) -> Option<&'b mut ListItem> {
    let open = items.last().filter(|open| !open.head_done)?;
    let Some(Block::Item(item)) = blocks.get_mut(open.block) else {
        return None;
    };
    Some(item)
}

/// Ends the head of the innermost item. The head ends where anything else begins.
fn close_head(blocks: &mut [Block], items: &mut [OpenItems], at: usize) {
    if let Some(item) = open_item(blocks, items) {
        item.head.end = at.max(item.head.start);
    }
    if let Some(open) = items.last_mut() {
        open.head_done = true;
    }
}
