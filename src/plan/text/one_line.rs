//! Text of several lines on one line.

/// The text on one line, with each run of blanks as a single blank.
pub fn one_line(text: &str) -> String {
    let text = text.trim();
    // There is no early exit, so that many bytes are checked at once.
    let plain = text
        .bytes()
        .fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~'));
    let pairs = text.bytes().zip(text.bytes().skip(1));
    let wide = pairs.fold(false, |wide, (a, b)| wide | ((a == b' ') & (b == b' ')));
    if plain && !wide {
        return text.to_owned();
    }
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}
