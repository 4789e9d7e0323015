//! A text over the tabs: an answer of a command, or the keys.

/// The text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPage {
    /// What it is.
    pub title: String,
    /// Its lines.
    pub lines: Vec<String>,
    /// The first line that is shown.
    pub top: usize,
    /// What it is for.
    pub purpose: PagePurpose,
}

/// What a page is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PagePurpose {
    /// The keys.
    Keys,
    /// One plan in detail; further in is its log.
    Plan(String),
    /// What was asked for by a key.
    Answer,
    /// What a command said that did something.
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

    /// Moves by so many lines; the last line stays in sight.
    pub fn step(&mut self, by: isize) {
        let last = self.lines.len().saturating_sub(1);
        self.top = self.top.saturating_add_signed(by).min(last);
    }
}
