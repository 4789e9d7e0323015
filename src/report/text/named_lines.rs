//! Output of several sources, line by line, prefixed with their names.

use std::io::{self, Write};

use anstream::adapter::StripBytes;
use anstyle::{AnsiColor, Style};
use jiff::Timestamp;

use super::clock::clock;
use super::visible::Visible;

/// The colours of names, in order of use.
const COLOURS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Yellow,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Blue,
    AnsiColor::Red,
];

/// Writes text without escape sequences, in whole lines, each prefixed with its time and with the name of its source, as far as
/// they are wanted.
#[derive(Debug)]
pub struct NamedLines {
    name: Option<String>,
    /// The time of the text that comes next, when times are wanted.
    time: Option<String>,
    strip: StripBytes,
    visible: Option<Visible<Vec<u8>>>,
    /// The line that is not complete.
    open: Vec<u8>,
    /// Text with its prefixes.
    ready: Vec<u8>,
}

impl NamedLines {
    /// Without a name: passes everything on at once. `terminal` makes other control characters visible.
    pub fn plain(terminal: bool) -> Self {
        Self {
            name: None,
            time: None,
            strip: StripBytes::new(),
            visible: terminal.then(|| Visible::new(Vec::new())),
            open: Vec::new(),
            ready: Vec::new(),
        }
    }

    /// With a name, padded to `columns`; `number` selects its colour. Control characters are visible, so that no line stands over the
    /// name of another.
    pub fn named(name: &str, columns: usize, number: usize) -> Self {
        let style: Style = COLOURS[number % COLOURS.len()].on_default();
        Self {
            name: Some(format!("{style}{name:<columns$} |{style:#} ")),
            ..Self::plain(true)
        }
    }

    /// With the time of each line.
    pub fn timed(self) -> Self {
        let unknown = Some("--:--:-- ".to_owned());
        Self {
            time: unknown,
            ..self
        }
    }

    /// Sets the time of the text that comes next.
    pub fn set_time(&mut self, at: Timestamp) {
        if let Some(time) = &mut self.time {
            *time = format!("{} ", clock(at));
        }
    }

    /// Writes the complete lines, and at the end the rest too.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn pass_on(&mut self, at_end: bool, out: &mut impl Write) -> io::Result<()> {
        if at_end && !self.open.is_empty() {
            self.take(b"\n");
        }
        out.write_all(&std::mem::take(&mut self.ready))?;
        out.flush()
    }

    /// Takes text without escape sequences.
    fn take(&mut self, text: &[u8]) {
        if self.name.is_none() && self.time.is_none() {
            self.ready.extend_from_slice(text);
            return;
        }
        for part in text.split_inclusive(|byte| *byte == b'\n') {
            self.open.extend_from_slice(part);
            if part.ends_with(b"\n") {
                for prefix in self.time.iter().chain(&self.name) {
                    self.ready.extend_from_slice(prefix.as_bytes());
                }
                self.ready.append(&mut self.open);
            }
        }
    }
}

impl Write for NamedLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut plain = Vec::new();
        for part in self.strip.strip_next(bytes) {
            match &mut self.visible {
                Some(visible) => visible.write_all(part)?,
                None => plain.extend_from_slice(part),
            }
        }
        if let Some(visible) = &mut self.visible {
            plain.append(visible.inner_mut());
        }
        self.take(&plain);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_with_their_names_and_without_escapes() {
        let mut lines = NamedLines::named("a", 3, 0);
        let mut out = Vec::new();
        for part in ["one\n\x1b[3", "1mtw", "o\x1b[0m\nthr"] {
            lines.write_all(part.as_bytes()).unwrap();
            lines.pass_on(false, &mut out).unwrap();
        }
        lines.write_all(b"ee").unwrap();
        lines.pass_on(true, &mut out).unwrap();
        lines.pass_on(true, &mut out).unwrap();
        let plain = anstream::adapter::strip_bytes(&out).into_vec();
        let plain = String::from_utf8(plain).unwrap();
        assert_eq!(plain, "a   | one\na   | two\na   | three\n");
    }

    #[test]
    fn a_line_has_the_time_at_which_it_was_completed() {
        let (one, two) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(61).unwrap());
        let mut lines = NamedLines::plain(false).timed();
        let mut out = Vec::new();
        lines.write_all(b"early\n").unwrap();
        lines.set_time(one);
        lines.write_all(b"one\ntw").unwrap();
        lines.set_time(two);
        lines.write_all(b"o\nend").unwrap();
        lines.pass_on(true, &mut out).unwrap();
        let (one, two) = (clock(one), clock(two));
        let expected = format!("--:--:-- early\n{one} one\n{two} two\n{two} end\n");
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
