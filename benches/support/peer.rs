//! Other tools, when they are installed.

use std::path::Path;

/// True when a program of this name is on the path. One that is not is said, and left out.
pub fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| is_file(&folder.join(program)));
    if !found {
        println!("{program} is not installed: left out");
    }
    found
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|known| known.is_file())
}
