//! What shows that somebody is logged in to a program's service.

/// What shows that somebody is logged in. Any one of them is enough; both empty: none is needed.
#[derive(Debug, PartialEq)]
pub struct Login {
    /// Environment variables that hold a key or a token.
    pub variables: &'static [&'static str],
    /// Files that hold one: a variable with the folder, that folder's place below the home folder, and the file in it.
    pub files: &'static [(&'static str, &'static str, &'static str)],
    /// Advice.
    pub how: &'static str,
}
