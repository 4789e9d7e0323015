//! A line of text while it is typed.

use crate::plan::is_unprintable;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The longest text, in characters: enough for any answer.
const LONGEST: usize = 20_000;

/// A text with a cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InputLine {
    text: Vec<char>,
    at: usize,
}

impl InputLine {
    /// A line with this text and the cursor at its end.
    pub fn of(text: &str) -> Self {
        let mut line = Self::default();
        line.paste(text);
        line
    }

    /// The text.
    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// The text before and after the cursor.
    pub fn parts(&self) -> (String, String) {
        let (before, behind) = self.text.split_at(self.at);
        (before.iter().collect(), behind.iter().collect())
    }

    /// Handles a key. False for a key without effect here.
    pub fn key(&mut self, key: &KeyEvent) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Char('a') if control => self.at = 0,
            KeyCode::Char('e') if control => self.at = self.text.len(),
            KeyCode::Char('u') if control => self.cut(0, self.at),
            KeyCode::Char('k') if control => self.cut(self.at, self.text.len()),
            KeyCode::Char('w') if control => self.cut(self.word_before(), self.at),
            KeyCode::Backspace if control || alt => self.cut(self.word_before(), self.at),
            KeyCode::Char('b') if alt => self.at = self.word_before(),
            KeyCode::Char('f') if alt => self.at = self.word_behind(),
            KeyCode::Left if control || alt => self.at = self.word_before(),
            KeyCode::Right if control || alt => self.at = self.word_behind(),
            KeyCode::Left => self.at = self.at.saturating_sub(1),
            KeyCode::Right => self.at = (self.at + 1).min(self.text.len()),
            KeyCode::Home => self.at = 0,
            KeyCode::End => self.at = self.text.len(),
            KeyCode::Backspace => self.cut(self.at.saturating_sub(1), self.at),
            KeyCode::Delete => self.cut(self.at, (self.at + 1).min(self.text.len())),
            KeyCode::Char(c) if !control && !alt => self.insert(c),
            _ => return false,
        }
        true
    }

    /// Inserts a pasted text, as one line.
    pub fn paste(&mut self, text: &str) {
        // Terminals paste line ends as carriage returns.
        let text = text.replace("\r\n", "\n");
        for c in text.trim_end_matches(['\r', '\n']).chars() {
            match c {
                '\r' | '\n' | '\t' => self.insert(' '),
                c => self.insert(c),
            }
        }
    }

    fn insert(&mut self, c: char) {
        if !is_unprintable(c) && self.text.len() < LONGEST {
            self.text.insert(self.at, c);
            self.at += 1;
        }
    }

    fn cut(&mut self, from: usize, to: usize) {
        self.text.drain(from..to);
        self.at = from;
    }

    fn word_before(&self) -> usize {
        let before = &self.text[..self.at];
        let end = before
            .iter()
            .rposition(|c| !c.is_whitespace())
            .map_or(0, |at| at + 1);
        let start = before[..end].iter().rposition(|c| c.is_whitespace());
        start.map_or(0, |at| at + 1)
    }

    fn word_behind(&self) -> usize {
        let behind = &self.text[self.at..];
        let start = behind
            .iter()
            .position(|c| !c.is_whitespace())
            .unwrap_or(behind.len());
        let length = behind[start..].iter().position(|c| c.is_whitespace());
        self.at + start + length.unwrap_or(behind.len() - start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(line: &mut InputLine, keys: &[(KeyCode, KeyModifiers)]) -> (String, String) {
        for (code, modifiers) in keys {
            line.key(&KeyEvent::new(*code, *modifiers));
        }
        line.parts()
    }

    #[test]
    fn a_line_is_edited_as_everywhere() {
        use KeyCode::{Backspace, Char, Delete, End, Home, Left, Right};
        const NONE: KeyModifiers = KeyModifiers::NONE;
        const CONTROL: KeyModifiers = KeyModifiers::CONTROL;
        let said = |before: &str, behind: &str| (before.to_owned(), behind.to_owned());
        let mut line = InputLine::of("use the große  one");
        assert_eq!(
            after(&mut line, &[(Char('w'), CONTROL)]),
            said("use the große  ", "")
        );
        assert_eq!(after(&mut line, &[(Char('w'), CONTROL)]), said("use the ", ""));
        assert_eq!(
            after(&mut line, &[(Home, NONE), (Delete, NONE), (Char('U'), NONE)]),
            said("U", "se the ")
        );
        assert_eq!(
            after(&mut line, &[(Right, CONTROL), (Right, CONTROL), (Left, NONE)]),
            said("Use th", "e ")
        );
        assert_eq!(after(&mut line, &[(Backspace, NONE)]), said("Use t", "e "));
        assert_eq!(after(&mut line, &[(Char('u'), CONTROL)]), said("", "e "));
        assert_eq!(
            after(&mut line, &[(End, NONE), (Char('計'), NONE)]),
            said("e 計", "")
        );
        line.paste("one\r\ntwo\tthree\n");
        assert_eq!(line.text(), "e 計one two three");
    }
}
