//! Signs that somebody is logged in to a program's service.

/// Signs that somebody is logged in. Any one of them is enough. No login is needed when both lists are empty.
#[derive(Debug, PartialEq)]
pub struct Login {
    /// Environment variables that hold a key or a token.
    pub variables: &'static [&'static str],
    /// Files that hold a key or a token. Each entry has the variable that names the folder, the folder's usual place below the
    /// home folder, and the file in the folder.
    pub files: &'static [(&'static str, &'static str, &'static str)],
    /// Advice on how to log in.
    pub how: &'static str,
}
