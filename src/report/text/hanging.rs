//! Text beside a name, wrapped with a hanging indent.

use unicode_width::UnicodeWidthStr;

/// The width of a page of text.
const WIDTH: usize = 80;

/// `name`, padded to ten columns, and the text beside it, wrapped at 80 columns. A longer word, such as a path, is not split.
pub fn hanging(name: &str, text: &str) -> String {
    let mut page = folded(&format!("{name:10}"), text, WIDTH);
    page.push('\n');
    page
}

/// `head`, and the text beside it, wrapped at `width` columns with a hanging indent. Longer words are not split. No line break
/// at the end.
pub fn folded(head: &str, text: &str, width: usize) -> String {
    let indent = head.width();
    let mut page = head.to_owned();
    let mut column = indent;
    let mut begun = false;
    for word in text.split_whitespace() {
        let wide = word.width();
        if begun && column + 1 + wide > width {
            page.push('\n');
            page.push_str(&" ".repeat(indent));
            column = indent;
        } else if begun {
            page.push(' ');
            column += 1;
        }
        page.push_str(word);
        column += wide;
        begun = true;
    }
    page
}

/// The text, unchanged without a terminal. For a terminal of this width, its lines are wrapped between words and keep their
/// indent.
pub fn broken(text: &str, terminal: Option<usize>) -> String {
    let Some(columns) = terminal else {
        return text.to_owned();
    };
    let mut page = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (own, end) = line.strip_suffix('\n').map_or((line, ""), |own| (own, "\n"));
        if own.width() <= columns {
            page.push_str(line);
            continue;
        }
        let words = own.trim_start();
        page.push_str(&folded(&own[..own.len() - words.len()], words, columns));
        page.push_str(end);
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_hang_below_their_beginning_and_stay_within_eighty_columns() {
        let text = "word ".repeat(40);
        let page = hanging("name", &text);
        assert!(page.starts_with("name      word word"));
        assert!(
            page.lines()
                .skip(1)
                .all(|line| line.starts_with("          word"))
        );
        assert!(page.lines().all(|line| line.len() <= WIDTH), "{page}");
        assert_eq!(page.split_whitespace().count(), 41);
        let path = "x".repeat(100);
        assert_eq!(hanging("", &path), format!("{}{path}\n", " ".repeat(10)));
    }

    #[test]
    fn only_for_a_terminal_and_only_lines_that_are_too_long_are_broken() {
        let text = "short   one\n  a line that is too long\n";
        assert_eq!(broken(text, None), text);
        assert_eq!(
            broken(text, Some(12)),
            "short   one\n  a line\n  that is\n  too long\n"
        );
        assert_eq!(
            broken("/a/very/long/path and more", Some(10)),
            "/a/very/long/path\nand more"
        );
    }
}
