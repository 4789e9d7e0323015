//! A text with its code and HTML masked.

use std::borrow::Cow;
use std::ops::Range;

/// A text with the ranges of its code and HTML.
#[derive(Debug)]
pub(in crate::plan::markdown) struct Masked<'t> {
    text: &'t str,
    /// In order, with gaps between them.
    hidden: Vec<Range<usize>>,
}

impl<'t> Masked<'t> {
    pub(in crate::plan::markdown) fn new(text: &'t str) -> Self {
        let hidden = Vec::new();
        Self { text, hidden }
    }

    /// Masks a range. Ranges must come in the order of the text.
    pub(in crate::plan::markdown) fn hide(&mut self, range: Range<usize>) {
        match self.hidden.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => self.hidden.push(range),
        }
    }

    /// A part of the text in which each masked byte is `\u{1}`. Line breaks are kept.
    pub(in crate::plan::markdown) fn part(&self, range: &Range<usize>) -> Cow<'t, str> {
        let part = &self.text[range.clone()];
        let first = self.hidden.partition_point(|hidden| hidden.end <= range.start);
        let hidden = self.hidden[first..]
            .iter()
            .take_while(|hidden| hidden.start < range.end);
        let mut bytes = Vec::new();
        for hidden in hidden {
            if bytes.is_empty() {
                bytes.extend_from_slice(part.as_bytes());
            }
            let from = hidden.start.saturating_sub(range.start);
            let to = hidden.end.min(range.end) - range.start;
            for byte in &mut bytes[from..to] {
                // There is no branch here, so that many bytes are masked at once.
                *byte = if *byte == b'\n' { b'\n' } else { 1 };
            }
        }
        match String::from_utf8(bytes) {
            Ok(blotted) if !blotted.is_empty() => Cow::Owned(blotted),
            _ => Cow::Borrowed(part),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_hidden_is_blotted_out() {
        let mut masked = Masked::new("ab`c`d`é\nf`g");
        masked.hide(2..5);
        masked.hide(6..12);
        assert_eq!(masked.part(&(0..2)), "ab");
        assert_eq!(masked.part(&(0..6)), "ab\u{1}\u{1}\u{1}d");
        assert_eq!(masked.part(&(3..13)), "\u{1}\u{1}d\u{1}\u{1}\u{1}\n\u{1}\u{1}g");
        assert!(matches!(masked.part(&(5..6)), Cow::Borrowed("d")));
    }
}
