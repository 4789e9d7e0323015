//! Small libraries that the dynamic linker loads before the system's own, for the programs of one test and for nobody else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles one into this folder; none where there is no C compiler.
pub fn compile(folder: &Path, name: &str, source: &str) -> Option<PathBuf> {
    let (library, written) = (
        folder.join(format!("{name}.so")),
        folder.join(format!("{name}.c")),
    );
    fs::write(&written, source).unwrap();
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, &written])
        .output()
        .ok()?;
    assert!(
        compiled.status.success(),
        "{}",
        String::from_utf8_lossy(&compiled.stderr)
    );
    Some(library)
}
