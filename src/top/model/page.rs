//! A text over the tabs: the output of a command, or the help.

/// The text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPage {
    /// Its title.
    pub title: String,
    /// Its lines.
    pub lines: Vec<String>,
    /// The first visible line.
    pub top: usize,
    /// Its purpose.
    pub purpose: PagePurpose,
}

/// The purpose of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PagePurpose {
    /// The help about keys.
    Keys,
    /// One plan in detail; from here a key leads to its log.
    Plan(String),
    /// The output of a command that a key ran.
    Answer,
    /// The output of a command that changed something.
    Said,
}

impl TextPage {
    /// A page with this text.
    pub fn new(title: impl Into<String>, text: &str, purpose: PagePurpose) -> Self {
        let lines = text.lines().map(str::to_owned).collect();
        Self {
            title: title.into(),
            lines,
            top: 0,
            purpose,
        }
    }

    /// Moves by a number of lines. The last line stays visible.
    pub fn step(&mut self, by: isize) {
        let last = self.lines.len().saturating_sub(1);
        self.top = self.top.saturating_add_signed(by).min(last);
    }
}
