//! The thread of a node that pushes news to the hub and fetches messages, so that a hub that does not answer delays nothing else.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use super::payload::Payload;
use super::report::{REPORTED, news, put_reports};
use crate::agent::RunnerHold;
use crate::git::hub::{Channel, read_record};
use crate::git::{GitError, head_of};
use crate::plan::CommitId;

/// The pause between two checks of the clone.
const LOOK: Duration = Duration::from_millis(200);
/// The pause between two pushes.
const SPACING: Duration = Duration::from_secs(1);
/// How long a growing log may go unreported.
const LOG: Duration = Duration::from_secs(30);
/// The longest time without any report.
const LONGEST: Duration = Duration::from_secs(60);
/// The pause between two looks for messages, with a hub that is a folder here and with any other: each look connects to that, and
/// many nodes do it.
const MAIL: Duration = Duration::from_secs(3);
const FAR_MAIL: Duration = Duration::from_secs(10);

/// The file of a message that asks for an end; it contains `now` for an end without grace.
pub const STOP: &str = "stop";

/// The hub's latest instructions to the reporter.
#[derive(Debug, Default)]
pub struct ReporterState {
    /// A person has asked for an end.
    pub stop: AtomicBool,
    /// The other side has given the attempt up.
    pub given_up: AtomicBool,
    /// Nothing more needs to be reported.
    pub over: AtomicBool,
}

/// A fingerprint of everything that could be reported.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Print {
    reported: Vec<Option<(SystemTime, u64)>>,
    head: Option<CommitId>,
}

/// Whether the latest message asks for an end.
pub fn is_stop(channel: &Channel, key: &str) -> bool {
    let read = || -> Result<bool, GitError> {
        channel.fetch(key, "mail")?;
        let mail = channel.look(key)?.mail;
        let stop = mail
            .map(|mail| read_record(&channel.git_dir, &mail, STOP))
            .transpose()?;
        Ok(stop.flatten().is_some())
    };
    read().unwrap_or(false)
}

struct Reporter {
    payload: Arc<Payload>,
    node: String,
    channel: Channel,
    runner: RunnerHold,
    heard: Arc<ReporterState>,
    mail: Option<CommitId>,
}

/// Starts the thread.
pub fn start(
    payload: Arc<Payload>,
    node: String,
    runner: RunnerHold,
    heard: Arc<ReporterState>,
) -> JoinHandle<()> {
    let git_dir = payload.site.workplace().git_dir();
    let reporter = Reporter {
        channel: payload.channel(git_dir),
        payload,
        node,
        runner,
        heard,
        mail: None,
    };
    thread::spawn(move || reporter.run())
}

impl Reporter {
    fn run(mut self) {
        let (mut told, mut told_log) = (None, None);
        let (mut at, mut looked) = (None::<Instant>, None::<Instant>);
        let mut pause = SPACING;
        let mail = if self.channel.is_folder() { MAIL } else { FAR_MAIL };
        while !self.heard.over.load(Ordering::SeqCst) {
            if looked.is_none_or(|looked| looked.elapsed() >= mail) {
                self.look();
                looked = Some(Instant::now());
            }
            let print = self.print();
            let log = modified(&self.payload.site.job().join("log"));
            let since = at.map_or(LONGEST, |at| at.elapsed());
            let due = told.as_ref() != Some(&print) || (told_log != log && since >= LOG) || since >= LONGEST;
            if due && since >= pause {
                let pushed = news(&self.payload, &self.node)
                    .and_then(|news| self.channel.write(&self.payload.key, "news", &news));
                at = Some(Instant::now());
                if pushed.is_ok() {
                    (told, told_log, pause) = (Some(print), log, SPACING);
                } else {
                    pause = (pause * 2).min(LONGEST);
                }
            }
            // The end of the attempt wakes it.
            thread::park_timeout(LOOK);
        }
    }

    /// Checks whether the attempt was given up, and fetches messages.
    fn look(&mut self) {
        let Ok(refs) = self.channel.look(&self.payload.key) else {
            return;
        };
        if refs.fate.is_some() {
            self.heard.given_up.store(true, Ordering::SeqCst);
            self.runner.stop(true);
        }
        let Some(mail) = refs.mail.filter(|mail| self.mail.as_ref() != Some(mail)) else {
            return;
        };
        let git_dir = &self.channel.git_dir;
        if self.channel.fetch(&self.payload.key, "mail").is_err() {
            return;
        }
        let file = |name: &str| read_record(git_dir, &mail, name).ok().flatten();
        put_reports(
            &self.payload.site.tree(),
            ["inbox.jsonl", "gates.json"]
                .into_iter()
                .filter_map(|name| Some((name, file(name)?))),
        );
        if let Some(stop) = file(STOP) {
            self.heard.stop.store(true, Ordering::SeqCst);
            self.runner.stop(stop.starts_with(b"now"));
        }
        self.mail = Some(mail);
    }

    fn print(&self) -> Print {
        let tree = self.payload.site.tree();
        let files = REPORTED
            .iter()
            .map(|name| modified(&tree.join(".orch").join(name)));
        Print {
            reported: files.collect(),
            head: head_of(&tree).ok(),
        }
    }
}

fn modified(path: &Path) -> Option<(SystemTime, u64)> {
    let found = PathBuf::from(path).symlink_metadata().ok()?;
    Some((found.modified().ok()?, found.len()))
}
