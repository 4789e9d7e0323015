//! New journal entries, read once for all viewers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::journal::{JournalError, JournalMark, JournalReader, OrchDir, Record};

/// How often the journal is checked while somebody listens.
const LOOK: Duration = Duration::from_millis(250);
/// How many entries are kept in memory. A viewer that is further behind reads the journal.
const AT_HAND: usize = 1024;
/// The most entries to read for one viewer at once.
const READ: usize = 512;

/// An entry as one line of JSON.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The number of the entry.
    pub seq: i64,
    /// The same text as `orch events --json` prints.
    pub json: Arc<str>,
}

impl Entry {
    fn of(record: &Record) -> Self {
        Self {
            seq: record.seq,
            json: record.to_json().to_string().into(),
        }
    }
}

/// The end of the journal, for all listeners.
#[derive(Debug)]
pub struct JournalNews {
    dir: OrchDir,
    mark: watch::Sender<JournalMark>,
    recent: Mutex<VecDeque<Entry>>,
    wanted: Notify,
}

impl JournalNews {
    /// News of a repository.
    pub fn new(dir: OrchDir) -> Self {
        Self {
            dir,
            mark: watch::Sender::new(JournalMark::default()),
            recent: Mutex::default(),
            wanted: Notify::new(),
        }
    }

    /// The current mark.
    pub async fn now(&self) -> JournalMark {
        let dir = self.dir.clone();
        let found = tokio::task::spawn_blocking(move || JournalMark::now(&dir)).await;
        // The answers themselves report an unreadable journal.
        found.ok().and_then(Result::ok).unwrap_or_default()
    }

    /// Receives every change of the mark.
    pub fn listen(&self) -> watch::Receiver<JournalMark> {
        let listener = self.mark.subscribe();
        self.wanted.notify_one();
        listener
    }

    /// Polls the journal while somebody listens. Never ends.
    pub async fn watch(&self) {
        loop {
            if self.mark.receiver_count() == 0 {
                self.wanted.notified().await;
            }
            let mark = self.now().await;
            let before = *self.mark.borrow();
            if mark != before {
                self.gather(before.seq, mark.seq).await;
                self.mark.send_replace(mark);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Loads new entries into memory.
    async fn gather(&self, before: i64, now: i64) {
        let few = now - before <= AT_HAND as i64 && before > 0;
        let new = if few { self.read(before).await } else { Vec::new() };
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let follows = |recent: &VecDeque<Entry>| match (recent.back(), new.first()) {
            (Some(last), Some(first)) => last.seq + 1 == first.seq,
            (None, _) => true,
            (Some(_), None) => now == before,
        };
        if !follows(&recent) {
            recent.clear();
        }
        recent.extend(new);
        while recent.len() > AT_HAND {
            recent.pop_front();
        }
    }

    /// Entries after `seq`, in order: at least one if there are any, and all of them over several
    /// calls.
    pub async fn after(&self, seq: i64) -> Vec<Entry> {
        let at_hand = {
            let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            let first = recent.front().map(|first| first.seq);
            first.filter(|first| *first <= seq + 1).map(|first| {
                let skip = usize::try_from(seq + 1 - first).unwrap_or_default();
                recent.iter().skip(skip).take(READ).cloned().collect::<Vec<_>>()
            })
        };
        match at_hand {
            Some(entries) if !entries.is_empty() => entries,
            Some(_) | None => self.read(seq).await,
        }
    }

    async fn read(&self, seq: i64) -> Vec<Entry> {
        let dir = self.dir.clone();
        let read = move || -> Result<Vec<Entry>, JournalError> {
            let Some(reader) = JournalReader::open(&dir)? else {
                return Ok(Vec::new());
            };
            let records = reader.after(seq, None)?;
            Ok(records.iter().take(READ.max(AT_HAND)).map(Entry::of).collect())
        };
        let found = tokio::task::spawn_blocking(read).await;
        found.ok().and_then(Result::ok).unwrap_or_default()
    }
}
