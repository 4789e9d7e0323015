//! How long a frame of `orch top` takes with 1,000 plans, beside one with ten, and beside the same terminal filled with plain text.

#![allow(clippy::disallowed_methods, reason = "a benchmark meets the world")]

mod support;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use orch::plan::PlanState;
use orch::top::model::{Seen, Tab, TopEvent, TopModel, TopRow, WorkSpan, update};
use orch::top::view::draw;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use support::{Contest, Options};

/// Columns and rows.
const SIZE: (u16, u16) = (200, 60);
/// Frames of a turn.
const FRAMES: usize = 20;

fn main() {
    let Some(options) = Options::read() else { return };
    let title = format!("a frame of {} by {}, the chosen row moving, of", SIZE.0, SIZE.1);
    let mut contest = Contest::new(&title, FRAMES);
    let (mut many, mut few) = (model(1000), model(10));
    let mut timeline = model(1000);
    timeline.tab = Tab::Timeline;
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).unwrap();
    for round in 0..options.rounds(50) {
        contest.turn("1,000 plans", || frames(&mut terminal, &mut many));
        contest.turn("10 plans", || frames(&mut terminal, &mut few));
        contest.turn("1,000 plans, timeline", || frames(&mut terminal, &mut timeline));
        contest.turn("as many lines of plain text", || {
            for frame in 0..FRAMES {
                let line = format!("{:0200}", round * FRAMES + frame);
                let draw = |frame: &mut ratatui::Frame<'_>| {
                    for row in 0..SIZE.1 {
                        let style = ratatui::style::Style::new();
                        frame.buffer_mut().set_string(0, row, &line, style);
                    }
                };
                terminal.draw(draw).unwrap();
            }
        });
        contest.turn("1,000 plans taken in", || {
            for _ in 0..FRAMES {
                let seen = many.seen.clone();
                update(&mut many, TopEvent::Seen(Box::new(seen)));
            }
        });
    }
    contest.print();
}

fn frames(terminal: &mut Terminal<TestBackend>, model: &mut TopModel) {
    for _ in 0..FRAMES {
        let down = KeyEvent::new(KeyCode::Down, KeyModifiers::NONE);
        update(model, TopEvent::Key(down));
        terminal.draw(|frame| draw(frame, model)).unwrap();
    }
}

fn model(plans: usize) -> TopModel {
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    let row = |place: usize| TopRow {
        name: format!("plan-{place:04}-of-the-fleet"),
        state: PlanState::ALL[place % PlanState::ALL.len()],
        need: None,
        paused: false,
        asks: Vec::new(),
        phase: "2: Interfaces and tests".to_owned(),
        done: place % 9,
        all: 9,
        agent: "claude opus".to_owned(),
        heard: Some(now),
        said: "cargo test: 12 passed; now the other half of what this phase is about".to_owned(),
        lines: Some((place, place / 2)),
        head: None,
        conflicts: "plan-0001".to_owned(),
        waits: "plan-0002.2".to_owned(),
        remaining_s: Some(900),
        cost: Some(1.5),
        attempts: vec![WorkSpan {
            id: format!("plan-{place:04}-1"),
            from: Some(now),
            to: None,
            failed: false,
        }],
        behind: Vec::new(),
    };
    let seen = Seen {
        plans: (0..plans).map(row).collect(),
        ..Seen::default()
    };
    let mut model = TopModel::new(now, TimeZone::UTC, SIZE);
    update(&mut model, TopEvent::Seen(Box::new(seen)));
    model
}
