//! Reading data beside the drawing: one thread reads, one look at a time, and only when something is new.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use crate::journal::{Columns, JournalMark, JournalReader, OrchDir};
use crate::plan::PlanState;
use crate::report::detail;
use crate::supervisor::{InForce, Project};

use super::fleet::{LineCounts, OpenLog, harmless, look, signs_of_life};
use super::follow::Follower;
use super::model::{HappenedRow, Seen, TopEvent, TrainRow};
use super::perform::Programs;

/// How often to check whether the journal has grown.
const PAUSE: Duration = Duration::from_millis(200);
/// How often to read the train and the agents' signs of life.
const SECOND: Duration = Duration::from_secs(1);
/// How often to read everything even if the journal has not grown: people move branches and edit plans.
const SELDOM: Duration = Duration::from_secs(10);
/// The pause after a look, as a multiple of the look's duration.
const REST: u32 = 3;
/// The most journal entries to read first.
const LATEST: i64 = 20_000;

/// Data to read in addition to the fleet.
#[derive(Debug, Clone, Default)]
pub(super) struct TopWish {
    /// The plan of a log; true for the log of the attempt before the last.
    pub(super) log: Option<(String, bool)>,
    /// The train.
    pub(super) train: bool,
}

/// The reading thread.
pub(super) struct Looker {
    pub(super) dir: PathBuf,
    pub(super) manifest: Option<PathBuf>,
    pub(super) programs: Programs,
    pub(super) to: SyncSender<TopEvent>,
}

/// Data from earlier looks.
#[derive(Default)]
struct Known {
    orch: Option<OrchDir>,
    seen: Option<Seen>,
    at_work: Vec<OpenLog>,
    counted: LineCounts,
    news: Option<JournalMark>,
    told: i64,
    wish: TopWish,
    follower: Option<Follower>,
}

/// How often to read everything even if the journal has not grown: the text of a parked plan counts down.
fn pause(seen: Option<&Seen>) -> Duration {
    let is_parked = |seen: &Seen| seen.plans.iter().any(|row| row.state == PlanState::Parked);
    match seen.is_some_and(is_parked) {
        true => SECOND,
        false => SELDOM,
    }
}

/// The receiver is gone.
struct Gone;

impl Looker {
    /// Reads until the wishes' channel is closed.
    pub(super) fn run(&self, wishes: &Receiver<TopWish>) {
        let mut known = Known::default();
        let (mut looked, mut took, mut lived): (Option<Instant>, _, Instant) = (None, PAUSE, Instant::now());
        loop {
            let orch = known.orch.as_ref();
            let news = orch.and_then(|orch| JournalMark::now(orch).ok());
            let rested = looked.is_none_or(|at| at.elapsed() >= took * REST);
            let pause = pause(known.seen.as_ref());
            let seldom = looked.is_none_or(|at| at.elapsed() >= pause);
            let grown = news.is_some() && news != known.news;
            let mut done = Ok(());
            if rested && (grown || seldom) {
                let begun = Instant::now();
                done = self.fleet(&mut known).and_then(|()| self.happened(&mut known));
                known.news = news;
                took = begun.elapsed();
                (looked, lived) = (Some(Instant::now()), Instant::now());
                done = done.and_then(|()| self.train(&known));
            } else if lived.elapsed() >= SECOND {
                lived = Instant::now();
                done = self.life(&mut known).and_then(|()| self.train(&known));
            }
            let done = done.and_then(|()| self.log(&mut known));
            let Ok(more) = done else { return };
            match wishes.recv_timeout(if more { Duration::ZERO } else { PAUSE }) {
                Ok(wish) => {
                    known.wish = wishes.try_iter().last().unwrap_or(wish);
                    if self.train(&known).is_err() {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn tell(&self, event: TopEvent) -> Result<(), Gone> {
        self.to.send(event).map_err(|_| Gone)
    }

    fn fleet(&self, known: &mut Known) -> Result<(), Gone> {
        let looked = Project::in_force(&self.dir, self.manifest.as_deref()).and_then(|in_force: InForce| {
            known.orch = Some(in_force.project.dir.clone());
            look(&in_force, &mut known.counted)
        });
        match looked {
            Ok((seen, at_work)) => {
                known.at_work = at_work;
                known.seen = Some(seen.clone());
                self.tell(TopEvent::Seen(Box::new(seen)))
            }
            Err(error) => self.tell(TopEvent::Trouble(harmless(&error.to_string()))),
        }
    }

    fn life(&self, known: &mut Known) -> Result<(), Gone> {
        let Some(seen) = known.seen.as_mut().filter(|_| !known.at_work.is_empty()) else {
            return Ok(());
        };
        let before = seen.clone();
        signs_of_life(seen, &known.at_work);
        match *seen == before {
            true => Ok(()),
            false => self.tell(TopEvent::Seen(Box::new(seen.clone()))),
        }
    }

    fn happened(&self, known: &mut Known) -> Result<(), Gone> {
        let reader = known
            .orch
            .as_ref()
            .and_then(|orch| JournalReader::open(orch).ok().flatten());
        let Some(reader) = reader else { return Ok(()) };
        let from = known.told.max(reader.last().unwrap_or(0) - LATEST);
        let records = reader.after(from, None).unwrap_or_default();
        let Some(last) = records.last() else { return Ok(()) };
        known.told = last.seq;
        let currency = known.seen.as_ref().map(|seen| seen.currency).unwrap_or_default();
        let row = |record: &crate::journal::Record| HappenedRow {
            seq: record.seq,
            at: record.wall,
            plan: record.event.plan().map(ToString::to_string).unwrap_or_default(),
            event: Columns::of(&record.event).event,
            text: harmless(&detail(&record.event, currency)),
        };
        self.tell(TopEvent::Happened(records.iter().map(row).collect()))
    }

    /// Sends more of the shown log. True when more can be read at once.
    fn log(&self, known: &mut Known) -> Result<bool, Gone> {
        let (Some((plan, previous)), Some(orch)) = (&known.wish.log, &known.orch) else {
            known.follower = None;
            return Ok(false);
        };
        let row = known.seen.as_ref().and_then(|seen| seen.plan(plan));
        let attempts = row.map(|row| row.attempts.as_slice()).unwrap_or_default();
        let Some(attempt) = attempts.iter().rev().nth(usize::from(*previous)) else {
            return Ok(false);
        };
        if known
            .follower
            .as_ref()
            .is_none_or(|follower| !follower.is_of(plan, &attempt.id))
        {
            let folder = orch.attempts().join(&attempt.id);
            known.follower = Some(Follower::new(plan, &attempt.id, folder));
        }
        let Some(follower) = &mut known.follower else {
            return Ok(false);
        };
        let (piece, more) = follower.more();
        if let Some(piece) = piece {
            self.tell(TopEvent::Log(piece))?;
        }
        Ok(more)
    }

    /// Runs `orch train` while the train is shown.
    fn train(&self, known: &Known) -> Result<(), Gone> {
        if !known.wish.train {
            return Ok(());
        }
        self.tell(TopEvent::Train(self.programs.train().map(|entries| {
            let text = |entry: &serde_json::Value, key: &str| match &entry[key] {
                serde_json::Value::String(text) => harmless(text),
                serde_json::Value::Array(list) => {
                    let list: Vec<&str> = list.iter().filter_map(serde_json::Value::as_str).collect();
                    harmless(&list.join(", "))
                }
                _ => String::new(),
            };
            let row = |entry: &serde_json::Value| TrainRow {
                plan: text(entry, "plan"),
                place: entry["place"].as_u64().unwrap_or(0),
                state: text(entry, "state"),
                on: text(entry, "on"),
                elapsed_s: entry["elapsed_s"].as_u64(),
                remaining_s: entry["remaining_s"].as_u64(),
                why: text(entry, "why"),
            };
            entries.iter().map(row).collect()
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::top::sample::seen;

    #[test]
    fn a_fleet_with_a_parked_plan_is_read_each_second() {
        let mut fleet = seen();
        fleet.plans.retain(|row| row.state != PlanState::Parked);
        assert_eq!(pause(Some(&fleet)), SELDOM);
        fleet.plans[0].state = PlanState::Parked;
        assert_eq!(pause(Some(&fleet)), SECOND);
        assert_eq!(pause(None), SELDOM);
    }
}
