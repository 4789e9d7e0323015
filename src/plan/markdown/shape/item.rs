//! The text of a list item: its id, its title and its details.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use crate::plan::ItemId;

/// Splits the id off an item's first line. The id may be plain or bold, and a colon or dot may follow it.
pub(in crate::plan::markdown) fn split_id(line: &str) -> (Option<ItemId>, Cow<'_, str>) {
    let bare = line.trim();
    let mut unbold = bare;
    while let Some(inner) = unbold.strip_prefix("**") {
        unbold = inner;
    }
    let named = unbold.get(..5).filter(|word| word.eq_ignore_ascii_case("task "));
    let text = named.map_or(unbold, |word| unbold[word.len()..].trim_start());
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return (None, Cow::Borrowed(bare));
    }
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let id = word.trim_end_matches(['*', ':', '.', ')']);
    match id.parse::<ItemId>() {
        // `Task 2.1: Do it` names a task, but `Task 2.1 can start early` is prose about a task.
        Ok(_) if named.is_some() && id.len() == word.len() && !rest.starts_with(['-', '–', '—']) => {
            (None, Cow::Borrowed(bare))
        }
        Ok(item) => {
            let title = rest
                .trim_start()
                .trim_start_matches(['-', '–', '—', ':'])
                .trim_start();
            let opened = bare.len() != unbold.len() && !word.contains("**");
            let closed = if opened { title.split_once("**") } else { None };
            match closed {
                Some((bold, rest)) => (Some(item), Cow::Owned([bold, rest].concat().trim().to_owned())),
                None => (Some(item), Cow::Borrowed(title.trim())),
            }
        }
        Err(_) => (None, Cow::Borrowed(bare)),
    }
}

/// The lines without their common indentation, and without empty lines around them.
pub(in crate::plan::markdown) fn dedent(lines: &str) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let starts = std::iter::once(0).chain(memchr_iter(b'\n', lines.as_bytes()).map(|at| at + 1));
    let indent = starts.filter_map(|at| indent(&lines[at..])).min().unwrap_or(0);
    let mut text = String::with_capacity(lines.len());
    let mut rest = lines;
    while !rest.is_empty() {
        let (line, below) = split_line(rest);
        rest = below;
        let line = line.get(indent..).unwrap_or_default().trim_end();
        if !text.is_empty() || !line.is_empty() {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.truncate(text.trim_end_matches('\n').len());
    text
}

/// The first line of a text, without its line break, and the text below it.
pub(in crate::plan::markdown) fn split_line(text: &str) -> (&str, &str) {
    match memchr(b'\n', text.as_bytes()) {
        Some(end) => {
            let line = &text[..end];
            (line.strip_suffix('\r').unwrap_or(line), &text[end + 1..])
        }
        None => (text, ""),
    }
}

/// The indentation of the first line of a text; none when the line is blank.
fn indent(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let blanks = bytes
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let first = *bytes.get(blanks)?;
    let is_text = first.is_ascii_graphic()
        || !text[blanks..]
            .lines()
            .next()
            .unwrap_or_default()
            .trim()
            .is_empty();
    is_text.then_some(blanks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_split_off_however_they_are_dressed() {
        for line in [
            "2.1 Do it",
            "**2.1** Do it",
            "**2.1 Do it**",
            "2.1. Do it",
            "2.1: Do it",
            "Task 2.1: Do it",
            "2.1 - Do it",
        ] {
            let (id, title) = split_id(line);
            assert_eq!(id.map(|id| id.to_string()).as_deref(), Some("2.1"), "{line}");
            assert_eq!(title, "Do it", "{line}");
        }
        assert_eq!(split_id("1.5x faster").0, None);
        assert_eq!(split_id("Task 2.1 can start early").0, None);
        assert_eq!(split_id("Do it"), (None, Cow::Borrowed("Do it")));
    }

    #[test]
    fn details_keep_their_shape() {
        assert_eq!(dedent("    - a\n\n      - b\n    c\n\n"), "- a\n\n  - b\nc");
    }
}
