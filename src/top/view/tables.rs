//! The lists of items that need a person, of the train, and of the journal.

use std::time::Duration;

use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

use crate::top::model::{HappenedRow, Tab, TopModel, TrainRow};
use crate::words::{attention_line, rough};

use super::fleet_table::age;
use super::pen::Pen;
use super::theme::Theme;

fn time(seconds: u64) -> String {
    rough(Duration::from_secs(seconds))
}

/// Draws the items that need a person, and below each the command that settles it.
pub(super) fn needs(pen: &mut Pen<'_>, model: &TopModel, theme: Theme) {
    if model.seen.needs.is_empty() && model.looked {
        pen.text((0, 0), usize::MAX, "Nothing needs you.", theme.quiet());
    }
    let columns = pen.columns();
    let rows = model.rows(Tab::Needs).max(1);
    for (place, need) in model
        .seen
        .needs
        .iter()
        .skip(model.needs.top)
        .take(rows)
        .enumerate()
    {
        let row = place * 2;
        let since = need.since.map(|since| age(since, model.now)).unwrap_or_default();
        let held = match need.holds_up_s {
            0 => String::new(),
            seconds => format!("holds up {}, ", time(seconds)),
        };
        let tail = format!("  {held}{since}");
        let tail = if columns < 50 || need.since.is_none() {
            String::new()
        } else {
            tail
        };
        let sort = format!("! {:<9}", need.kind);
        let taken = pen.text((row, 0), columns, &sort, theme.alarm());
        let named = attention_line(need.plan.as_deref(), &need.text);
        let room = columns.saturating_sub(taken + 1 + tail.width());
        pen.text((row, taken + 1), room, &named, theme.strong());
        pen.text(
            (row, columns.saturating_sub(tail.width())),
            columns,
            &tail,
            theme.quiet(),
        );
        let command = need.command.as_deref().unwrap_or_default();
        pen.text((row + 1, 12.min(columns / 4)), columns, command, theme.quiet());
        if model.needs.top + place == model.needs.at {
            pen.row(row, theme.chosen());
        }
    }
}

/// The plans on their way to the target.
pub(super) fn train(pen: &mut Pen<'_>, model: &TopModel, theme: Theme) {
    let rows = model.train.as_deref().unwrap_or_default();
    let said = match (&model.train, &model.train_trouble) {
        (_, Some(why)) => Some(why.clone()),
        (None, None) => Some("looking…".to_owned()),
        (Some(_), None) if rows.is_empty() => {
            Some(format!("No plan is on its way to {}.", model.seen.target))
        }
        (Some(_), None) => None,
    };
    if let Some(said) = said {
        pen.text((0, 0), usize::MAX, &said, theme.quiet());
        return;
    }
    let wide = |of: for<'r> fn(&'r TrainRow) -> &'r str, least: usize, most: usize| {
        rows.iter()
            .map(|row| of(row).width())
            .max()
            .unwrap_or(0)
            .clamp(least, most)
    };
    let columns = pen.columns();
    let plan = wide(|row| &row.plan, 4, (columns / 4).max(4));
    let on = wide(|row| &row.on, 8, (columns / 5).max(8));
    let widths = [3, plan, 9, on, 9, 9, columns];
    let line = |pen: &mut Pen<'_>, row: usize, cells: [&str; 7], styles: [Style; 2]| {
        let mut left = 0;
        for (place, (text, width)) in cells.into_iter().zip(widths).enumerate() {
            pen.text((row, left), width, text, styles[usize::from(place == 2)]);
            left += width + 1;
        }
    };
    let titles = ["", "PLAN", "STATE", "BUILT ON", "TOOK", "LEFT", "WHY"];
    line(pen, 0, titles, [theme.quiet(); 2]);
    let shown = rows.iter().skip(model.train_at.top).take(model.rows(Tab::Train));
    for (place, row) in shown.enumerate() {
        let state = match row.state.as_str() {
            "red" => theme.state(crate::plan::PlanState::Failed),
            "waiting" => theme.quiet(),
            _ => theme.state(crate::plan::PlanState::Running),
        };
        let number = match row.place {
            0 => String::new(),
            place => format!("{place:>3}"),
        };
        let took = row.elapsed_s.map(time).unwrap_or_default();
        let left = row.remaining_s.map(time).unwrap_or_default();
        let cells = [&number, &row.plan, &row.state, &row.on, &took, &left, &row.why].map(String::as_str);
        line(pen, place + 1, cells, [Style::new(), state]);
        if model.train_at.top + place == model.train_at.at {
            pen.row(place + 1, theme.chosen());
        }
    }
}

/// The journal, one entry a line.
pub(super) fn events(pen: &mut Pen<'_>, model: &TopModel, theme: Theme) {
    if model.events.is_empty() {
        pen.text((0, 0), usize::MAX, "Nothing has happened yet.", theme.quiet());
    }
    let rows = model.rows(Tab::Events);
    let shown: Vec<&HappenedRow> = model.events.iter().skip(model.events_at.top).take(rows).collect();
    let columns = pen.columns();
    let plan = shown
        .iter()
        .map(|row| row.plan.width())
        .max()
        .unwrap_or(0)
        .min(columns / 4);
    for (place, row) in shown.into_iter().enumerate() {
        let clock = row
            .at
            .to_zoned(model.zone.clone())
            .strftime("%H:%M:%S")
            .to_string();
        let mut left = 0;
        let cells = [
            (clock.as_str(), 8, theme.quiet()),
            (row.plan.as_str(), plan, theme.strong()),
            (row.event.as_str(), 18.min(columns / 3), Style::new()),
            (row.text.as_str(), columns, Style::new()),
        ];
        for (text, width, style) in cells {
            pen.text((place, left), width, text, style);
            left += width + 1;
        }
        if model.events_at.top + place == model.events_at.at {
            pen.row(place, theme.chosen());
        }
    }
}
