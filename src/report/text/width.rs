//! Fitting text into columns of a terminal, where some characters take two.

use std::io::IsTerminal;

use crate::plan::is_unprintable;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The width of a page without a terminal.
const PAGE: usize = 80;

/// The rows of a terminal that does not report its size.
const ROWS: usize = 24;

/// The width of the terminal, or of a page when there is no terminal or it does not report its size.
fn columns(terminal: impl std::os::fd::AsFd) -> usize {
    match rustix::termios::tcgetwinsize(terminal) {
        Ok(size) if size.ws_col > 0 => usize::from(size.ws_col),
        _ => PAGE,
    }
}

/// True when standard error is a terminal that supports cursor movement.
pub fn error_is_drawable() -> bool {
    obeys() && std::io::stderr().is_terminal()
}

/// True when standard input and output are a terminal that supports cursor movement.
pub fn is_drawable() -> bool {
    obeys() && std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

fn obeys() -> bool {
    std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

/// The rows of the terminal on standard error; 24 if it does not report them.
pub fn error_rows() -> usize {
    match rustix::termios::tcgetwinsize(rustix::stdio::stderr()) {
        Ok(size) if size.ws_row > 0 => usize::from(size.ws_row),
        _ => ROWS,
    }
}

/// The width of standard output: its terminal's, or else 80.
pub fn output_columns() -> usize {
    columns(rustix::stdio::stdout())
}

/// The width of the terminal on standard output; `None` where it is not a terminal.
pub fn output_terminal() -> Option<usize> {
    std::io::stdout().is_terminal().then(output_columns)
}

/// The width of the terminal on standard error; `None` where it is not a terminal.
pub fn error_terminal() -> Option<usize> {
    std::io::stderr().is_terminal().then(error_columns)
}

/// The width of standard error: its terminal's, or else 80.
pub fn error_columns() -> usize {
    columns(rustix::stdio::stderr())
}

/// The text's first line, cut to `width` columns with `…` where text is missing. Control characters, which
/// could move a terminal's cursor, become `?`.
pub fn fit(text: &str, width: usize) -> String {
    // The fast path for nearly all text.
    if text.len() <= width && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let line: String = text
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .map(|c| if is_unprintable(c) { '?' } else { c })
        .collect();
    let complete = line.width() <= width && text.lines().nth(1).is_none();
    if complete {
        return line;
    }
    let room = width.saturating_sub(1);
    let mut cut = String::new();
    let mut taken = 0;
    for c in line.chars() {
        let columns = c.width().unwrap_or(0);
        if taken + columns > room {
            break;
        }
        taken += columns;
        cut.push(c);
    }
    if width > 0 {
        cut.push('…');
    }
    cut
}

/// Names cut in the middle to `width` columns, so that they stay distinct if possible.
pub fn fit_names(names: &[&str], width: usize) -> Vec<String> {
    let cut = |name: &str, tail: usize| {
        let all: Vec<char> = name.chars().collect();
        if all.len() <= width {
            return name.to_owned();
        }
        let head = width.saturating_sub(1 + tail);
        let end = all.len() - tail;
        all[..head].iter().chain(&['…']).chain(&all[end..]).collect()
    };
    let room = width.saturating_sub(1);
    let half = room / 2;
    // First both ends of equal length, then more and more of the end, then more and more of the beginning.
    let tails = (half..=room).chain((0..half).rev());
    let tries = tails.map(|tail| -> Vec<String> { names.iter().map(|name| cut(name, tail)).collect() });
    let different = |cut: &Vec<String>| {
        let mut known = std::collections::HashSet::new();
        cut.iter().all(|name| known.insert(name.as_str()))
    };
    let mut tries = tries.peekable();
    let first = tries.peek().cloned().unwrap_or_default();
    tries.find(different).unwrap_or(first)
}

/// The text, padded with spaces to `width` columns.
pub fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.width());
    let mut padded = String::with_capacity(text.len() + missing);
    padded.push_str(text);
    padded.extend(std::iter::repeat_n(' ', missing));
    padded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_columns_and_never_across_lines() {
        assert_eq!(fit("short", 10), "short");
        assert_eq!(fit("exactly", 7), "exactly");
        assert_eq!(fit("too long", 5), "too …");
        assert_eq!(fit("計画計画", 5), "計画…");
        assert_eq!(fit("one\ntwo", 10), "one…");
        assert_eq!(fit("a\x1b[2Jb", 10), "a?[2Jb");
        assert_eq!(pad("計", 4), "計  ");
    }

    #[test]
    fn names_are_cut_in_the_middle_and_stay_different() {
        let names = ["payments-service-api", "payments-service-web", "short"];
        assert_eq!(fit_names(&names, 20), names);
        let cut = fit_names(&names, 11);
        assert_eq!(cut, ["payme…e-api", "payme…e-web", "short"]);
        let cut = fit_names(&["a-one-xxxxxxxxx", "a-two-xxxxxxxxx"], 7);
        assert_ne!(cut[0], cut[1], "{cut:?}");
        assert!(cut.iter().all(|name| name.width() <= 7), "{cut:?}");
        assert_eq!(fit_names(&[], 7), Vec::<String>::new());
        assert_eq!(fit_names(&["abc", "abd"], 0).len(), 2);
    }
}
