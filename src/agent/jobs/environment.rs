//! The environment of agents and verifications.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::Path;

/// Variables for one job: `ORCH_*`, and a `PATH` on which `orch` itself is found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// An empty environment with this program's folder in front of `PATH`.
    pub fn new(program: &Path) -> Self {
        let mut environment = Self::default();
        let folder = program.parent().map(Path::to_owned).into_iter();
        let rest = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(folder.chain(env::split_paths(&rest))).unwrap_or(rest);
        if let Ok(path) = OsString::into_string(path) {
            environment.set("PATH", path);
        }
        environment
    }

    /// Sets a variable.
    pub fn set(&mut self, name: &str, value: impl Into<String>) -> &mut Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// The variables.
    pub fn into_map(self) -> BTreeMap<String, String> {
        self.0
    }
}

/// True for inherited variables that would redirect an agent's git commands to another repository, and for
/// variables of another attempt. Identity and the choice of configuration files stay.
pub fn is_scrubbed(name: &str) -> bool {
    const KEPT: &[&str] = &[
        "GIT_AUTHOR_NAME",
        "GIT_AUTHOR_EMAIL",
        "GIT_AUTHOR_DATE",
        "GIT_COMMITTER_NAME",
        "GIT_COMMITTER_EMAIL",
        "GIT_COMMITTER_DATE",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_SYSTEM",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_ASKPASS",
        "GIT_TERMINAL_PROMPT",
    ];
    (name.starts_with("GIT_") && !KEPT.contains(&name)) || name.starts_with("ORCH_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_point_at_another_repository_are_scrubbed_and_identity_is_kept() {
        for name in [
            "GIT_DIR",
            "GIT_INDEX_FILE",
            "GIT_WORK_TREE",
            "GIT_CONFIG_COUNT",
            "ORCH_PLAN",
        ] {
            assert!(is_scrubbed(name), "{name}");
        }
        for name in [
            "GIT_AUTHOR_NAME",
            "GIT_CONFIG_GLOBAL",
            "HOME",
            "PATH",
            "GITHUB_TOKEN",
        ] {
            assert!(!is_scrubbed(name), "{name}");
        }
    }

    #[test]
    fn the_programs_own_folder_comes_first_on_the_path() {
        let map = Environment::new(Path::new("/opt/orch/bin/orch")).into_map();
        assert!(map["PATH"].starts_with("/opt/orch/bin:"), "{}", map["PATH"]);
    }
}
