//! The threads that watch attempts on other machines: one for each executor and hub.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use crate::agent::AwayStop;
use crate::executor::{Driver, Listed, ListedState};
use crate::git::GitError;
use crate::git::hub::{Channel, HubRefs, read_record};
use crate::plan::{AttemptId, CommitId, Executor};
use crate::supervisor::desk::message::EngineMessage;

use super::away_attempt::AwayAttempt;
use super::fate::Watched;
use super::pace::SubmitPace;
use super::poll::Poll;
use super::take_in::take_news;

/// The longest pause between two polls of the hub.
const FETCH: Duration = Duration::from_secs(1);
/// The same for a hub that is a folder here: looking whether it has anything new costs next to nothing.
const PEEK: Duration = Duration::from_millis(250);
/// The pause after news, for each attempt that is away up to so many: so that one fetch brings the news of many.
const NEWS: Duration = Duration::from_millis(30);
const MANY: u32 = 50;
/// The longest pause between two polls of the engine, while its answers decide something and otherwise.
const LIST: Duration = Duration::from_secs(3);
const CALM: Duration = Duration::from_secs(15);
/// The shortest pause, however soon attempts are given up.
const SHORTEST: Duration = Duration::from_millis(100);
/// The longest pause after an engine that did not answer.
const LONGEST: Duration = Duration::from_secs(180);

/// A pause of an executor, shorter when attempts are given up soon.
fn pause(executor: &Executor, longest: Duration) -> Duration {
    longest.min(executor.settle / 4).max(SHORTEST)
}

/// An order to a monitor.
pub(super) enum MonitorOrder {
    Attend(Box<AwayAttempt>),
    Stop(AttemptId, bool),
}

/// Watches the attempts of one executor.
pub(super) struct ExecutorMonitor {
    pub(super) executor: Executor,
    pub(super) driver: Driver,
    pub(super) channel: Channel,
    pub(super) sender: UnboundedSender<EngineMessage>,
    began: Instant,
    remotes: Vec<AwayAttempt>,
    hub: Poll,
    /// What the hub had at the last fetch, and the refs that were then here.
    sight: Option<Vec<(String, CommitId)>>,
    fetched: Arc<BTreeMap<String, HubRefs>>,
    engine: Poll,
    pub(super) pace: SubmitPace,
}

impl ExecutorMonitor {
    /// The monitor of an executor.
    pub(super) fn new(executor: Executor, channel: Channel, sender: UnboundedSender<EngineMessage>) -> Self {
        let (fetch, list) = (pause(&executor, FETCH), pause(&executor, LIST));
        Self {
            driver: Driver::of(&executor),
            hub: Poll::new(fetch, (fetch, LONGEST / 4)),
            sight: None,
            fetched: Arc::default(),
            engine: Poll::new(list, (list * 5, LONGEST)),
            pace: SubmitPace::new(executor.submit_rate),
            executor,
            channel,
            sender,
            began: Instant::now(),
            remotes: Vec::new(),
        }
    }

    /// Watches until the orders' channel is closed.
    pub(super) fn run(mut self, orders: &Receiver<MonitorOrder>) {
        loop {
            let order = match self.remotes.is_empty() {
                true => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => orders.recv_timeout(self.due().saturating_sub(self.now())),
            };
            match order {
                Ok(order) => self.take(order),
                Err(RecvTimeoutError::Timeout) => {}
                // The supervisor has ended. The jobs continue, and the next supervisor takes over.
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
        self.hub.next.min(self.engine.next)
    }

    fn take(&mut self, order: MonitorOrder) {
        let now = self.now();
        match order {
            MonitorOrder::Attend(mut remote) => {
                let known = (remote.away.submitting, remote.away.job.is_some());
                let grace = remote.folder.job().map(|job| job.grace).unwrap_or_default();
                remote.watched = Watched::new(now, self.executor.settle, grace, known);
                if let Some(stop) = remote.away.stop {
                    remote.watched.stop(now, stop.now);
                }
                remote.heard = now;
                self.tell_job(&remote);
                self.tell_node(&remote);
                self.remotes.push(*remote);
                (self.hub.next, self.engine.next) = (now, now);
            }
            MonitorOrder::Stop(attempt, at_once) => {
                let Some(remote) = self
                    .remotes
                    .iter_mut()
                    .find(|remote| remote.away.attempt == attempt)
                else {
                    return;
                };
                remote.watched.stop(now, at_once);
                let before = remote.away.stop;
                remote.away.stop = Some(AwayStop {
                    now: at_once || before.is_some_and(|before| before.now),
                    since: before.map_or_else(Timestamp::now, |before| before.since),
                });
                // The request is written down so that it outlives this process. If that fails, the person has to
                // ask again.
                let _ = remote.folder.note_away(&remote.away);
                (self.hub.next, self.engine.next) = (now, now);
            }
        }
    }

    /// Asks the hub and the engine once each, then takes one step for each attempt.
    fn look(&mut self) {
        let fetched = match self.now() >= self.hub.next {
            true => self.fetch(),
            false => None,
        };
        let listed = match self.now() >= self.engine.next {
            true => self.list(),
            false => None,
        };
        if let Some(fetched) = &fetched {
            self.tidy(fetched);
        }
        for at in (0..self.remotes.len()).rev() {
            let mut remote = self.remotes.swap_remove(at);
            if let Some(fetched) = &fetched {
                let refs = fetched.get(&remote.away.key()).cloned().unwrap_or_default();
                self.take_refs(&mut remote, &refs);
                self.watch_silence(&mut remote);
                if refs.fate.is_some_and(|fate| self.finish(&mut remote, &fate)) {
                    continue;
                }
            }
            if let Some(listed) = &listed
                && self.driver.answers_for(remote.away.job.as_deref())
            {
                self.take_listed(&mut remote, listed);
            }
            if !self.step(&mut remote) {
                self.remotes.push(remote);
            }
        }
        let calm = |remote: &AwayAttempt| !remote.watched.needs_engine();
        if listed.is_some() && self.remotes.iter().all(calm) {
            self.engine.rest(self.now(), pause(&self.executor, CALM));
        }
    }

    /// Removes what a supervisor that ended too early left on the hub.
    fn tidy(&self, fetched: &BTreeMap<String, HubRefs>) {
        let own = |key: &String| self.remotes.iter().any(|remote| remote.away.key() == *key);
        let rest = |refs: &HubRefs| refs.from.is_some() || refs.news.is_some() || refs.mail.is_some();
        let over = fetched
            .iter()
            .filter(|(_, refs)| refs.fate.is_some() && rest(refs));
        for (key, _) in over.filter(|(key, _)| !own(key)) {
            let _ = self.channel.tidy(key).and_then(|()| self.channel.tidy_here(key));
        }
    }

    fn fetch(&mut self) -> Option<Arc<BTreeMap<String, HubRefs>>> {
        // Looked at before the fetch: what comes meanwhile is found by the next look.
        let sight = self.channel.peek();
        let is_known = sight.is_some() && sight == self.sight;
        self.sight = None;
        let fetched = match is_known {
            true => Ok(self.fetched.clone()),
            false => {
                let fetched = self.channel.fetch_all().or_else(|error| self.mark(error));
                fetched.and_then(|()| self.channel.fetched()).map(Arc::new)
            }
        };
        let mut why = None;
        let fetched = self.hub.take(self.now(), fetched, |error| why = Some(error));
        self.silent("hub", why);
        let fetched = fetched?;
        self.sight = sight;
        let usual = if self.sight.is_some() { PEEK } else { FETCH };
        let many = u32::try_from(self.remotes.len()).map_or(MANY, |many| many.min(MANY));
        let longest = match self.fetched == fetched {
            true => usual,
            false => (NEWS * many).max(usual),
        };
        self.hub.rest(self.now(), pause(&self.executor, longest));
        self.fetched = fetched;
        Some(self.fetched.clone())
    }

    /// Gives a hub that is new, or has lost its refs, what it lacks. For any other hub, the error stays.
    fn mark(&self, error: GitError) -> Result<(), GitError> {
        if self.channel.is_marked().unwrap_or(true) {
            return Err(error);
        }
        let keys: Vec<String> = self.remotes.iter().map(|remote| remote.away.key()).collect();
        let back = self.channel.put_back(&keys)?;
        if back > 0 {
            let name = &self.executor.name;
            self.warn(
                None,
                format!("the hub of executor {name} had lost its refs: {back} were put back"),
            );
        }
        self.channel.fetch_all()
    }

    fn list(&mut self) -> Option<Vec<Listed>> {
        let listed = self.driver.list();
        let mut why = None;
        let listed = self.engine.take(self.now(), listed, |error| why = Some(error.0));
        self.silent("engine", why);
        listed
    }

    fn silent(&self, who: &str, why: Option<impl Display>) {
        let name = &self.executor.name;
        if let Some(why) = why {
            self.warn(
                None,
                format!("the {who} of executor {name} does not answer; it is asked again: {why}"),
            );
        }
    }

    /// Imports what the hub has of an attempt.
    fn take_refs(&self, remote: &mut AwayAttempt, refs: &HubRefs) {
        remote.watched.fetched(refs.claim.is_some(), refs.fate.is_some());
        if let Some(claim) = refs.claim.as_ref().filter(|_| remote.away.node.is_none()) {
            let text = read_record(&self.channel.git_dir, claim, "claim.json")
                .ok()
                .flatten();
            let claim = text.and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
            let node = claim.and_then(|claim| Some(claim.get("node")?.as_str()?.to_owned()));
            if node.is_some() {
                (remote.away.node, remote.away.waits) = (node, None);
                let _ = remote.folder.note_away(&remote.away);
                self.hear(remote);
                self.tell_node(remote);
            }
        }
        let Some(news) = refs
            .news
            .as_ref()
            .filter(|news| remote.news.as_ref() != Some(news))
        else {
            return;
        };
        self.hear(remote);
        let node = remote.away.node.clone();
        let taken = take_news(remote, news);
        self.tell(remote, taken);
        if remote.away.node != node {
            self.tell_node(remote);
        }
    }

    fn take_listed(&self, remote: &mut AwayAttempt, listed: &[Listed]) {
        let key = remote.away.key();
        let mut own = listed.iter().filter(|job| job.token == key);
        // Of two jobs, the one that is still alive counts.
        let alive = |job: &&Listed| !matches!(job.state, ListedState::Over(_));
        let job = own.clone().find(alive).or_else(|| own.next());
        remote.watched.listed(self.now(), job.map(|job| &job.state));
        let Some(job) = job else { return };
        if let ListedState::Over(word) = &job.state {
            remote.over = Some(word.clone());
        }
        let waits = match &job.state {
            ListedState::Waiting(why) => Some(why.clone()),
            ListedState::Running(_) | ListedState::Over(_) => None,
        };
        let away = &mut remote.away;
        if away.job.as_ref() != Some(&job.job) || away.waits != waits {
            let is_new = away.job.as_ref() != Some(&job.job);
            (away.job, away.waits) = (Some(job.job.clone()), waits);
            let _ = remote.folder.note_away(&remote.away);
            if is_new {
                self.tell_job(remote);
            }
        }
    }
}
