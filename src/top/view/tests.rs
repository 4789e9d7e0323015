use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::Color;
use unicode_width::UnicodeWidthStr;

use super::draw;
use crate::top::model::{Finished, OutputPlace, PagePurpose, Tab, TopEvent, TopModel, update};
use crate::top::sample::model;

/// What the terminal shows.
pub(in crate::top) fn screen(model: &TopModel) -> String {
    let mut terminal = Terminal::new(TestBackend::new(model.size.0, model.size.1)).unwrap();
    terminal.draw(|frame| draw(frame, model)).unwrap();
    let buffer = terminal.backend().buffer();
    let rows = buffer.content().chunks(usize::from(model.size.0)).map(|row| {
        let (mut text, mut hidden) = (String::new(), 0);
        for cell in row {
            if hidden == 0 {
                text += cell.symbol();
                hidden = cell.symbol().width();
            }
            hidden = hidden.saturating_sub(1);
        }
        text.trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}

fn all_tabs(columns: u16, rows: u16) -> String {
    let mut model = model(columns, rows);
    let tabs = Tab::ALL.into_iter().map(|tab| {
        model.tab = tab;
        screen(&model)
    });
    tabs.collect::<Vec<_>>().join("\n────\n")
}

#[test]
fn all_tabs_at_80_by_24() {
    insta::assert_snapshot!(all_tabs(80, 24));
}

#[test]
fn all_tabs_at_120_by_40() {
    insta::assert_snapshot!(all_tabs(120, 40));
}

#[test]
fn all_tabs_at_200_by_60() {
    insta::assert_snapshot!(all_tabs(200, 60));
}

fn press(model: &mut TopModel, keys: &str) {
    for c in keys.chars() {
        update(
            model,
            TopEvent::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)),
        );
    }
}

#[test]
fn a_question_a_line_and_a_page_are_over_the_tabs() {
    let mut model = model(80, 12);
    press(&mut model, "jjx");
    let sure = screen(&model);
    press(&mut model, "n1agreen, as ever");
    let typed = screen(&model);
    update(
        &mut model,
        TopEvent::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)),
    );
    let finished = Finished {
        argv: vec!["why".to_owned(), "plan02".to_owned()],
        shown: OutputPlace::Page(PagePurpose::Said),
        good: false,
        text: "plan02: failed\n\n  a reason that is longer than a line of the terminal and is broken between its words\n  next: orch retry plan02\n".to_owned(),
    };
    update(&mut model, TopEvent::Finished(finished));
    insta::assert_snapshot!([sure, typed, screen(&model)].join("\n────\n"));
}

#[test]
fn in_a_tiny_terminal_the_chosen_plan_and_its_state_are_seen() {
    let mut model = model(20, 5);
    press(&mut model, "j");
    let rows = [
        "30 plans: 2 need yo…",
        " fleet",
        "  PLAN  STATE",
        "! pa…op ? held",
        "? keys  q leave",
    ];
    assert_eq!(screen(&model), rows.join("\n"));
}

#[test]
fn without_colours_everything_is_told_by_words() {
    let mut model = model(120, 40);
    let colours = |model: &TopModel| {
        let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
        terminal.draw(|frame| draw(frame, model)).unwrap();
        let cells = terminal.backend().buffer().content().iter();
        cells
            .filter(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
            .count()
    };
    assert!(colours(&model) > 100);
    let coloured = screen(&model);
    model.colour = false;
    assert_eq!(colours(&model), 0);
    assert_eq!(screen(&model), coloured);
}
