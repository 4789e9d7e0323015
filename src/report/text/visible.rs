//! Text from others on a terminal: control characters are shown instead of obeyed.

use std::io::{self, Write};

/// Writes control characters, except line ends and tabs, as `^X`.
#[derive(Debug)]
pub struct Visible<W> {
    to: W,
    /// True after the first byte of a possible two-byte control character.
    half: bool,
}

/// The first UTF-8 byte of the control characters from U+0080 on.
const FIRST: u8 = 0xc2;

impl<W: Write> Visible<W> {
    /// A writer in front of `to`.
    pub fn new(to: W) -> Self {
        Self { to, half: false }
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
            let second = std::mem::take(&mut self.half);
            match byte {
                0x80..=0x9f if second => shown.extend([b'^', b'[', byte - 0x40]),
                _ if second => shown.extend([FIRST, byte]),
                FIRST => self.half = true,
                b'\n' | b'\t' => shown.push(byte),
                0x00..=0x1f => shown.extend([b'^', byte + 0x40]),
                0x7f => shown.extend(b"^?"),
                _ => shown.push(byte),
            }
        }
        self.to.write_all(&shown)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_steer_a_terminal_is_shown() {
        let mut shown = Vec::new();
        let mut visible = Visible::new(&mut shown);
        for part in ["\x1b[2Ja\tü\r\n", "\u{9b}1m\u{a0}\x07\x7f"] {
            for byte in part.bytes() {
                visible.write_all(&[byte]).unwrap();
            }
        }
        assert_eq!(String::from_utf8(shown).unwrap(), "^[[2Ja\tü^M\n^[[1m\u{a0}^G^?");
    }
}
