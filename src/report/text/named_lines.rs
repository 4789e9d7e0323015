//! Output of several sources, line by line, prefixed with their names.

use std::io::{self, Write};

use anstream::adapter::StripBytes;
use anstyle::{AnsiColor, Style};

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

/// Writes text without escape sequences, in whole lines, each prefixed with the name if there is one.
#[derive(Debug)]
pub struct NamedLines {
    name: Option<String>,
    strip: StripBytes,
    visible: Option<Visible<Vec<u8>>>,
    ready: Vec<u8>,
}

impl NamedLines {
    /// Without a name: passes everything on at once. `terminal` makes other control characters visible.
    pub fn plain(terminal: bool) -> Self {
        Self {
            name: None,
            strip: StripBytes::new(),
            visible: terminal.then(|| Visible::new(Vec::new())),
            ready: Vec::new(),
        }
    }

    /// With a name, padded to `columns`; `number` selects its colour.
    pub fn named(name: &str, columns: usize, number: usize, terminal: bool) -> Self {
        let style: Style = COLOURS[number % COLOURS.len()].on_default();
        Self {
            name: Some(format!("{style}{name:<columns$} |{style:#} ")),
            ..Self::plain(terminal)
        }
    }

    /// Writes the complete lines, and at the end the rest too.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn pass_on(&mut self, at_end: bool, out: &mut impl Write) -> io::Result<()> {
        let Some(name) = &self.name else {
            out.write_all(&std::mem::take(&mut self.ready))?;
            return out.flush();
        };
        let whole = match self.ready.iter().rposition(|byte| *byte == b'\n') {
            _ if at_end => self.ready.len(),
            Some(last) => last + 1,
            None => 0,
        };
        let rest = self.ready.split_off(whole);
        for line in self.ready.split_inclusive(|byte| *byte == b'\n') {
            out.write_all(name.as_bytes())?;
            out.write_all(line)?;
        }
        if at_end && self.ready.last().is_some_and(|last| *last != b'\n') {
            out.write_all(b"\n")?;
        }
        self.ready = rest;
        out.flush()
    }
}

impl Write for NamedLines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in self.strip.strip_next(bytes) {
            match &mut self.visible {
                Some(visible) => visible.write_all(part)?,
                None => self.ready.extend_from_slice(part),
            }
        }
        if let Some(visible) = &mut self.visible {
            self.ready.append(visible.inner_mut());
        }
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
        let mut lines = NamedLines::named("a", 3, 0, false);
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
}
