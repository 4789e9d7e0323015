//! The bottom lines of a terminal. Only changed lines are written.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use anstream::adapter::strip_str;
use indicatif::TermLike;
use unicode_width::UnicodeWidthStr;

use crate::report::text::width::{error_columns, error_rows};

/// The terminal shows everything between these two sequences at once, with the cursor hidden. Each piece of output shows the cursor again
/// at its end, so that it is visible however the program ends.
const BEGIN: &str = "\x1b[?2026h\x1b[?25l";
const END: &str = "\x1b[?25h\x1b[?2026l";

/// Lines to write above the board, once each.
pub type Above = Arc<Mutex<Vec<String>>>;

/// Standard error, drawn on by an [`indicatif::ProgressBar`].
#[derive(Debug)]
pub struct Screen {
    above: Above,
    painted: Mutex<Painted>,
}

impl Screen {
    pub fn new(above: Above) -> Self {
        let painted = Mutex::default();
        Self { above, painted }
    }
}

/// The current contents of the board on the terminal.
#[derive(Debug, Default)]
struct Painted {
    lines: Vec<String>,
    columns: usize,
    /// The lines to show with the next flush.
    next: Vec<String>,
}

impl Painted {
    /// The output that makes a terminal of this size (columns, rows) show the next lines, and these lines above them. The cursor is at the
    /// beginning of the last line before and after.
    fn change(&mut self, above: &[String], (columns, rows): (usize, usize)) -> String {
        let next = std::mem::take(&mut self.next);
        // A terminal that became lower has scrolled the first lines away.
        let resized = columns != self.columns || self.lines.len() > rows;
        if above.is_empty() && !resized && next == self.lines {
            return String::new();
        }
        let mut out = BEGIN.to_owned();
        let mut row = self.lines.len().saturating_sub(1);
        if !above.is_empty() || resized || next.is_empty() {
            // A terminal that became narrower has wrapped lines that were wider.
            let rows = |line: &String| strip_str(line).to_string().width().div_ceil(columns).max(1);
            let rows: usize = self.lines.iter().take(row).map(rows).sum();
            up(&mut out, rows);
            out += "\r";
            // Cleared line by line: some terminals save a copy of a whole screen that is cleared.
            for _ in 0..rows {
                out += "\x1b[2K\x1b[1B";
            }
            out += "\x1b[J";
            up(&mut out, rows);
            for line in above {
                out += &line.replace('\n', "\r\n");
                out += "\r\n";
            }
            self.lines.clear();
            row = 0;
        }
        // No line of the board may wrap, whatever the terminal takes for a wide character.
        out += "\x1b[?7l";
        for (number, line) in next.iter().enumerate() {
            if self.lines.get(number) == Some(line) {
                continue;
            }
            if number >= self.lines.len().max(1) {
                down(&mut out, (number - 1).saturating_sub(row));
                out += "\r\n";
            } else {
                down(&mut out, number.saturating_sub(row));
                up(&mut out, row.saturating_sub(number));
            }
            let _ = write!(out, "\r\x1b[2K{line}");
            row = number;
        }
        out += "\x1b[?7h";
        let last = next.len().saturating_sub(1);
        if self.lines.len() > next.len() {
            down(&mut out, (last + 1).saturating_sub(row));
            up(&mut out, row.saturating_sub(last + 1));
            out += "\r\x1b[J";
            row = last + 1;
        }
        down(&mut out, last.saturating_sub(row));
        up(&mut out, row.saturating_sub(last));
        out += "\r";
        out += END;
        self.lines = next;
        self.columns = columns;
        out
    }
}

fn up(out: &mut String, lines: usize) {
    if lines > 0 {
        let _ = write!(out, "\x1b[{lines}A");
    }
}

fn down(out: &mut String, lines: usize) {
    if lines > 0 {
        let _ = write!(out, "\x1b[{lines}B");
    }
}

/// A drawing's lines are collected as they come. The movement of the cursor follows from the changed lines.
impl TermLike for Screen {
    fn width(&self) -> u16 {
        u16::try_from(error_columns()).unwrap_or(u16::MAX)
    }

    fn height(&self) -> u16 {
        u16::try_from(error_rows()).unwrap_or(u16::MAX)
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.write_str(line)
    }

    /// A line, or the spaces that pad it.
    fn write_str(&self, line: &str) -> io::Result<()> {
        if !line.trim().is_empty() {
            let mut painted = self.painted.lock().unwrap_or_else(PoisonError::into_inner);
            painted.next.push(line.to_owned());
        }
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        let above = std::mem::take(&mut *self.above.lock().unwrap_or_else(PoisonError::into_inner));
        let mut painted = self.painted.lock().unwrap_or_else(PoisonError::into_inner);
        let change = painted.change(&above, (error_columns(), error_rows()));
        io::stderr().write_all(change.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A minimal terminal for tests: rows, and a cursor in one of them.
    struct Terminal {
        rows: Vec<String>,
        row: usize,
    }

    impl Terminal {
        fn obey(&mut self, text: &str) {
            let mut rest = text;
            while let Some(c) = rest.chars().next() {
                let sequence = rest.strip_prefix("\x1b[").map(|rest| {
                    let end = rest.find(|c: char| c.is_ascii_alphabetic()).unwrap();
                    (&rest[..end], &rest[end..=end], &rest[end + 1..])
                });
                let Some((number, what, after)) = sequence else {
                    rest = &rest[c.len_utf8()..];
                    match c {
                        '\r' => {}
                        '\n' => {
                            self.row += 1;
                            self.rows.resize(self.rows.len().max(self.row + 1), String::new());
                        }
                        c => self.rows[self.row].push(c),
                    }
                    continue;
                };
                rest = after;
                let number: usize = number.parse().unwrap_or(0);
                match what {
                    "A" => self.row -= number,
                    "B" => self.row += number,
                    "K" => self.rows[self.row].clear(),
                    "J" => {
                        self.rows.truncate(self.row);
                        self.rows.push(String::new());
                    }
                    _ => {}
                }
            }
        }
    }

    fn lines(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_terminal_shows_the_lines_and_each_line_above_them_once() {
        let mut terminal = Terminal {
            rows: vec![String::new()],
            row: 0,
        };
        let mut painted = Painted::default();
        let mut expected = Vec::new();
        for (above, next) in [
            ("", "a b c"),
            ("", "a x c"),
            ("", "a x c d e"),
            ("one", "a x c d e"),
            ("two three", "z x"),
            ("", "z"),
            ("", "q r s t"),
            ("", "q"),
            ("", "a b"),
            ("", "b b"),
            ("four", "b"),
            ("five", ""),
            ("", "a b c"),
            ("", ""),
        ] {
            painted.next = lines(next);
            let change = painted.change(&lines(above), (80, 24));
            terminal.obey(&change);
            expected.extend(lines(above));
            let mut now = [expected.clone(), lines(next)].concat();
            if next.is_empty() {
                now.push(String::new());
            }
            let below = terminal.rows.drain((terminal.row + 1).min(terminal.rows.len())..);
            assert_eq!(below.as_slice().concat(), "", "{change:?}");
            drop(below);
            assert_eq!(terminal.rows, now, "{change:?}");
            assert_eq!(terminal.row, now.len() - 1, "{change:?}");
            assert!(change.ends_with(END), "{change:?}");
        }
    }

    #[test]
    fn only_lines_that_changed_are_written_and_all_of_them_when_the_terminal_is_resized() {
        let mut painted = Painted::default();
        let mut change = |next: &str, columns: usize| {
            painted.next = lines(next);
            painted.change(&[], (columns, 24))
        };
        change("first second third", 80);
        assert_eq!(change("first second third", 80), "");
        let one = change("first other third", 80);
        assert!(
            one.contains("other") && !one.contains("first") && !one.contains("third"),
            "{one:?}"
        );
        // With three columns, the first two lines take two rows each.
        let all = change("first other third", 3);
        assert!(
            all.contains("\x1b[4A\r\x1b[2K") && all.contains("first") && all.contains("third"),
            "{all:?}"
        );
    }

    #[test]
    fn all_lines_are_written_when_the_terminal_became_lower_than_the_board() {
        let mut painted = Painted::default();
        let mut change = |next: &str, rows: usize| {
            painted.next = lines(next);
            painted.change(&[], (80, rows))
        };
        change("first second third fourth", 5);
        let all = change("first second", 3);
        assert!(all.contains("first") && all.contains("second"), "{all:?}");
        assert_eq!(change("first second", 3), "");
        let one = change("first other", 2);
        assert!(!one.contains("first"), "{one:?}");
    }
}
