//! Splitting bytes into lines of limited length.

/// A longer line is dropped: events that matter are short, and a flood without line breaks must not fill the memory.
const LONGEST: usize = 8 << 20;

/// Holds the incomplete last line.
#[derive(Debug, Default)]
pub(in crate::agent) struct LineBuffer {
    rest: Vec<u8>,
    skipping: bool,
}

impl LineBuffer {
    /// Adds bytes, and passes on every complete line.
    pub(in crate::agent) fn feed(&mut self, mut bytes: &[u8], mut line: impl FnMut(&[u8])) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (before, after) = (&bytes[..end], &bytes[end + 1..]);
            if !self.skipping && self.rest.is_empty() {
                line(before);
            } else {
                self.keep(before);
                if !self.skipping {
                    line(&self.rest);
                }
            }
            self.rest.clear();
            self.skipping = false;
            bytes = after;
        }
        self.keep(bytes);
    }

    /// Passes on the remaining bytes as the last line.
    pub(in crate::agent) fn end(&mut self, mut line: impl FnMut(&[u8])) {
        if !self.skipping && !self.rest.is_empty() {
            line(&self.rest);
        }
        self.rest.clear();
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.skipping || self.rest.len() + bytes.len() > LONGEST {
            self.skipping = true;
            self.rest = Vec::new();
        } else {
            self.rest.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<usize> {
        let mut lines = LineBuffer::default();
        let mut found = Vec::new();
        for chunk in chunks {
            lines.feed(chunk, |line| found.push(line.len()));
        }
        lines.end(|line| found.push(line.len()));
        found
    }

    #[test]
    fn lines_are_found_wherever_the_chunks_are_cut() {
        let whole = b"one\n\nthree3\nlast";
        let expected = lines(&[whole]);
        assert_eq!(expected, [3, 0, 6, 4]);
        for cut in 0..=whole.len() {
            assert_eq!(lines(&[&whole[..cut], &whole[cut..]]), expected, "{cut}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_left_out_and_the_next_is_read() {
        let flood = vec![b'x'; LONGEST / 2];
        assert_eq!(lines(&[&flood, &flood, &flood, b"\nshort\n"]), [5]);
    }
}
