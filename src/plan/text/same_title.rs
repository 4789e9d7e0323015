//! Whether two titles name the same work. Reports about a task must not count for a different task with the same id.

/// The shortest word in which one wrong letter counts as a typo. Short words that differ in one letter are different words.
const LONG: usize = 5;

/// True when the titles are the same apart from case, punctuation and typos. Names, paths and numbers must match exactly:
/// `step 1` is not `step 2`, and `users_a` is not `users_b`.
pub fn is_same_title(before: &str, now: &str) -> bool {
    // A shortcut: this function runs for every finished task when a run begins.
    if before == now {
        return true;
    }
    let (before, now) = (words(before), words(now));
    before.len() == now.len()
        && before
            .iter()
            .zip(&now)
            .all(|(before, now)| before == now || is_slip(before, now))
}

/// True when the words differ by one letter: replaced, missing, added or swapped with its neighbour. The first letter must
/// match, because it tells words apart: `enable` is not `unable`.
fn is_slip(before: &str, now: &str) -> bool {
    let is_word = |word: &str| word.chars().all(char::is_alphabetic) && word.chars().count() >= LONG;
    is_word(before)
        && is_word(now)
        && before.chars().next() == now.chars().next()
        && strsim::damerau_levenshtein(before, now) == 1
}

/// The words in lower case, without the punctuation around them.
fn words(title: &str) -> Vec<String> {
    let words = title
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_wording_is_the_same_and_another_task_is_not() {
        assert!(is_same_title("Add the parser", "**Add** the `parser`."));
        assert!(is_same_title(
            "Implement the tokenzier",
            "Implement the tokenizer"
        ));
        for (before, now) in [
            ("A", "B"),
            ("step 1", "step 2"),
            ("Add the parser", "Remove the parser"),
            ("", "one"),
            ("Split `src/a.rs`", "Split `src/b.rs`"),
            ("Encode the frames", "Decode the frames"),
            ("Migrate users_a", "Migrate users_b"),
            ("Parse int", "Parse hint"),
            ("Add the header", "Add the reader"),
            ("Enable the user", "Unable the user"),
        ] {
            assert!(!is_same_title(before, now), "{before} {now}");
        }
    }
}
