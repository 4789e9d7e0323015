//! Names that `orch` gives to what it keeps in worktrees and among refs.

/// The folder in each worktree that holds orch's files: status, prompt, the plan's document.
pub const ORCH_DIR: &str = ".orch";

/// Backups: of commits, and of what was uncommitted.
pub(in crate::git) const BACKUPS: &str = "refs/orch/backup/";

/// What was fetched about attempts on other machines.
pub(in crate::git) const AWAY: &str = "refs/orch/away/";

/// Merges that are built and have not landed yet.
pub(in crate::git) const CANDIDATES: &str = "refs/orch/candidates/";

/// A plan's commits at the last look.
pub(in crate::git) const MADE: &str = "refs/orch/made/";

/// Where phases ended that others wait for.
pub(in crate::git) const PINS: &str = "refs/orch/pins/";

/// Which branches are of units.
pub(in crate::git) const UNITS: &str = "refs/orch/units/";
