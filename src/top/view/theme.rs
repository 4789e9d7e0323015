//! Glyphs and colours. A state is never shown by its colour alone.

use anstyle::{AnsiColor, Color as Ansi, Effects};
use ratatui::style::{Color, Modifier, Style};

use crate::plan::PlanState;
use crate::report::plan_style;

/// The style of the view.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme {
    pub(super) colour: bool,
}

impl Theme {
    /// The style of a plan's state.
    pub(super) fn state(self, state: PlanState) -> Style {
        self.of(plan_style(state))
    }

    /// The style of secondary text.
    pub(super) fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// The style of column titles.
    pub(super) fn title(self) -> Style {
        self.quiet().add_modifier(Modifier::UNDERLINED)
    }

    /// The style of emphasised text.
    pub(super) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The style of text that a person must notice.
    pub(super) fn alarm(self) -> Style {
        self.state(PlanState::Held)
    }

    /// The style of the chosen row.
    pub(super) fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    fn of(self, style: anstyle::Style) -> Style {
        let mut shown = Style::new();
        if let (true, Some(Ansi::Ansi(colour))) = (self.colour, style.get_fg_color()) {
            shown = shown.fg(named(colour));
        }
        for (effect, modifier) in [(Effects::BOLD, Modifier::BOLD), (Effects::DIMMED, Modifier::DIM)] {
            if style.get_effects().contains(effect) {
                shown = shown.add_modifier(modifier);
            }
        }
        shown
    }
}

fn named(colour: AnsiColor) -> Color {
    match colour {
        AnsiColor::Black => Color::Black,
        AnsiColor::Red => Color::Red,
        AnsiColor::Green => Color::Green,
        AnsiColor::Yellow => Color::Yellow,
        AnsiColor::Blue => Color::Blue,
        AnsiColor::Magenta => Color::Magenta,
        AnsiColor::Cyan => Color::Cyan,
        AnsiColor::White => Color::Gray,
        AnsiColor::BrightBlack => Color::DarkGray,
        AnsiColor::BrightRed => Color::LightRed,
        AnsiColor::BrightGreen => Color::LightGreen,
        AnsiColor::BrightYellow => Color::LightYellow,
        AnsiColor::BrightBlue => Color::LightBlue,
        AnsiColor::BrightMagenta => Color::LightMagenta,
        AnsiColor::BrightCyan => Color::LightCyan,
        AnsiColor::BrightWhite => Color::White,
    }
}

/// A glyph that takes one column in every terminal.
pub(super) fn glyph(state: PlanState) -> &'static str {
    match state {
        PlanState::Blocked => "⋯",
        PlanState::Ready => "◦",
        PlanState::Running => "▸",
        PlanState::Parked => "~",
        PlanState::Held => "?",
        PlanState::Paused => "=",
        PlanState::Finished => "▪",
        PlanState::Landed => "✓",
        PlanState::Failed => "✗",
        PlanState::Skipped => "-",
        PlanState::Cancelled => "⊘",
    }
}
