//! The last line: keys, a message, or the text input; above it a question.

use ratatui::layout::Position;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use crate::report::folded;
use crate::top::model::{KEYS, PagePurpose, TopModel, TopQuestion, Typing};

use super::pen::Pen;
use super::theme::Theme;

/// The rows needed at the end of the screen. A question takes at most half of the screen.
pub(super) fn rows(model: &TopModel) -> usize {
    let question = above(model);
    let most = (usize::from(model.size.1) / 2).max(1);
    (question.len() + 1).min(most)
}

/// The lines of a question.
fn above(model: &TopModel) -> Vec<String> {
    let question = match &model.ask {
        Some(TopQuestion::Sure { question, .. }) => question.clone(),
        Some(TopQuestion::Line {
            typing: Typing::Answer { to, shown, .. },
            ..
        }) => format!("{to}: {shown}"),
        _ => return Vec::new(),
    };
    let columns = usize::from(model.size.0).max(2);
    let broken = folded("", &question, columns);
    broken.lines().map(str::to_owned).collect()
}

/// Draws the line, and returns the position of the cursor.
pub(super) fn draw(pen: &mut Pen<'_>, model: &TopModel, theme: Theme) -> Option<Position> {
    pen.clear();
    let last = pen.rows().saturating_sub(1);
    for (row, line) in above(model).iter().take(last).enumerate() {
        pen.text((row, 0), usize::MAX, line, theme.alarm());
    }
    match &model.ask {
        Some(TopQuestion::Sure { .. }) => {
            pen.parts(
                last,
                [
                    ("y", theme.strong()),
                    (" yes   ", Style::new()),
                    ("n", theme.strong()),
                    (" no", Style::new()),
                ],
            );
            None
        }
        Some(TopQuestion::Line { typing, line }) => {
            let sign = match typing {
                Typing::Search => "/".to_owned(),
                Typing::Command => ":".to_owned(),
                Typing::Answer { to, .. } => format!("answer {to}: "),
                Typing::Send { plan } => format!("send {plan}: "),
            };
            let columns = pen.columns();
            let left = pen.text((last, 0), columns / 2, &sign, theme.strong());
            let (before, behind) = line.parts();
            // The end of the text before the cursor is always visible.
            let room = columns.saturating_sub(left + 1);
            let mut from = 0;
            while before[from..].width() > room {
                from += before[from..].chars().next().map_or(1, char::len_utf8);
            }
            let at = left + pen.text((last, left), room, &before[from..], Style::new());
            pen.text((last, at), columns, &behind, Style::new());
            let (x, y) = (u16::try_from(at).ok()?, u16::try_from(last).ok()?);
            Some(Position {
                x: pen.area.x + x,
                y: pen.area.y + y,
            })
        }
        None => {
            footer(pen, model, theme);
            None
        }
    }
}

fn footer(pen: &mut Pen<'_>, model: &TopModel, theme: Theme) {
    if let Some(note) = &model.note {
        pen.text((0, 0), usize::MAX, note, theme.strong());
        return;
    }
    if let Some(line) = model.under_way.first() {
        let more = match model.under_way.len() {
            1 => String::new(),
            more => format!(" and {} more", more - 1),
        };
        pen.text((0, 0), usize::MAX, &format!("orch {line}{more} …"), theme.quiet());
        return;
    }
    let mut left = 0;
    let mut key = |key: &str, short: &str| {
        if left + key.len() + short.len() + 1 > pen.columns() {
            return;
        }
        left += pen.text((0, left), usize::MAX, key, theme.strong());
        left += 1;
        left += pen.text((0, left), usize::MAX, short, theme.quiet());
        left += 2;
    };
    if let Some(page) = &model.page {
        key("Esc", "out");
        if matches!(page.purpose, PagePurpose::Plan(_)) {
            key("Enter", "log");
        }
        key("/", "find");
        key("Ctrl-C", "leave");
        return;
    }
    // The keys for leaving and for the help are always shown.
    key("?", "keys");
    key("q", "leave");
    let shown = KEYS
        .iter()
        .filter(|known| !known.short.is_empty() && !matches!(known.short, "keys" | "leave"));
    for known in shown.filter(|known| known.is_of(model.tab) && !(model.readonly && known.steers)) {
        let written = known.keys.split(' ').next().unwrap_or_default();
        key(written, known.short);
    }
}
