//! `info/exclude`: the paths that git ignores in every checkout of the repository.

use crate::git::files::names::ORCH_DIR;
use std::fs;
use std::io;
use std::path::Path;

use super::worktree_admin::AdminLock;
use crate::git::files::error::GitError;
use crate::git::files::place::replace_file;
use crate::git::files::regular;

/// Adds lines to `info/exclude` unless they are there. The rest of the file stays as it is, byte by byte.
pub(in crate::git) fn exclude(
    _lock: &AdminLock<'_>,
    common_dir: &Path,
    lines: &[String],
) -> Result<(), GitError> {
    let folder = common_dir.join("info");
    let path = folder.join("exclude");
    let mut content = match regular::read(&path) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(GitError::io("read", &path)(error)),
    };
    let missing: Vec<&String> = lines
        .iter()
        .filter(|line| {
            !content
                .split(|b| *b == b'\n')
                .any(|have| have.trim_ascii_end() == line.as_bytes())
        })
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if content.last().is_some_and(|last| *last != b'\n') {
        content.push(b'\n');
    }
    for line in missing {
        content.extend_from_slice(line.as_bytes());
        content.push(b'\n');
    }
    fs::create_dir_all(&folder).map_err(GitError::io("create the folder", &folder))?;
    // `info/exclude` may be a person's symbolic link to another file. The link is kept.
    let target = path.canonicalize().unwrap_or(path);
    replace_file(&target, &content)
}

/// The lines that hide orch's folder, and a worktree below the main checkout.
pub(in crate::git) fn lines_for(top: &Path, worktree: &Path) -> Vec<String> {
    let mut lines = vec![format!("{ORCH_DIR}/")];
    if let Some(inside) = worktree.strip_prefix(top).ok().and_then(Path::to_str)
        && !inside.is_empty()
    {
        let mut line = String::from("/");
        for c in inside.chars() {
            if matches!(c, '\\' | '*' | '?' | '[' | ']') {
                line.push('\\');
            }
            line.push(c);
        }
        lines.push(line + "/");
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worktree_inside_the_checkout_is_hidden_by_its_literal_path() {
        let lines = lines_for(Path::new("/r"), Path::new("/r/trees/a[1]"));
        assert_eq!(lines, [".orch/", "/trees/a\\[1\\]/"]);
        assert_eq!(lines_for(Path::new("/r"), Path::new("/r.trees/a")), [".orch/"]);
    }
}
