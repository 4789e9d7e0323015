//! The text of a list item: its id, its title and its details.

use crate::plan::ItemId;

/// Splits the id off an item's first line, whether plain, bold, or with a colon or point behind it.
pub(super) fn split_id(line: &str) -> (Option<ItemId>, String) {
    let bare = line.trim();
    let unbold = bare.trim_start_matches("**");
    let named = unbold.get(..5).filter(|word| word.eq_ignore_ascii_case("task "));
    let text = named.map_or(unbold, |word| unbold[word.len()..].trim_start());
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let id = word.trim_end_matches(['*', ':', '.', ')']);
    match id.parse::<ItemId>() {
        // `Task 2.1: Do it` names a task, `Task 2.1 can start early` speaks of one.
        Ok(_) if named.is_some() && id.len() == word.len() && !rest.starts_with(['-', '–', '—']) => {
            (None, bare.to_owned())
        }
        Ok(item) => {
            let mut title = rest
                .trim_start()
                .trim_start_matches(['-', '–', '—', ':'])
                .trim_start()
                .to_owned();
            let opened = bare.len() != unbold.len() && !word.contains("**");
            if let (true, Some(at)) = (opened, title.find("**")) {
                title.replace_range(at..at + 2, "");
            }
            (Some(item), title.trim().to_owned())
        }
        Err(_) => (None, bare.to_owned()),
    }
}

/// Lines without the blanks that all of them begin with, and without empty lines around them.
pub(super) fn dedent(lines: &str) -> String {
    let indent = lines
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches([' ', '\t']).len())
        .min()
        .unwrap_or(0);
    let mut text = String::with_capacity(lines.len());
    for line in lines.lines() {
        text.push_str(line.get(indent..).unwrap_or_default().trim_end());
        text.push('\n');
    }
    text.trim_matches('\n').to_owned()
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
        assert_eq!(split_id("Do it"), (None, "Do it".to_owned()));
    }

    #[test]
    fn details_keep_their_shape() {
        assert_eq!(dedent("    - a\n\n      - b\n    c\n\n"), "- a\n\n  - b\nc");
    }
}
