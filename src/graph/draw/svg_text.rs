//! Text and paths in SVG notation.

use std::fmt::Write;

use super::text::cut;
use crate::plan::is_unprintable;

/// Returns a path along the points with rounded corners.
pub(super) fn rounded(points: &[(f64, f64)]) -> String {
    let mut path = format!("M{:.1} {:.1}", points[0].0, points[0].1);
    let length = |a: (f64, f64), b: (f64, f64)| (b.0 - a.0).hypot(b.1 - a.1);
    for at in 1..points.len() {
        let (before, here) = (points[at - 1], points[at]);
        let Some(&next) = points.get(at + 1) else {
            let _ = write!(path, "L{:.1} {:.1}", here.0, here.1);
            break;
        };
        let (first, second) = (length(before, here), length(here, next));
        let radius = (first / 2.0).min(second / 2.0).min(6.0);
        if first < 0.1 || second < 0.1 {
            let _ = write!(path, "L{:.1} {:.1}", here.0, here.1);
            continue;
        }
        let toward = |other: (f64, f64), length: f64| {
            let share = radius / length;
            (
                here.0 + (other.0 - here.0) * share,
                here.1 + (other.1 - here.1) * share,
            )
        };
        let (a, b) = (toward(before, first), toward(next, second));
        let _ = write!(
            path,
            "L{:.1} {:.1}Q{:.1} {:.1} {:.1} {:.1}",
            a.0, a.1, here.0, here.1, b.0, b.1
        );
    }
    path
}

/// Breaks the text into at most `lines` lines of at most `letters` characters. Breaks between words where possible.
pub(super) fn wrapped(text: &str, letters: usize, lines: usize) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if found.len() + 1 == lines || rest.chars().count() <= letters {
            found.push(cut(rest, letters));
            break;
        }
        let end = line_end(rest, letters);
        found.push(rest[..end].trim_end().to_owned());
        rest = rest[end..].trim_start();
    }
    found
}

/// Returns where a line of at most `letters` characters ends: at a space, else behind a character that joins words as in a
/// path, else where the line is full.
fn line_end(rest: &str, letters: usize) -> usize {
    let most = rest.char_indices().nth(letters).map_or(rest.len(), |(at, _)| at);
    let blank = rest.char_indices().take_while(|(at, _)| *at <= most);
    if let Some((at, _)) = blank.filter(|(at, c)| *at > 0 && *c == ' ').last() {
        return at;
    }
    let joint = rest[..most].rfind(['/', '-', '_', ':', ',']).map(|at| at + 1);
    joint.filter(|end| *end > 1 && *end < most).unwrap_or(most)
}

/// Removes a title's Markdown marks for code and emphasis.
pub(super) fn unmarked(text: &str) -> String {
    text.replace('`', "").replace("**", "")
}

/// Escapes text for XML. Control characters, which XML forbids, become spaces.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if is_unprintable(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_between_words_and_long_words_where_they_are_joined() {
        assert_eq!(wrapped("Write the handbook", 16, 3), ["Write the", "handbook"]);
        assert_eq!(
            wrapped("Write docs/handbook.md", 16, 3),
            ["Write", "docs/handbook.md"]
        );
        assert_eq!(
            wrapped("src/report/progress_bars.rs", 16, 3),
            ["src/report/", "progress_bars.rs"]
        );
        assert_eq!(wrapped("docs/handbooks.md", 16, 3), ["docs/", "handbooks.md"]);
        assert_eq!(
            wrapped("abcdefghijklmnopqrstu", 16, 3),
            ["abcdefghijklmnop", "qrstu"]
        );
        assert_eq!(
            wrapped("計画計画計画計画 計画", 8, 2),
            ["計画計画計画計画", "計画"]
        );
        assert_eq!(wrapped("one two three four", 7, 2), ["one two", "three…"]);
        assert_eq!(unmarked("Write `docs/a.md` **now**"), "Write docs/a.md now");
    }
}
