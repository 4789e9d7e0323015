//! The names of `orch`'s files in worktrees and of its refs.

/// The folder in each worktree that holds orch's files: status, prompt, the plan's document.
pub const ORCH_DIR: &str = ".orch";

/// Backups of commits and of uncommitted changes.
pub(in crate::git) const BACKUPS: &str = "refs/orch/backup/";

/// Fetched refs of attempts on other machines.
pub(in crate::git) const AWAY: &str = "refs/orch/away/";
/// The name of the marker below the prefix of a repository's refs on a hub.
pub(in crate::git) const MARKER: &str = "marker";

/// Merges that are built and have not landed yet.
pub(in crate::git) const CANDIDATES: &str = "refs/orch/candidates/";

/// The commits of each plan at the last look.
pub(in crate::git) const MADE: &str = "refs/orch/made/";

/// The commits at which phases ended that others wait for.
pub(in crate::git) const PINS: &str = "refs/orch/pins/";

/// Records of the branches that belong to units.
pub(in crate::git) const UNITS: &str = "refs/orch/units/";
