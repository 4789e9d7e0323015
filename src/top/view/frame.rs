//! The whole screen.

use ratatui::Frame;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr;

use crate::report::fit;
use crate::top::model::{LOW, Tab, TopModel};
use crate::words::attention_line;

use super::fleet_table::fleet;
use super::pen::Pen;
use super::theme::Theme;
use super::timeline::timeline;
use super::{last_line, log_lines, tables};

/// Draws the model.
pub fn draw(frame: &mut Frame<'_>, model: &TopModel) {
    let area = frame.area();
    let theme = Theme { colour: model.colour };
    let mut pen = Pen::new(frame.buffer_mut(), area);
    let low = model.size.1 < LOW;
    header(&mut pen.part(0, 1), model, theme);
    let mut top = 1;
    if !low {
        attention(&mut pen.part(1, 1), model, theme);
        top = 2;
    }
    tabs(&mut pen.part(top, 1), model, theme);
    let rows = pen.rows();
    let below = last_line::rows(model).min(rows);
    {
        let mut body = pen.part(top + 1, model.body());
        match (&model.page, model.tab) {
            (Some(page), _) => log_lines::page(&mut body, page, &model.search, theme),
            (None, Tab::Needs) => tables::needs(&mut body, model, theme),
            (None, Tab::Fleet) => fleet(&mut body, model, theme),
            (None, Tab::Train) => tables::train(&mut body, model, theme),
            (None, Tab::Timeline) => timeline(&mut body, model, theme),
            (None, Tab::Log) => log_lines::log(&mut body, model, theme),
            (None, Tab::Events) => tables::events(&mut body, model, theme),
        }
    }
    let cursor = last_line::draw(&mut pen.part(rows - below, below), model, theme);
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

/// Counts, time and money. Where there is too little space the counts are cut, because plans show their states
/// themselves.
fn header(pen: &mut Pen<'_>, model: &TopModel, theme: Theme) {
    if !model.looked {
        pen.text((0, 0), usize::MAX, "looking…", theme.quiet());
        return;
    }
    let (counts, figures) = (&model.seen.counts, &model.seen.figures);
    let columns = pen.columns();
    let room = columns.saturating_sub(figures.width()).max(20);
    let taken = pen.text((0, 0), room, &fit(counts, room), theme.strong());
    pen.text((0, taken), columns, figures, Style::new());
}

/// The most urgent item, and problems of the view itself.
fn attention(pen: &mut Pen<'_>, model: &TopModel, theme: Theme) {
    let columns = pen.columns();
    let standing = model.trouble.as_deref().or(model.seen.standing.as_deref());
    let standing = match (standing, model.readonly) {
        (Some(standing), false) => standing.to_owned(),
        (Some(standing), true) => format!("{standing}; read only"),
        (None, true) => "read only".to_owned(),
        (None, false) => String::new(),
    };
    let standing = fit(standing.lines().next().unwrap_or_default(), columns / 2);
    let left = columns.saturating_sub(standing.width());
    let style = if model.trouble.is_some() {
        theme.alarm()
    } else {
        theme.quiet()
    };
    pen.text((0, left), columns, &standing, style);
    let room = left.saturating_sub(if standing.is_empty() { 0 } else { 2 });
    match model.seen.needs.as_slice() {
        [] if model.looked => {
            pen.text((0, 0), room, "nothing needs you", theme.quiet());
        }
        [] => {}
        [first, rest @ ..] => {
            let line = attention_line(first.plan.as_deref(), &first.text);
            let count = match rest.len() {
                0 => "! ".to_owned(),
                more => format!("! first of {}: ", more + 1),
            };
            let taken = pen.text((0, 0), room, &count, theme.alarm());
            pen.text((0, taken), room.saturating_sub(taken), &line, theme.strong());
        }
    }
}

fn tabs(pen: &mut Pen<'_>, model: &TopModel, theme: Theme) {
    let mut left = 0;
    let columns = pen.columns();
    // In a narrow terminal only the tabs up to the current one.
    let wide = columns >= 60;
    for tab in Tab::ALL {
        if !wide && tab != model.tab {
            continue;
        }
        let count = match tab {
            Tab::Needs => model.seen.needs.len(),
            // Read only while the tab is open.
            Tab::Train if model.tab == tab => model.train.as_ref().map_or(0, Vec::len),
            Tab::Fleet | Tab::Train | Tab::Timeline | Tab::Log | Tab::Events => 0,
        };
        let title = match count {
            0 => format!(" {} ", tab.title()),
            count => format!(" {} {count} ", tab.title()),
        };
        let style = match (tab == model.tab, tab == Tab::Needs && count > 0) {
            (true, _) => theme.chosen().add_modifier(Modifier::BOLD),
            (false, true) => theme.alarm(),
            (false, false) => Style::new(),
        };
        left += pen.text((0, left), columns, &title, style);
    }
    let said = match model.tab {
        Tab::Log => log_lines::about(&model.log),
        Tab::Fleet | Tab::Timeline if !model.marks.is_empty() => format!("{} marked", model.marks.len()),
        Tab::Events if !model.events_follow => {
            format!("{} of {}", model.events_at.at + 1, model.events.len())
        }
        _ => String::new(),
    };
    let room = columns.saturating_sub(left + 1);
    let said = fit(&said, room);
    pen.text(
        (0, columns.saturating_sub(said.width())),
        room,
        &said,
        theme.quiet(),
    );
}
