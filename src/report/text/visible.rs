//! Text from others on a terminal: control characters are shown instead of obeyed.

use std::io::{self, Write};

use crate::plan::is_unprintable;

/// Writes control characters, except line ends and tabs, as `^X`, and characters that change the direction of the text as `<U+202E>`.
#[derive(Debug)]
pub struct Visible<W> {
    to: W,
    /// The bytes so far of a character that may have to be shown.
    held: Vec<u8>,
}

/// True for the beginnings of the UTF-8 forms of characters that may have to be shown: controls from U+0080 on, and U+2000 to U+207F.
fn begins(bytes: &[u8]) -> bool {
    matches!(bytes, [0xc2] | [0xe2] | [0xe2, 0x80 | 0x81])
}

impl<W: Write> Visible<W> {
    /// A writer in front of `to`.
    pub fn new(to: W) -> Self {
        Self { to, held: Vec::new() }
    }

    /// The inner writer.
    pub fn inner_mut(&mut self) -> &mut W {
        &mut self.to
    }

    /// The inner writer, with everything that was written.
    pub fn into_inner(self) -> W {
        self.to
    }
}

impl<W: Write> Write for Visible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut shown = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            self.held.push(byte);
            if begins(&self.held) {
                continue;
            }
            let held = std::mem::take(&mut self.held);
            match std::str::from_utf8(&held)
                .ok()
                .and_then(|text| text.chars().next())
            {
                Some(c) if is_unprintable(c) => show(c, &mut shown),
                Some(_) => shown.extend(held),
                // The last byte does not belong to those before it.
                None => {
                    shown.extend(&held[..held.len() - 1]);
                    match byte {
                        _ if begins(&[byte]) => self.held.push(byte),
                        0x00..=0x7f if char::from(byte).is_control() => show(char::from(byte), &mut shown),
                        _ => shown.push(byte),
                    }
                }
            }
        }
        self.to.write_all(&shown)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

fn show(c: char, shown: &mut Vec<u8>) {
    match u32::from(c) {
        // A line end or a tab.
        0x09 | 0x0a => shown.push(c as u8),
        0x7f => shown.extend(b"^?"),
        code @ 0x00..=0x1f => shown.extend([b'^', code as u8 + 0x40]),
        code @ 0x80..=0x9f => shown.extend([b'^', b'[', code as u8 - 0x40]),
        code => shown.extend(format!("<U+{code:04X}>").bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_shown() {
        let mut shown = Vec::new();
        let mut visible = Visible::new(&mut shown);
        for part in [
            "\x1b[2Ja\tü\r\n",
            "\u{9b}1m\u{a0}\x07\x7f",
            "x\u{202e}y – \u{2066}z…",
        ] {
            for byte in part.bytes() {
                visible.write_all(&[byte]).unwrap();
            }
        }
        let expected = "^[[2Ja\tü^M\n^[[1m\u{a0}^G^?x<U+202E>y – <U+2066>z…";
        assert_eq!(String::from_utf8(shown).unwrap(), expected);
    }

    #[test]
    fn a_control_character_behind_half_a_character_is_shown_too() {
        let mut shown = Vec::new();
        Visible::new(&mut shown)
            .write_all(b"\xc2\x1b[2J\xe2\x80\x1b\xe2\xc2\x9b\xff")
            .unwrap();
        assert_eq!(shown, b"\xc2^[[2J\xe2\x80^[\xe2^[[\xff");
    }
}
