//! Searching in the shown lists and texts.

use super::cursor::Cursor;
use super::seen::found;
use super::tab::Tab;
use super::top_model::TopModel;

/// Goes to the next match, or to the previous one.
pub(super) fn find(model: &mut TopModel, back: bool) {
    let what = model.search.clone();
    if what.is_empty() {
        return;
    }
    let rows = model.rows(model.tab);
    let hit = if let Some(page) = &mut model.page {
        let at = next(page.top, page.lines.len(), back, |at| {
            found(&page.lines[at], &what)
        });
        page.top = at.unwrap_or(page.top);
        at.is_some()
    } else if model.tab == Tab::Log {
        model.log.search(&what, back, rows)
    } else {
        let (cursor, length) = match model.tab {
            Tab::Needs => (model.needs, model.seen.needs.len()),
            Tab::Train => (model.train_at, model.train.as_ref().map_or(0, Vec::len)),
            Tab::Events => (model.events_at, model.events.len()),
            Tab::Fleet | Tab::Timeline | Tab::Log => (model.fleet, model.order.len()),
        };
        // A plan's name means that plan, not other plans whose text mentions it.
        let named = next(cursor.at, length, back, |at| is_named(model, at, &what));
        let at = named.or_else(|| next(cursor.at, length, back, |at| row_has(model, at, &what)));
        if let Some(at) = at {
            model.events_follow &= model.tab != Tab::Events;
            let cursor = Cursor { at, ..cursor };
            match model.tab {
                Tab::Needs => model.needs = cursor,
                Tab::Train => model.train_at = cursor,
                Tab::Events => model.events_at = cursor,
                Tab::Fleet | Tab::Timeline | Tab::Log => model.fleet = cursor,
            }
        }
        at.is_some()
    };
    if !hit {
        let waits = model.tab == Tab::Log && model.page.is_none() && model.log.awaited.is_some();
        let also = if waits {
            "; the next line with it will be shown"
        } else {
            ""
        };
        model.note = Some(format!("nothing further on has “{what}”{also}"));
    }
}

/// The next match, continuing at the beginning after the end.
fn next(from: usize, length: usize, back: bool, is_meant: impl Fn(usize) -> bool) -> Option<usize> {
    let places = (1..=length).map(|by| match back {
        true => (from + length - by) % length,
        false => (from + by) % length,
    });
    places.into_iter().find(|at| is_meant(*at))
}

fn is_named(model: &TopModel, at: usize, what: &str) -> bool {
    let plans = matches!(model.tab, Tab::Fleet | Tab::Timeline);
    let row = model.order.get(at).map(|at| &model.seen.plans[*at]);
    plans && row.is_some_and(|row| found(&row.name, what))
}

fn row_has(model: &TopModel, at: usize, what: &str) -> bool {
    match model.tab {
        Tab::Needs => model.seen.needs.get(at).is_some_and(|need| {
            let plan = need.plan.as_deref().unwrap_or_default();
            found(plan, what) || found(&need.text, what) || found(need.kind, what)
        }),
        Tab::Train => {
            let row = model.train.as_ref().and_then(|rows| rows.get(at));
            row.is_some_and(|row| found(&row.plan, what) || found(&row.why, what) || found(&row.state, what))
        }
        Tab::Events => model
            .events
            .get(at)
            .is_some_and(|row| found(&row.plan, what) || found(&row.event, what) || found(&row.text, what)),
        Tab::Fleet | Tab::Timeline | Tab::Log => {
            let row = model.order.get(at).map(|at| &model.seen.plans[*at]);
            row.is_some_and(|row| row.has(what))
        }
    }
}
