//! `### Upstream` lists.

/// True when a heading opens a list of plans that the document builds on.
pub(in crate::plan::markdown) fn is_upstream(heading: &str) -> bool {
    let opens = |word: &str| {
        heading
            .get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    opens("upstream") || heading.eq_ignore_ascii_case("dependencies")
}

/// The plan that an entry names: `**other-plan.md** - why`, also in backticks or as a link. Words without such marks are prose,
/// unless they end in `.md`.
pub(in crate::plan::markdown) fn name(entry: &str) -> Option<String> {
    let entry = entry.trim();
    let bare = entry.trim_start_matches(['*', '`', '[', '_']);
    let marked = bare.len() != entry.len();
    let end = bare
        .find(|c: char| c.is_whitespace() || "*`]:,".contains(c))
        .unwrap_or(bare.len());
    // A mark around several words is emphasis, not a name.
    let several = marked && bare[end..].starts_with(' ');
    let word = bare[..end].rsplit('/').next().unwrap_or_default();
    let stem = word.strip_suffix(".md");
    if several || (stem.is_none() && !marked) {
        return None;
    }
    let name = stem.unwrap_or(word);
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_name_plans_and_prose_does_not() {
        for entry in [
            "**auth.md** - why",
            "`plans/auth.md`",
            "[auth](x)",
            "auth.md: why",
            "**auth** — why",
        ] {
            assert_eq!(name(entry).as_deref(), Some("auth"), "{entry}");
        }
        for prose in [
            "None (this is a clean-up)",
            "**Plan review** - done",
            "Git >= 2",
            "",
        ] {
            assert_eq!(name(prose), None, "{prose}");
        }
    }
}
