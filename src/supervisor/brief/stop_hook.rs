//! Keeping an agent from ending with uncommitted or unreported work, for programs that call a hook before they end. Claude Code
//! does: it gets a settings file in the attempt's folder, so nothing is written into the worktree. The input and output of the
//! hooks is described at <https://code.claude.com/docs/en/hooks> (events `Stop`, `PostToolUse`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::failpoint;
use crate::plan::{TaskId, first_of};

/// The arguments with which this program answers the hook.
pub const STOP_HOOK: [&str; 2] = ["task", "stop-hook"];

/// The arguments with which this program delivers messages after a tool call.
pub const MESSAGE_HOOK: [&str; 2] = ["task", "message-hook"];

/// How often an attempt is kept from ending: an agent that still does not report will not do so after the third time either,
/// and each time costs money.
const MOST: u32 = 2;
/// How many files and tasks are named.
const NAMED: usize = 5;

/// Claude Code's settings for one attempt: a hook before it ends, and a hook for new messages after each tool call.
pub fn claude_settings(program: &Path) -> Value {
    let program = format!("'{}'", program.to_string_lossy().replace('\'', r"'\''"));
    let hook = |arguments: [&str; 2]| {
        let command = format!("{program} {}", arguments.join(" "));
        json!([{ "hooks": [{ "type": "command", "command": command, "timeout": 30 }] }])
    };
    json!({ "hooks": {
        "Stop": hook(STOP_HOOK),
        "PostToolUse": hook(MESSAGE_HOOK),
        "PostToolUseFailure": hook(MESSAGE_HOOK),
    } })
}

/// The path of the settings in an attempt's folder.
pub fn claude_settings_file(attempt: &Path) -> PathBuf {
    attempt.join("claude-settings.json")
}

/// Writes the settings into an attempt's folder and returns the file's path, for `claude --settings FILE`.
///
/// # Errors
///
/// When the file cannot be written.
pub fn write_claude_settings(attempt: &Path, program: &Path) -> io::Result<PathBuf> {
    let path = claude_settings_file(attempt);
    fs::create_dir_all(attempt)?;
    replace(&path, &claude_settings(program))?;
    Ok(path)
}

/// The open work of an agent that is about to end.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Leaving {
    /// Files with uncommitted changes.
    pub uncommitted: Vec<PathBuf>,
    /// Tasks that the agent was given and that are neither done, failed nor skipped.
    pub open: Vec<TaskId>,
}

/// The hook's earlier answers, kept in the attempt's folder.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HookMemory {
    /// How often the attempt was kept from ending.
    pub times: u32,
    /// The reason that was given last.
    pub reason: String,
}

impl HookMemory {
    fn path(attempt: &Path) -> PathBuf {
        attempt.join("stops.json")
    }

    /// Reads the record; empty when the record cannot be read.
    pub fn read(attempt: &Path) -> Self {
        let text = fs::read(Self::path(attempt)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Writes the record.
    ///
    /// # Errors
    ///
    /// When the record cannot be written.
    pub fn write(&self, attempt: &Path) -> io::Result<()> {
        replace(&Self::path(attempt), self)
    }
}

/// Why the agent must continue; `None` when it may end. An agent that was told to continue (`continuing`) and comes back with
/// the same open work may end.
pub fn reason_to_go_on(leaving: &Leaving, before: &HookMemory, continuing: bool) -> Option<String> {
    let mut parts = Vec::new();
    if !leaving.uncommitted.is_empty() {
        let files = leaving.uncommitted.iter().map(|file| file.display().to_string());
        parts.push(format!(
            "commit your work on this branch (not committed: {})",
            first_of(&files.collect::<Vec<_>>(), NAMED, ", ")
        ));
    }
    if !leaving.open.is_empty() {
        let ids = leaving.open.iter().map(ToString::to_string);
        parts.push(format!(
            "finish or report these tasks: {}. `orch task done ID` when its work is committed, `orch task fail ID --note WHY` \
             when it cannot be done",
            first_of(&ids.collect::<Vec<_>>(), NAMED, ", ")
        ));
    }
    if parts.is_empty() {
        return None;
    }
    let reason = format!("Before you end: {}.", parts.join("; then "));
    let in_vain = continuing && before.reason == reason;
    (before.times < MOST && !in_vain).then_some(reason)
}

fn replace(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, serde_json::to_vec(value)?)?;
    failpoint::around("stop.file", || fs::rename(&new, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaving() -> Leaving {
        Leaving {
            uncommitted: vec!["src/a.rs".into()],
            open: vec![TaskId::new(1, 2)],
        }
    }

    #[test]
    fn an_agent_is_kept_from_ending_twice_at_most_and_not_for_the_same_again() {
        let mut kept = HookMemory::default();
        let first = reason_to_go_on(&leaving(), &kept, false).unwrap();
        assert!(first.contains("src/a.rs") && first.contains("1.2"), "{first}");
        kept = HookMemory {
            times: 1,
            reason: first,
        };
        assert_eq!(
            reason_to_go_on(&leaving(), &kept, true),
            None,
            "it was told just that"
        );
        let less = Leaving {
            uncommitted: Vec::new(),
            ..leaving()
        };
        assert!(
            reason_to_go_on(&less, &kept, true).is_some(),
            "it has come further"
        );
        kept.times = 2;
        assert_eq!(reason_to_go_on(&less, &kept, false), None);
        assert_eq!(
            reason_to_go_on(&Leaving::default(), &HookMemory::default(), false),
            None
        );
    }

    #[test]
    fn the_settings_name_this_program_whatever_its_path() {
        let settings = claude_settings(Path::new("/a b/it's/orch"));
        let command = &settings["hooks"]["Stop"][0]["hooks"][0]["command"];
        assert_eq!(command, r"'/a b/it'\''s/orch' task stop-hook");
        let command = &settings["hooks"]["PostToolUse"][0]["hooks"][0]["command"];
        assert_eq!(command, r"'/a b/it'\''s/orch' task message-hook");
    }
}
