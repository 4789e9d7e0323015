//! The conversation files of codex, for the tokens used so far. The output of codex states tokens only at the end of a turn,
//! and not at all when codex is stopped.
//!
//! Codex keeps one file per conversation, `$CODEX_HOME/sessions/YEAR/MONTH/DAY/rollout-TIME-THREAD.jsonl`, and appends an event
//! `token_count` after each answer of the model (codex 0.169.0).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::schedule::Spent;

/// The most bytes to read at once.
const PIECE: u64 = 8 << 20;

/// The file of one conversation, read as it grows.
#[derive(Debug)]
pub(in crate::agent) struct Rollout {
    home: PathBuf,
    file: Option<PathBuf>,
    read: u64,
    total: Option<Spent>,
}

impl Rollout {
    /// The rollout of a job with this environment on top of the runner's. `None` where the folder is unknown.
    pub(in crate::agent) fn of(env: &BTreeMap<String, String>) -> Option<Self> {
        let variable = |name: &str| {
            let own = env.get(name).map(PathBuf::from);
            own.or_else(|| std::env::var_os(name).map(PathBuf::from))
        };
        let home = variable("CODEX_HOME").or_else(|| Some(variable("HOME")?.join(".codex")))?;
        Some(Self {
            home,
            file: None,
            read: 0,
            total: None,
        })
    }

    /// The tokens that the conversation has used since its beginning. `None` while none are recorded.
    pub(in crate::agent) fn total(&mut self, thread: &str) -> Option<Spent> {
        // The name comes from an agent's output and becomes part of a file name, so it is checked.
        let is_name = !thread.is_empty()
            && thread
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if self.file.is_none() && is_name {
            self.file = find(&self.home.join("sessions"), &format!("-{thread}.jsonl"), 3);
        }
        self.read_on();
        self.total
    }

    fn read_on(&mut self) -> Option<()> {
        let mut file = File::open(self.file.as_ref()?).ok()?;
        file.seek(SeekFrom::Start(self.read)).ok()?;
        let mut new = Vec::new();
        file.take(PIECE).read_to_end(&mut new).ok()?;
        let whole = new
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        // A line longer than a piece contains no token counts.
        let whole = if whole == 0 && new.len() as u64 == PIECE {
            new.len()
        } else {
            whole
        };
        self.read += whole as u64;
        let lines = new[..whole].split(|byte| *byte == b'\n');
        let counts = lines.filter(|line| memchr::memmem::find(line, b"token_count").is_some());
        if let Some(total) = counts.filter_map(tokens).next_back() {
            self.total = Some(total);
        }
        Some(())
    }
}

fn tokens(line: &[u8]) -> Option<Spent> {
    let event: Value = serde_json::from_slice(line).ok()?;
    let payload = event
        .get("payload")
        .filter(|payload| payload["type"] == "token_count")?;
    let usage = payload.pointer("/info/total_token_usage")?;
    let at = |name: &str| usage.get(name).and_then(Value::as_u64).unwrap_or(0);
    let cached = at("cached_input_tokens");
    Some(Spent {
        input: at("input_tokens").saturating_sub(cached),
        cached,
        output: at("output_tokens"),
        micros: None,
    })
}

/// The file whose name ends with `end`, `levels` folders below a folder. The newest folders are searched first.
fn find(folder: &Path, end: &str, levels: u32) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort_unstable_by(|one, two| two.cmp(one));
    match levels.checked_sub(1) {
        Some(levels) => paths.iter().find_map(|path| find(path, end, levels)),
        None => paths.into_iter().find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().ends_with(end))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_tokens_of_a_conversation_are_read_as_they_come() {
        let home = tempfile::tempdir().unwrap();
        let env = BTreeMap::from([(
            "CODEX_HOME".to_owned(),
            home.path().to_string_lossy().into_owned(),
        )]);
        let mut rollout = Rollout::of(&env).unwrap();
        assert_eq!(rollout.total("t-1"), None);
        let day = home.path().join("sessions/2026/11/22");
        fs::create_dir_all(&day).unwrap();
        let mut file = File::create(day.join("rollout-2026-11-22T17-26-18-t-1.jsonl")).unwrap();
        let count = |input: u64| {
            format!(
                r#"{{"type":"event_msg","payload":{{"type":"token_count","info":{{"total_token_usage":{{"input_tokens":{input},"cached_input_tokens":3,"output_tokens":5}}}}}}}}"#
            )
        };
        writeln!(file, "{{\"type\":\"session_meta\"}}\n{}", count(10)).unwrap();
        let spent = |input: u64| {
            Some(Spent {
                input: input - 3,
                cached: 3,
                output: 5,
                micros: None,
            })
        };
        assert_eq!(rollout.total("t-1"), spent(10));
        // A partial line is read once it is complete.
        let next = count(20);
        write!(file, "{}", &next[..30]).unwrap();
        assert_eq!(rollout.total("t-1"), spent(10));
        writeln!(file, "{}\nnot JSON with token_count", &next[30..]).unwrap();
        assert_eq!(rollout.total("t-1"), spent(20));
        assert_eq!(Rollout::of(&env).unwrap().total("../t-1"), None);
    }
}
