//! `**Label:** text`.

use memchr::memchr;

/// The bold label at the start of a line, and the text after it: `**Goal:** x` or `**Goal**: x`.
pub(in crate::plan::markdown) fn label(line: &str) -> Option<(&str, &str)> {
    let inner = line.trim_start().strip_prefix("**")?;
    let end = stars(inner)?;
    let (name, rest) = (&inner[..end], &inner[end + 2..]);
    let (name, rest) = match name.trim_end().strip_suffix(':') {
        Some(name) => (name, rest),
        None => (name, rest.trim_start().strip_prefix(':')?),
    };
    Some((name.trim(), rest.trim()))
}

/// The offset of the first `**`.
fn stars(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        let at = from + memchr(b'*', bytes.get(from..)?)?;
        if bytes.get(at + 1) == Some(&b'*') {
            return Some(at);
        }
        from = at + 1;
    }
}

/// True when a label opens a VERIFY block.
pub(in crate::plan::markdown) fn is_verify(name: &str) -> bool {
    name.strip_prefix("VERIFY")
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
}

/// The text after the label of a line that opens a VERIFY block.
pub(in crate::plan::markdown) fn verify(line: &str) -> Option<&str> {
    label(line)
        .filter(|(name, _)| is_verify(name))
        .map(|(_, rest)| rest)
}

/// True when checks run in the background: `(non-blocking)` or `(background: true)`.
pub(in crate::plan::markdown) fn is_background(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.contains("(non-blocking)")
        || text.contains("(background: true)")
        || text.contains("(background:true)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colon_may_be_inside_or_outside() {
        assert_eq!(label("**Goal:** x"), Some(("Goal", "x")));
        assert_eq!(label("**Goal**: x"), Some(("Goal", "x")));
        assert_eq!(label("**bold** text"), None);
        assert_eq!(verify("**VERIFY 1**: all"), Some("all"));
        assert_eq!(verify("**VERIFYING:** all"), None);
    }
}
