//! Text beside a name, broken into lines that hang below its beginning.

use unicode_width::UnicodeWidthStr;

/// Columns that a page of text may have.
const WIDTH: usize = 80;

/// `name`, padded to ten columns, and the text beside it in lines of at most 80 columns. A word that is longer, such as a
/// path, is not broken.
pub fn hanging(name: &str, text: &str) -> String {
    let mut page = folded(&format!("{name:10}"), text, WIDTH);
    page.push('\n');
    page
}

/// `head`, and the text beside it in lines of at most `width` columns that hang below its beginning. Words that are longer
/// are not broken. Without a line break at its end.
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
}
