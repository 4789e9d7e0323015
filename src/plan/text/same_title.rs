//! Whether two titles speak of the same work: what was said of a task counts for no other one that has its id.

/// Titles that are as alike as this or more are two wordings of one (Levenshtein distance, 1 for equal).
const ALIKE: f64 = 0.9;

/// True for the same title, but for case, marks and slips of the pen. Numbers count as they are: `step 1` is not `step 2`.
pub fn is_same_title(before: &str, now: &str) -> bool {
    // Asked for every finished task when a run begins.
    if before == now {
        return true;
    }
    let (before, now) = (words(before), words(now));
    let numbers = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    numbers(&before) == numbers(&now) && strsim::normalized_levenshtein(&before, &now) >= ALIKE
}

/// The words in lower case, without what surrounds them.
fn words(title: &str) -> String {
    let words = title
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join(" ")
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
        ] {
            assert!(!is_same_title(before, now), "{before} {now}");
        }
    }
}
