//! Characters of foreign text that must not reach a terminal or a page as they are.

/// True for control characters, which steer a terminal, and for the characters that reverse the text after them, so that it reads
/// as something else than it is (N. Boucher and R. Anderson, "Trojan Source", 2021).
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || is_bidi_control(c)
}

/// True for the characters that change the direction in which text is shown.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
