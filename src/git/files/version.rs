//! The version of the git program, and the oldest version that orch works with.

use std::fmt;

/// The oldest version that orch works with: `git merge-tree --write-tree` is new in 2.38.
pub const LEAST_VERSION: GitVersion = GitVersion { major: 2, minor: 38 };

/// From this version on, git can be told which tree to read attributes from (`--attr-source`).
pub(in crate::git) const ATTRIBUTE_SOURCE: GitVersion = GitVersion { major: 2, minor: 41 };

/// A version of git, as far as git's abilities depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct GitVersion {
    /// 2 in 2.38.
    pub major: u32,
    /// 38 in 2.38.
    pub minor: u32,
}

impl fmt::Display for GitVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Parses `git version 2.47.3`, also with a vendor's suffix such as `2.39.5 (Apple Git-154)` or `2.45.1.windows.1`.
pub(in crate::git) fn parse(text: &str) -> Option<GitVersion> {
    let mut numbers = text.trim().strip_prefix("git version ")?.split(['.', ' ']);
    Some(GitVersion {
        major: numbers.next()?.parse().ok()?,
        minor: numbers.next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_with_and_without_a_vendor() {
        let version = |major, minor| Some(GitVersion { major, minor });
        assert_eq!(parse("git version 2.47.3\n"), version(2, 47));
        assert_eq!(parse("git version 2.39.5 (Apple Git-154)"), version(2, 39));
        assert_eq!(parse("git version 2.45.1.windows.1"), version(2, 45));
        assert_eq!(parse("git version 3.0"), version(3, 0));
        assert_eq!(parse("hg 6.1"), None);
    }

    #[test]
    fn older_than_the_least_is_older() {
        assert!(parse("git version 2.37.9").unwrap() < LEAST_VERSION);
        assert!(parse("git version 2.100.0").unwrap() > LEAST_VERSION);
    }
}
