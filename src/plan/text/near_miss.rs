//! Suggestions for misspelled names.

/// The candidate nearest to `name`, if it is near enough to be meant: at most one edit per three characters, or one edit in a
/// shorter name (Damerau-Levenshtein, so swapped neighbours count once).
pub(crate) fn near_miss<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let allowed = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            let folded = strsim::damerau_levenshtein(&name.to_lowercase(), &candidate.to_lowercase());
            (folded, candidate)
        })
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A hint that names the near miss.
pub(crate) fn did_you_mean<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    near_miss(name, candidates).map(|meant| format!("did you mean `{meant}`?"))
}

/// A hint that names the near miss. Without a near miss, the hint lists the choices when there are few.
pub(crate) fn suggest<'c>(
    name: &str,
    candidates: impl IntoIterator<Item = &'c str> + Clone,
) -> Option<String> {
    let meant = did_you_mean(name, candidates.clone());
    if meant.is_some() {
        return meant;
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    match all.as_slice() {
        [] => None,
        [only] => Some(format!("there is only `{only}`")),
        some if some.len() <= 8 => Some(format!("there are {}", quoted(some))),
        _ => None,
    }
}

/// `a`, `b` and `c`, each in backticks.
pub(crate) fn quoted(names: &[&str]) -> String {
    let ticked: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match ticked.split_last() {
        Some((last, front)) if !front.is_empty() => format!("{} and {last}", front.join(", ")),
        Some((only, _)) => only.clone(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let names = ["retries", "backoff", "agent"];
        assert_eq!(near_miss("retires", names), Some("retries"));
        assert_eq!(near_miss("Agent", names), Some("agent"));
        assert_eq!(near_miss("timeout", names), None);
        assert_eq!(near_miss("x", ["a"]), None);
    }

    #[test]
    fn few_choices_are_listed() {
        assert_eq!(suggest("zzz", ["a", "b"]).unwrap(), "there are `a` and `b`");
        assert_eq!(suggest("zzz", []), None);
    }
}
