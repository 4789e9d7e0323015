//! Recording a command's output: the output goes into the log, and the facts read from it are written beside the log.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::plan::EventFormat;
use crate::schedule::{Exit, Facts};

use crate::agent::jobs::error::AgentError;
use crate::agent::jobs::folder::JobFolder;
use crate::agent::jobs::job::Job;
use crate::agent::logs::log::{LOG_LIMIT, Log};
use crate::agent::reader::OutputReader;
use crate::agent::running::rollout::Rollout;

/// How far the written facts may lag behind the known ones.
const LAG: Duration = Duration::from_secs(1);

/// How often a permanent obstacle must be seen before it counts: a program retries an expired login once with a new one.
const SURE: u32 = 2;

/// The output of one command.
#[derive(Debug)]
pub(in crate::agent) struct Recorder<'a> {
    log: Log,
    reader: OutputReader,
    /// The tokens that the program counts outside of its output.
    rollout: Option<Rollout>,
    folder: &'a JobFolder,
    written: Facts,
    written_at: Option<Instant>,
    patience: Option<Duration>,
    /// When the current obstacle appeared.
    blocked: Option<Instant>,
}

impl<'a> Recorder<'a> {
    pub(in crate::agent) fn open(folder: &'a JobFolder, job: &Job) -> Result<Self, AgentError> {
        Ok(Self {
            log: Log::open(&folder.log(), LOG_LIMIT).map_err(AgentError::file("open", folder.log()))?,
            reader: OutputReader::new(job.reading.clone()),
            rollout: match job.reading.format {
                EventFormat::Codex => Rollout::of(&job.env),
                EventFormat::None
                | EventFormat::Claude
                | EventFormat::Opencode
                | EventFormat::Gemini
                | EventFormat::Aider
                | EventFormat::Acp => None,
            },
            folder,
            written: Facts::default(),
            written_at: None,
            patience: job.patience,
            blocked: None,
        })
    }

    /// Records output. A full disk must not stop the command: output that cannot be logged is dropped.
    pub(in crate::agent) fn take(&mut self, bytes: &[u8]) {
        let now = Timestamp::now();
        let _ = self.log.append(bytes, now);
        self.reader.feed(bytes, now);
        self.count();
        self.blocked = match self.reader.sightings() {
            0 => None,
            _ => self.blocked.or_else(|| Some(Instant::now())),
        };
        self.write();
    }

    /// Bytes of output so far.
    pub(in crate::agent) fn total(&self) -> u64 {
        self.log.total()
    }

    /// When work is due even if nothing is printed.
    pub(in crate::agent) fn due(&self) -> Option<Instant> {
        let blocked = self.blocked.and_then(|since| since.checked_add(self.patience?));
        let lag = self.written_at.filter(|_| self.is_behind()).map(|at| at + LAG);
        [blocked, lag].into_iter().flatten().min()
    }

    /// Writes the known facts when they are due.
    pub(in crate::agent) fn catch_up(&mut self) {
        self.write();
    }

    /// True when the command should be ended: waiting will not remove the obstacle.
    pub(in crate::agent) fn is_blocked(&self) -> bool {
        let (Some(patience), Some(since)) = (self.patience, self.blocked) else {
            return false;
        };
        let Some(obstacle) = self.reader.facts().obstacle else {
            return false;
        };
        let far = obstacle.until.is_some_and(|until| {
            let ahead = until.saturating_sub(Timestamp::now().as_second());
            u64::try_from(ahead).is_ok_and(|ahead| ahead > patience.as_secs())
        });
        let sure = !obstacle.kind.passes() && self.reader.sightings() >= SURE;
        far || sure || since.elapsed() >= patience
    }

    /// Writes the final facts, once all output was recorded.
    pub(in crate::agent) fn finish(mut self, exit: &Exit) {
        self.count();
        let reader = std::mem::replace(&mut self.reader, OutputReader::new(Default::default()));
        let facts = reader.finish(exit, Timestamp::now());
        if facts != self.written {
            let _ = self.folder.write("facts.json", &facts);
        }
    }

    fn count(&mut self) {
        let total = self
            .rollout
            .as_mut()
            .zip(self.reader.session())
            .and_then(|(rollout, thread)| rollout.total(thread));
        if let Some(total) = total {
            self.reader.count(total);
        }
    }

    fn is_behind(&self) -> bool {
        self.reader.facts() != self.written
    }

    fn write(&mut self) {
        let recent = self.written_at.is_some_and(|at| at.elapsed() < LAG);
        if !recent && self.is_behind() {
            let facts = self.reader.facts();
            let _ = self.folder.write("facts.json", &facts);
            self.written = facts;
            self.written_at = Some(Instant::now());
        }
    }
}
