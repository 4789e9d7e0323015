//! The threads that watch attempts elsewhere: one for each executor and hub.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use crate::agent::AwayStop;
use crate::executor::{Driver, Listed, ListedState};
use crate::git::hub::{Channel, HubRefs, read_record};
use crate::plan::{AttemptId, Executor};
use crate::supervisor::desk::message::EngineMessage;

use super::charge::Charge;
use super::fate::Watched;
use super::take_in::take_news;

/// Longest pause between two looks at the hub, and at the engine.
const FETCH: Duration = Duration::from_secs(1);
const LIST: Duration = Duration::from_secs(3);
/// Longest pause after an engine that did not answer.
const LONGEST: Duration = Duration::from_secs(180);

/// What a clerk is told.
pub(super) enum ClerkOrder {
    Attend(Box<Charge>),
    Stop(AttemptId, bool),
}

/// One of them.
pub(super) struct Clerk {
    pub(super) executor: Executor,
    pub(super) driver: Driver,
    pub(super) channel: Channel,
    pub(super) sender: UnboundedSender<EngineMessage>,
    began: Instant,
    charges: Vec<Charge>,
    next_fetch: Duration,
    next_list: Duration,
    /// Between two looks at hub and engine; longer after one that did not answer.
    pauses: (Duration, Duration),
    /// Whether it was told that hub, or engine, do not answer.
    told: (bool, bool),
}

impl Clerk {
    /// The clerk of an executor.
    pub(super) fn new(executor: Executor, channel: Channel, sender: UnboundedSender<EngineMessage>) -> Self {
        Self {
            driver: Driver::of(&executor),
            executor,
            channel,
            sender,
            began: Instant::now(),
            charges: Vec::new(),
            next_fetch: Duration::ZERO,
            next_list: Duration::ZERO,
            pauses: (FETCH, LIST),
            told: (false, false),
        }
    }

    /// Watches until nobody orders any more.
    pub(super) fn run(mut self, orders: &Receiver<ClerkOrder>) {
        self.pauses = (self.fetch_pause(), self.list_pause());
        loop {
            let order = match self.charges.is_empty() {
                true => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => orders.recv_timeout(self.due().saturating_sub(self.now())),
            };
            match order {
                Ok(order) => self.take(order),
                Err(RecvTimeoutError::Timeout) => {}
                // The supervisor has ended. Jobs go on, and the next one takes over.
                Err(RecvTimeoutError::Disconnected) => return,
            }
            while let Ok(order) = orders.try_recv() {
                self.take(order);
            }
            self.look();
        }
    }

    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn due(&self) -> Duration {
        self.next_fetch.min(self.next_list)
    }

    fn fetch_pause(&self) -> Duration {
        FETCH
            .min(self.executor.settle / 4)
            .max(Duration::from_millis(100))
    }

    fn list_pause(&self) -> Duration {
        LIST.min(self.executor.settle / 4).max(Duration::from_millis(100))
    }

    fn take(&mut self, order: ClerkOrder) {
        let now = self.now();
        match order {
            ClerkOrder::Attend(mut charge) => {
                let known = (charge.away.submitting, charge.away.job.is_some());
                let grace = charge.folder.job().map(|job| job.grace).unwrap_or_default();
                charge.watched = Watched::new(now, self.executor.settle, grace, known);
                if let Some(stop) = charge.away.stop {
                    charge.watched.stop(now, stop.now);
                }
                self.charges.push(*charge);
                (self.next_fetch, self.next_list) = (now, now);
            }
            ClerkOrder::Stop(attempt, at_once) => {
                let Some(charge) = self
                    .charges
                    .iter_mut()
                    .find(|charge| charge.away.attempt == attempt)
                else {
                    return;
                };
                charge.watched.stop(now, at_once);
                let before = charge.away.stop;
                charge.away.stop = Some(AwayStop {
                    now: at_once || before.is_some_and(|before| before.now),
                    since: before.map_or_else(Timestamp::now, |before| before.since),
                });
                // The wish of a person outlives this process; where it cannot be written, the person asks again.
                let _ = charge.folder.note_away(&charge.away);
                self.next_fetch = now;
            }
        }
    }

    /// One question to the hub and one to the engine, then a step of each attempt.
    fn look(&mut self) {
        let fetched = match self.now() >= self.next_fetch {
            true => self.fetch(),
            false => None,
        };
        let listed = match self.now() >= self.next_list {
            true => self.list(),
            false => None,
        };
        if let Some(fetched) = &fetched {
            self.tidy(fetched);
        }
        for at in (0..self.charges.len()).rev() {
            let mut charge = self.charges.swap_remove(at);
            if let Some(fetched) = &fetched {
                let refs = fetched.get(&charge.away.key()).cloned().unwrap_or_default();
                self.take_refs(&mut charge, &refs);
                if refs.fate.is_some_and(|fate| self.finish(&mut charge, &fate)) {
                    continue;
                }
            }
            if let Some(listed) = &listed {
                self.take_listed(&mut charge, listed);
            }
            if !self.step(&mut charge) {
                self.charges.push(charge);
            }
        }
    }

    /// Removes what a supervisor left on the hub that ended before it could.
    fn tidy(&self, fetched: &BTreeMap<String, HubRefs>) {
        let own = |key: &String| self.charges.iter().any(|charge| charge.away.key() == *key);
        let rest = |refs: &HubRefs| refs.from.is_some() || refs.news.is_some() || refs.mail.is_some();
        let over = fetched
            .iter()
            .filter(|(_, refs)| refs.fate.is_some() && rest(refs));
        for (key, _) in over.filter(|(key, _)| !own(key)) {
            let _ = self.channel.tidy(key).and_then(|()| self.channel.tidy_here(key));
        }
    }

    fn fetch(&mut self) -> Option<BTreeMap<String, HubRefs>> {
        let fetched = self.channel.fetch_all().and_then(|()| self.channel.fetched());
        let (pause, usual) = (self.pauses.0, self.fetch_pause());
        self.pauses.0 = match &fetched {
            Ok(_) => usual,
            Err(_) => (pause * 2).min(LONGEST / 4),
        };
        self.next_fetch = self.now() + self.pauses.0;
        match fetched {
            Ok(fetched) => {
                self.told.0 = false;
                Some(fetched)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.told.0, true) {
                    let name = &self.executor.name;
                    self.warn(
                        None,
                        format!("the hub of executor {name} does not answer; it is asked again: {error}"),
                    );
                }
                None
            }
        }
    }

    fn list(&mut self) -> Option<Vec<Listed>> {
        let listed = self.driver.list();
        self.pauses.1 = match &listed {
            Ok(_) => self.list_pause(),
            Err(_) => (self.pauses.1 * 2).max(self.list_pause() * 5).min(LONGEST),
        };
        self.next_list = self.now() + self.pauses.1;
        match listed {
            Ok(listed) => {
                self.told.1 = false;
                Some(listed)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.told.1, true) {
                    let name = &self.executor.name;
                    let why = error.0;
                    self.warn(
                        None,
                        format!("the engine of executor {name} does not answer; it is asked again: {why}"),
                    );
                }
                None
            }
        }
    }

    /// Takes in what the hub has of an attempt.
    fn take_refs(&self, charge: &mut Charge, refs: &HubRefs) {
        charge.watched.fetched(refs.claim.is_some(), refs.fate.is_some());
        if let Some(claim) = refs.claim.as_ref().filter(|_| charge.away.node.is_none()) {
            let text = read_record(&self.channel.git_dir, claim, "claim.json")
                .ok()
                .flatten();
            let claim = text.and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
            let node = claim.and_then(|claim| Some(claim.get("node")?.as_str()?.to_owned()));
            if node.is_some() {
                (charge.away.node, charge.away.waits) = (node, None);
                let _ = charge.folder.note_away(&charge.away);
            }
        }
        let Some(news) = refs
            .news
            .as_ref()
            .filter(|news| charge.news.as_ref() != Some(news))
        else {
            return;
        };
        let taken = take_news(charge, news);
        self.tell(charge, taken);
    }

    fn take_listed(&self, charge: &mut Charge, listed: &[Listed]) {
        let key = charge.away.key();
        let mut own = listed.iter().filter(|job| job.token == key);
        // Of two jobs the one that still lives counts.
        let alive = |job: &&Listed| !matches!(job.state, ListedState::Over(_));
        let job = own.clone().find(alive).or_else(|| own.next());
        charge.watched.listed(self.now(), job.map(|job| &job.state));
        let Some(job) = job else { return };
        let waits = match &job.state {
            ListedState::Waiting(why) => Some(why.clone()),
            ListedState::Running(_) | ListedState::Over(_) => None,
        };
        let away = &mut charge.away;
        if away.job.as_ref() != Some(&job.job) || away.waits != waits {
            (away.job, away.waits) = (Some(job.job.clone()), waits);
            let _ = charge.folder.note_away(&charge.away);
        }
    }
}
