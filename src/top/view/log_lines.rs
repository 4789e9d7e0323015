//! Lines of a log and of a page, whole or wrapped.

use ratatui::style::{Modifier, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::report::broken;
use crate::top::model::{LogText, TextPage, TopModel, found};

use super::pen::Pen;
use super::theme::Theme;

/// How much of a line is processed: nobody reads further, and a log may be one line of many
/// megabytes.
const LONGEST: usize = 20_000;

/// Splits the line into pieces of this width, when lines are wrapped.
fn pieces(line: &str, columns: usize) -> Vec<&str> {
    let line = match line.char_indices().nth(LONGEST) {
        Some((end, _)) => &line[..end],
        None => line,
    };
    let mut pieces = Vec::new();
    let (mut from, mut taken, mut space) = (0, 0, None);
    for (at, c) in line.char_indices() {
        let width = c.width().unwrap_or(0);
        if taken + width > columns.max(2) && at > from {
            // Break between words, unless that leaves half of the piece empty.
            let end = space.filter(|end| (at - end) * 2 < at - from).unwrap_or(at);
            pieces.push(&line[from..end]);
            (from, space) = (end, None);
            taken = line[from..at].width();
        }
        taken += width;
        if c == ' ' {
            space = Some(at + 1);
        }
    }
    pieces.push(&line[from..]);
    pieces
}

/// The rest of the line after this many columns.
fn behind(line: &str, columns: usize) -> &str {
    let mut taken = 0;
    let mut at = line.char_indices().find(|(_, c)| {
        let reached = taken >= columns;
        taken += c.width().unwrap_or(0);
        reached
    });
    at.take()
        .map_or(if columns == 0 { line } else { "" }, |(at, _)| &line[at..])
}

fn style_of(line: &str, search: &str) -> Style {
    match found(line, search) {
        true => Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
        false => Style::new(),
    }
}

/// Draws a log.
pub(super) fn log(pen: &mut Pen<'_>, model: &TopModel, theme: Theme) {
    let log = &model.log;
    let (rows, columns) = (pen.rows(), pen.columns());
    if log.lines.is_empty() {
        let text = match (log.plan.as_str(), log.attempt.as_str()) {
            ("", _) => "No plan is chosen.".to_owned(),
            (plan, "") if log.previous => format!("{plan} has had no attempt before its last one."),
            (plan, "") => format!("{plan} has had no attempt yet."),
            (_, attempt) => format!("{attempt} has written nothing."),
        };
        pen.text((0, 0), columns, &text, theme.quiet());
        return;
    }
    let broken = |line| {
        if log.wrap {
            pieces(line, columns)
        } else {
            vec![behind(line, log.left)]
        }
    };
    let mut shown: Vec<(&str, Style)> = Vec::new();
    match log.follow {
        true => {
            for line in log.lines.iter().rev() {
                let style = style_of(line, &model.search);
                shown.extend(broken(line).into_iter().rev().map(|piece| (piece, style)));
                if shown.len() >= rows {
                    break;
                }
            }
            shown.truncate(rows);
            shown.reverse();
        }
        false => {
            for line in log.lines.range(log.top.min(log.lines.len())..) {
                let style = style_of(line, &model.search);
                shown.extend(broken(line).into_iter().map(|piece| (piece, style)));
                if shown.len() >= rows {
                    break;
                }
            }
        }
    }
    for (row, (piece, style)) in shown.into_iter().take(rows).enumerate() {
        pen.text((row, 0), columns, piece, style);
    }
}

/// The text about a log beside the tabs.
pub(super) fn about(log: &LogText) -> String {
    if log.plan.is_empty() {
        return String::new();
    }
    let name = if log.attempt.is_empty() {
        &log.plan
    } else {
        &log.attempt
    };
    let place = match (log.ended, log.follow) {
        (true, true) => "ended".to_owned(),
        (false, true) => "following".to_owned(),
        (_, false) => format!("line {} of {}", log.top + 1, log.lines.len()),
    };
    let cut = if log.cut { ", its beginning left out" } else { "" };
    format!("{name}: {place}{cut}")
}

/// Draws a page over everything below the tabs.
pub(super) fn page(pen: &mut Pen<'_>, page: &TextPage, search: &str, theme: Theme) {
    pen.clear();
    let (rows, columns) = (pen.rows(), pen.columns());
    let rest = page.lines.len().saturating_sub(page.top);
    pen.text((0, 0), columns, &page.title, theme.title());
    let mut row = 1;
    for line in page.lines.iter().skip(page.top).take(rows) {
        let style = style_of(line, search);
        // Break between words first, then split words that are longer than a line.
        let hanging = broken(line, Some(columns));
        for piece in hanging.lines().flat_map(|line| pieces(line, columns)) {
            pen.text((row, 0), columns, piece, style);
            row += 1;
        }
        // An empty text has no lines, but takes one row.
        row += usize::from(hanging.is_empty());
    }
    let more = format!(" {} of {} lines ", page.lines.len() - rest + 1, page.lines.len());
    if page.lines.len() >= rows && columns > 40 {
        pen.text(
            (0, columns.saturating_sub(more.len())),
            columns,
            &more,
            theme.quiet(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_between_words_and_by_columns() {
        assert_eq!(pieces("one two three", 8), ["one two ", "three"]);
        assert_eq!(pieces("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(pieces("計画計画", 5), ["計画", "計画"]);
        assert_eq!(pieces("", 5), [""]);
        assert_eq!(pieces("計画", 0), ["計", "画"]);
        assert_eq!(behind("計画abc", 2), "画abc");
        assert_eq!(behind("abc", 0), "abc");
        assert_eq!(behind("abc", 7), "");
    }
}
