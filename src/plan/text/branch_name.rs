//! The rules of git for branch names.

/// Why git would refuse a branch name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a valid branch name: {reason}")]
pub struct BranchNameError {
    /// The name.
    pub name: String,
    /// The rule that the name breaks.
    pub reason: &'static str,
}

/// Checks a branch name without `refs/heads/` by the rules of `git check-ref-format --branch`.
///
/// # Errors
/// Returns the first rule that the name breaks.
pub fn check_branch_name(name: &str) -> Result<(), BranchNameError> {
    match broken_rule(name) {
        None => Ok(()),
        Some(reason) => Err(BranchNameError {
            name: name.to_owned(),
            reason,
        }),
    }
}

fn broken_rule(name: &str) -> Option<&'static str> {
    let forbidden = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    if name.is_empty() {
        return Some("it is empty");
    }
    if name.starts_with('-') {
        return Some("it begins with `-`");
    }
    if name == "@" || name == "HEAD" {
        return Some("git keeps that name for itself");
    }
    if name.starts_with('/') || name.ends_with('/') || name.contains("//") {
        return Some("it has an empty part between `/`");
    }
    if name.contains("..") {
        return Some("it contains `..`");
    }
    if name.contains("@{") {
        return Some("it contains `@{`");
    }
    if name.ends_with('.') {
        return Some("it ends with `.`");
    }
    if name.chars().any(forbidden) {
        return Some("it contains a blank, a control character or one of `~^:?*[\\`");
    }
    let parts_ok = name
        .split('/')
        .all(|part| !part.starts_with('.') && !part.ends_with(".lock"));
    (!parts_ok).then_some("a part of it begins with `.` or ends with `.lock`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names_pass_and_each_rule_is_kept() {
        for good in ["main", "orch/auth", "a.b", "ü/x", "a@b", "a{b}", "x.locked"] {
            assert_eq!(check_branch_name(good), Ok(()));
        }
        for bad in [
            "", "-a", "@", "HEAD", "/a", "a/", "a//b", "a..b", "a@{b", "a.", "a b", "a~", "a^", "a:b", "a?",
            "a*", "a[", "a\\b", "a\u{7f}", ".a", "a/.b", "a.lock", "a.lock/b",
        ] {
            assert!(check_branch_name(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
