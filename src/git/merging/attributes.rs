//! Whether a file may be merged line by line, as far as attributes decide.

/// The rules of attribute files outside the commits, and of settings. Read once.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    /// The lines of attribute files that can affect merges.
    lines: Vec<Vec<u8>>,
    /// True when a setting changes the result of every merge of lines.
    unusual: bool,
}

/// The lines of one attribute file that may affect merges: lines with `merge`, lines with `binary`, which stands for
/// `-merge` and more, and all macros.
pub(super) fn telling(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| {
            let has = |word: &[u8]| memchr::memmem::find(line, word).is_some();
            let start = line.strip_prefix(MARK).unwrap_or(line);
            !line.starts_with(b"#") && (has(b"merge") || has(b"binary") || start.starts_with(b"[attr]"))
        })
}

/// The byte-order mark of UTF-8. Git skips the mark in some attribute files and takes it for a part of the pattern in
/// others.
pub(super) const MARK: &[u8] = b"\xef\xbb\xbf";

/// True when a line of an attribute file may be about this file. Only patterns without folders are understood, such as
/// `*.png`. Case is ignored, because `core.ignorecase` makes git ignore case.
pub(super) fn may_match(line: &[u8], name: &[u8]) -> bool {
    let pattern = line.split(u8::is_ascii_whitespace).next().unwrap_or(line);
    let special = |byte: &u8| matches!(byte, b'*' | b'?' | b'[' | b'\\' | b'/' | b'"' | b'!');
    match pattern.strip_prefix(b"*") {
        _ if pattern.starts_with(MARK) => true,
        Some(end) if !end.iter().any(special) => {
            let rest = name.len().checked_sub(end.len());
            rest.is_some_and(|rest| name[rest..].eq_ignore_ascii_case(end))
        }
        None if !pattern.iter().any(special) => name.eq_ignore_ascii_case(pattern),
        _ => true,
    }
}

impl Rules {
    /// Adds the lines of one attribute file.
    pub(super) fn read(&mut self, text: &[u8]) {
        self.lines.extend(telling(text).map(<[u8]>::to_vec));
    }

    /// Merges no file line by line from now on.
    pub(super) fn distrust(&mut self) {
        self.unusual = true;
    }

    /// True when nothing outside the commits prevents merging this file line by line.
    pub(super) fn are_plain(&self, name: &[u8]) -> bool {
        !self.unusual && !self.lines.iter().any(|line| may_match(line, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_about_merges_and_about_the_file_count() {
        let file = b"* text=auto\n# *.rs merge=union\n*.png binary\nCHANGES merge=union\nsub/*.c -merge\n";
        let about = |name: &str| telling(file).any(|line| may_match(line, name.as_bytes()));
        assert!(about("a.png"));
        assert!(about("CHANGES"));
        // A line that is not understood counts.
        assert!(about("main.rs"));
        let simple = b"*.png binary\nCHANGES merge=union\n*.rs text\n";
        assert!(!telling(simple).any(|line| may_match(line, b"main.rs")));
    }

    #[test]
    fn a_macro_counts_for_every_file() {
        assert!(telling(b"[attr]mine -merge\n").any(|line| may_match(line, b"a.rs")));
    }
}
