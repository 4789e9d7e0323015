//! The loop: select what happened, let the scheduler decide, write it down, perform it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, mpsc};

use crate::agent::{JobState, ProcessId, Runner};
use crate::git::WorktreeAdmin;
use crate::journal::{Journal, Record, RepositoryLock, Sync};
use crate::plan::{AttemptId, CommitId, PlanName, RunId};
use crate::schedule::{At, Effect, Ending, Event, Exit, Input, Launch, Phase, Scheduler, Work};
use crate::status::{self, Watcher};

use super::clock::Clock;
use super::control::{self, Call};
use super::escapes::Escapes;
use super::merge_request::MergeRequest;
use super::message::Message;
use super::{
    Answer, Campaign, MergeReport, Observer, Request, SupervisorError, perform, preflight, recovery,
};

/// What a supervisor is started for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// Drive plans until all have settled.
    Up {
        /// Which; empty for all.
        only: Vec<PlanName>,
        /// Land every plan when it is finished, whatever the manifest says.
        merge: bool,
    },
    /// Land what is finished, and start nothing.
    Merge {
        /// Which; empty for all that are finished.
        plans: Vec<PlanName>,
        /// Another target.
        into: Option<String>,
    },
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conclusion {
    /// Why it ended.
    pub ending: Ending,
    /// The report of the merge errand.
    pub merged: Option<MergeReport>,
}

/// Drives the repository until nothing is left to do without a person. Only one process does so at a time.
///
/// # Errors
///
/// When another process drives it, or when something fails that no plan can be blamed for: then agents go on by
/// themselves, and the next call takes them over.
pub fn drive(
    campaign: Campaign,
    errand: &Errand,
    observer: &mut dyn Observer,
) -> Result<Conclusion, SupervisorError> {
    let doing = match errand {
        Errand::Up { only, .. } => {
            preflight::check_agents(&campaign, only)?;
            "up"
        }
        Errand::Merge { .. } => "merge",
    };
    let lock = RepositoryLock::take(&campaign.dir, doing)?.map_err(SupervisorError::Held)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(SupervisorError::system("start the event loop"))?;
    let result = runtime.block_on(async {
        let mut engine = Engine::start(campaign, errand, observer)?;
        engine.run().await
    });
    // Whatever still blocks, such as a verification of a run that was interrupted, must not hold up the end.
    runtime.shutdown_background();
    drop(lock);
    result
}

struct Engine<'o> {
    campaign: Arc<Campaign>,
    admin: Arc<WorktreeAdmin>,
    scheduler: Scheduler,
    journal: Journal,
    clock: Clock,
    run: RunId,
    observer: &'o mut dyn Observer,
    sender: mpsc::UnboundedSender<Message>,
    inbox: mpsc::UnboundedReceiver<Message>,
    watcher: Watcher,
    runners: BTreeMap<AttemptId, ProcessId>,
    requests: Vec<MergeRequest>,
    report: Option<MergeReport>,
    wake: Option<At>,
    ending: Option<Ending>,
    interrupts: u32,
    escapes: Escapes,
    said: BTreeMap<PlanName, Vec<String>>,
    checkouts: Arc<Semaphore>,
}

impl<'o> Engine<'o> {
    fn start(
        campaign: Campaign,
        errand: &Errand,
        observer: &'o mut dyn Observer,
    ) -> Result<Self, SupervisorError> {
        let auto_merge = matches!(errand, Errand::Up { merge: true, .. });
        let mut scheduler = Scheduler::new(Work::new(&campaign.set, auto_merge));
        let journal = Journal::open(&campaign.dir, Timestamp::now())?;
        let records = journal.read_all()?;
        scheduler.replay(records.iter().map(|record| (record.at, &record.event)));
        let clock = Clock::start(journal.epoch(), scheduler.state().now);
        perform::resume_landing(&campaign)?;

        let (sender, inbox) = mpsc::unbounded_channel();
        let hints = sender.clone();
        let watcher = Watcher::new(move |plan| {
            let _ = hints.send(Message::StatusHint(plan));
        });
        let (calls, mut called) = mpsc::unbounded_channel::<Call>();
        control::listen(&campaign.dir, calls)?;
        let forward = sender.clone();
        tokio::spawn(async move {
            while let Some(call) = called.recv().await {
                let _ = forward.send(Message::Call(call));
            }
        });
        for kind in [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ] {
            let mut stream = signal(kind).map_err(SupervisorError::system("listen for signals"))?;
            let sender = sender.clone();
            tokio::spawn(async move {
                while stream.recv().await.is_some() {
                    let _ = sender.send(Message::Interrupt);
                }
            });
        }

        let escapes = Escapes::new(&campaign);
        let admin = Arc::new(WorktreeAdmin::new(&campaign.repo));
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let run = match errand {
            Errand::Up { .. } => next_run(&scheduler),
            Errand::Merge { .. } => scheduler.state().run.as_ref().map_or(RunId(1), |run| run.id),
        };
        let mut engine = Self {
            campaign: Arc::new(campaign),
            admin,
            scheduler,
            journal,
            clock,
            run,
            observer,
            sender,
            inbox,
            watcher,
            runners: BTreeMap::new(),
            requests: Vec::new(),
            report: None,
            wake: None,
            ending: None,
            interrupts: 0,
            escapes,
            said: BTreeMap::new(),
            checkouts: Arc::new(Semaphore::new(cores)),
        };
        engine.begin(errand)?;
        Ok(engine)
    }

    /// Brings the state up to the present, then lets the scheduler decide for the first time.
    fn begin(&mut self, errand: &Errand) -> Result<(), SupervisorError> {
        let (only, merge_only) = match errand {
            Errand::Up { only, .. } => (only.clone(), false),
            Errand::Merge { .. } => (Vec::new(), true),
        };
        let state = self.scheduler.state();
        let same_run = state.run.as_ref().filter(|run| run.id == self.run);
        let base = same_run.map_or_else(|| self.campaign.base.clone(), |run| run.base.clone());
        let started = Event::RunStarted {
            run: self.run,
            base,
            target: self.campaign.target.clone(),
            only,
            merge_only,
        };
        let mut missed = vec![started];
        if !merge_only {
            for found in recovery::look_around(&self.campaign.dir, self.scheduler.state())? {
                self.read_status_now(&found.plan)?;
                missed.extend(found.missed);
                if let Some(runner) = found.runner {
                    self.attend(found.plan, found.attempt, runner);
                }
            }
        }
        if !merge_only {
            self.campaign.note_manifest()?;
        }
        let now = self.clock.now();
        for event in &missed {
            self.scheduler.take(now, event);
        }
        let records = self.journal.append(now, self.run, &missed, Sync::Disk)?;
        self.announce(&records);
        if !merge_only {
            self.watch_all();
        }
        match errand {
            Errand::Up { .. } => self.handle(vec![Input::Wake]),
            Errand::Merge { plans, into } => self.request_merge(plans.clone(), into.clone(), None),
        }
    }

    async fn run(&mut self) -> Result<Conclusion, SupervisorError> {
        loop {
            if let Some(ending) = self.ending {
                self.last_look()?;
                self.observer.ended(&self.scheduler);
                return Ok(Conclusion {
                    ending,
                    merged: self.report.take(),
                });
            }
            let message = match self.wake {
                None => self.inbox.recv().await,
                Some(due) => tokio::select! {
                    message = self.inbox.recv() => message,
                    () = tokio::time::sleep(self.clock.until(due)) => {
                        self.wake = None;
                        Some(Message::Input(Input::Wake))
                    }
                },
            };
            // The sender lives in this struct, so the channel cannot close.
            let mut messages: Vec<Message> = message.into_iter().collect();
            while let Ok(more) = self.inbox.try_recv() {
                messages.push(more);
            }
            let mut inputs = Vec::new();
            for message in messages {
                self.translate(message, &mut inputs)?;
            }
            if !inputs.is_empty() {
                self.handle(inputs)?;
            }
        }
    }

    /// From what happened to what the scheduler is told.
    fn translate(&mut self, message: Message, inputs: &mut Vec<Input>) -> Result<(), SupervisorError> {
        match message {
            Message::Input(input) => inputs.push(input),
            Message::Started(attempt, process) => {
                self.runners.insert(attempt, process);
            }
            Message::StatusHint(plan) => self.read_status_later(plan),
            Message::StatusRead(plan, reading) => self.take_reading(plan, reading, inputs),
            Message::RunnerGone(plan, attempt, state) => {
                self.runners.remove(&attempt);
                let exit = match state {
                    Ok(JobState::Ended(record)) => record.exit,
                    Ok(JobState::Lost(_) | JobState::Unstarted | JobState::Running(_)) => Exit::Lost,
                    Err(error) => {
                        self.warn(
                            inputs,
                            Some(plan.clone()),
                            format!("the end of {attempt} cannot be read: {error}"),
                        );
                        Exit::Lost
                    }
                };
                let at_work = self.at_work();
                if let Some(text) = self.escapes.look(&self.campaign, &at_work, true) {
                    self.warn(inputs, None, text);
                }
                inputs.push(Input::Event(Event::AgentEnded { plan, attempt, exit }));
            }
            Message::Call(call) => self.answer(call, inputs)?,
            Message::Interrupt => {
                self.interrupts += 1;
                let now = self.interrupts > 1;
                inputs.push(Input::Event(Event::RunStopping { now }));
            }
            Message::Warning(plan, why) => self.warn(inputs, plan, why),
        }
        Ok(())
    }

    fn warn(&self, inputs: &mut Vec<Input>, plan: Option<PlanName>, why: String) {
        inputs.push(Input::Event(Event::Warning { plan, why }));
    }

    fn answer(&mut self, call: Call, inputs: &mut Vec<Input>) -> Result<(), SupervisorError> {
        match call.request {
            Request::Down { now } => {
                inputs.push(Input::Event(Event::RunStopping { now }));
                let _ = call.reply.send(Answer::Accepted);
            }
            Request::Merge { plans, into } => {
                // What came before the request is taken in first, so that it counts.
                self.handle(std::mem::take(inputs))?;
                self.request_merge(plans, into, Some(call.reply))?;
            }
        }
        Ok(())
    }

    fn request_merge(
        &mut self,
        plans: Vec<PlanName>,
        into: Option<String>,
        reply: Option<tokio::sync::oneshot::Sender<Answer>>,
    ) -> Result<(), SupervisorError> {
        if let Some(name) = plans.iter().find(|name| self.campaign.plan(name).is_none()) {
            let why =
                format!("there is no plan `{name}` in the manifest that the supervisor was started with");
            if let Some(reply) = reply {
                let _ = reply.send(Answer::Refused { why });
            }
            return Ok(());
        }
        let target = into.clone().unwrap_or_else(|| self.campaign.target.clone());
        let before = self.campaign.repo.branch_tip(&target)?;
        let request = MergeRequest::new(&plans, &target, before, self.scheduler.state(), reply);
        self.requests.push(request);
        self.handle(vec![Input::Event(Event::MergeRequested { plans, into })])
    }

    /// Decides, writes down, announces, performs.
    fn handle(&mut self, inputs: Vec<Input>) -> Result<(), SupervisorError> {
        let now = self.clock.now();
        let mut events = Vec::new();
        let mut effects = Vec::new();
        for input in inputs {
            let step = self.scheduler.handle(now, input);
            events.extend(step.events);
            effects.extend(step.effects);
        }
        // Written down before anything is done about it.
        let sync = if effects.iter().any(Effect::must_not_repeat) {
            Sync::Disk
        } else {
            Sync::Process
        };
        let records = self.journal.append(now, self.run, &events, sync)?;
        self.announce(&records);
        for effect in effects {
            self.perform(effect);
        }
        Ok(())
    }

    fn announce(&mut self, records: &[Record]) {
        for record in records {
            for request in &mut self.requests {
                request.hear(&record.event);
            }
            match &record.event {
                Event::MergeLanded { .. } => self.escapes.accept(&self.campaign),
                Event::WorktreeCreated { plan, path, .. } => self.watch(plan, Path::new(path)),
                _ => {}
            }
        }
        let state = self.scheduler.state();
        let report = &mut self.report;
        self.requests.retain_mut(|request| match request.finish(state) {
            Some(done) => {
                *report = Some(done);
                false
            }
            None => true,
        });
        if !records.is_empty() {
            self.observer.recorded(records, &self.scheduler);
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::MakeWorktree { plan, base } => self.make_worktree(plan, base),
            Effect::Launch(order) => self.launch(order),
            Effect::Stop { attempt, now } => match self.runners.get(&attempt) {
                Some(process) => Runner::stop(*process, now),
                // It is gone already, and the word of that is on its way.
                None => {}
            },
            Effect::Check { plan, attempt, since } => {
                let (campaign, worktree) = (self.campaign.clone(), self.worktree(&plan));
                self.in_background(move || {
                    Message::Input(Input::Event(perform::check(
                        &campaign,
                        &worktree,
                        &plan,
                        &attempt,
                        since.as_ref(),
                    )))
                });
            }
            Effect::Verify { plan } => {
                let (campaign, worktree) = (self.campaign.clone(), self.worktree(&plan));
                self.in_background(move || {
                    Message::Input(Input::Event(perform::verify(&campaign, &worktree, &plan)))
                });
            }
            Effect::StopVerification { plan } => {
                let campaign = self.campaign.clone();
                tokio::task::spawn_blocking(move || perform::stop_verification(&campaign, &plan));
            }
            Effect::Pin { plan, point } => {
                let (campaign, worktree) = (self.campaign.clone(), self.worktree(&plan));
                let sender = self.sender.clone();
                self.in_background(
                    move || match perform::pin(&campaign, Some(&worktree), &plan, point) {
                        Ok((event, warning)) => {
                            if let Some(why) = warning {
                                let _ = sender.send(Message::Warning(Some(plan), why));
                            }
                            Message::Input(Input::Event(event))
                        }
                        Err(why) => Message::Input(Input::Event(Event::PinRefused { plan, point, why })),
                    },
                );
            }
            Effect::Merge { plan, into } => self.merge(plan, into),
            Effect::Wake { at } => self.wake = Some(self.wake.map_or(at, |wake| wake.min(at))),
            Effect::End(ending) => self.ending = Some(ending),
        }
    }

    fn make_worktree(&mut self, plan: PlanName, base: CommitId) {
        let (campaign, admin, sender) = (self.campaign.clone(), self.admin.clone(), self.sender.clone());
        let checkouts = self.checkouts.clone();
        tokio::spawn(async move {
            // As many at once as there are cores: more would only fight for the disk.
            let _permit = checkouts.acquire_owned().await;
            let made = tokio::task::spawn_blocking(move || {
                let (event, warnings) = perform::make_worktree(&campaign, &admin, &plan, &base);
                (plan, event, warnings)
            });
            if let Ok((plan, event, warnings)) = made.await {
                for why in warnings {
                    let _ = sender.send(Message::Warning(Some(plan.clone()), why));
                }
                let _ = sender.send(Message::Input(Input::Event(event)));
            }
        });
    }

    fn launch(&mut self, order: Launch) {
        let (campaign, worktree, run) = (self.campaign.clone(), self.worktree(&order.plan), self.run);
        let state = self.scheduler.state().plan(&order.plan).clone();
        let sender = self.sender.clone();
        let read = self.reading(&order.plan);
        tokio::task::spawn_blocking(move || {
            let states = |task: crate::plan::TaskId| state.item_state(&task.into());
            match perform::launch(&campaign, &worktree, &order, run, &states) {
                Ok(launched) => {
                    let process = launched.runner.process();
                    let _ = sender.send(Message::Started(order.attempt.clone(), process));
                    let _ = sender.send(Message::Input(Input::Event(launched.event)));
                    wait_for(sender, order.plan, order.attempt, launched.runner, read);
                }
                Err(event) => {
                    let _ = sender.send(Message::Input(Input::Event(*event)));
                }
            }
        });
    }

    fn merge(&mut self, plan: PlanName, into: Option<String>) {
        let (campaign, admin, sender) = (self.campaign.clone(), self.admin.clone(), self.sender.clone());
        let target = into.clone().unwrap_or_else(|| campaign.target.clone());
        let landed = self
            .scheduler
            .state()
            .plans
            .iter()
            .filter_map(|(name, run)| Some((name.clone(), run.landed.get(&target)?.clone())))
            .collect();
        self.in_background(move || {
            let (event, warnings) = perform::merge(&campaign, &admin, &plan, into.as_deref(), &landed);
            for why in warnings {
                let _ = sender.send(Message::Warning(Some(plan.clone()), why));
            }
            Message::Input(Input::Event(event))
        });
    }

    fn in_background(&self, work: impl FnOnce() -> Message + Send + 'static) {
        let sender = self.sender.clone();
        tokio::task::spawn_blocking(move || {
            let _ = sender.send(work());
        });
    }

    /// Takes over a runner that another supervisor started.
    fn attend(&mut self, plan: PlanName, attempt: AttemptId, runner: Runner) {
        self.runners.insert(attempt.clone(), runner.process());
        let read = self.reading(&plan);
        wait_for(self.sender.clone(), plan, attempt, runner, read);
    }

    fn worktree(&self, plan: &PlanName) -> PathBuf {
        match &self.scheduler.state().plan(plan).worktree {
            Some(made) => PathBuf::from(&made.path),
            None => self.campaign.worktree_path(plan.as_str()),
        }
    }

    fn at_work(&self) -> Vec<PlanName> {
        self.scheduler
            .state()
            .open_attempts()
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Watches the places where a plan's agent reports.
    fn watch(&self, plan: &PlanName, worktree: &Path) {
        self.watcher.watch(plan, worktree);
        let file = self.campaign.plan(plan).and_then(|known| known.file.as_deref());
        if let Some(document) = committed_document(&self.campaign, file, worktree) {
            self.watcher.watch_document(plan, &document);
        }
    }

    /// Watches every plan whose agent is at work.
    fn watch_all(&mut self) {
        for plan in self.at_work() {
            let worktree = self.worktree(&plan);
            self.watch(&plan, &worktree);
            self.read_status_later(plan);
        }
    }

    fn reading(&self, plan: &PlanName) -> impl FnOnce() -> status::Reading + Send + 'static + use<> {
        let (campaign, worktree, plan) = (self.campaign.clone(), self.worktree(plan), plan.clone());
        move || match campaign.plan(&plan) {
            Some(known) => {
                let committed = committed_document(&campaign, known.file.as_deref(), &worktree);
                status::read(&worktree, &plan, &known.document, committed.as_deref())
            }
            None => status::Reading::default(),
        }
    }

    fn read_status_later(&self, plan: PlanName) {
        let read = self.reading(&plan);
        self.in_background(move || Message::StatusRead(plan, read()));
    }

    /// Reads what an agent reported while nobody listened.
    fn read_status_now(&mut self, plan: &PlanName) -> Result<(), SupervisorError> {
        let reading = self.reading(plan)();
        let now = self.clock.now();
        let events = self.scheduler.note(now, plan, reading.items);
        let records = self.journal.append(now, self.run, &events, Sync::Disk)?;
        self.announce(&records);
        Ok(())
    }

    fn take_reading(&mut self, plan: PlanName, reading: status::Reading, inputs: &mut Vec<Input>) {
        let said = self.said.entry(plan.clone()).or_default();
        for why in reading.warnings {
            // Said once, not at every look.
            if !said.contains(&why) {
                said.push(why.clone());
                inputs.push(Input::Event(Event::Warning {
                    plan: Some(plan.clone()),
                    why,
                }));
            }
        }
        inputs.push(Input::Reported {
            plan,
            items: reading.items,
        });
    }

    fn last_look(&mut self) -> Result<(), SupervisorError> {
        let Some(why) = self.escapes.look(&self.campaign, &[], false) else {
            return Ok(());
        };
        let now = self.clock.now();
        let warning = Event::Warning { plan: None, why };
        let records = self.journal.append(now, self.run, &[warning], Sync::Process)?;
        self.announce(&records);
        Ok(())
    }
}

/// Waits for a runner on a thread of its own, which costs nothing while it sleeps and does not keep the process alive.
/// What the agent reported last is read before its end is told.
fn wait_for(
    sender: mpsc::UnboundedSender<Message>,
    plan: PlanName,
    attempt: AttemptId,
    runner: Runner,
    read: impl FnOnce() -> status::Reading + Send + 'static,
) {
    let waiting = std::thread::Builder::new().stack_size(WAITING_STACK);
    let (warn, about) = (sender.clone(), plan.clone());
    let spawned = waiting.spawn(move || {
        let state = runner.wait();
        let _ = sender.send(Message::StatusRead(plan.clone(), read()));
        let _ = sender.send(Message::RunnerGone(plan, attempt, state));
    });
    if spawned.is_err() {
        let why =
            "no thread could be started to wait for its agent: run orch up again to take it over".to_owned();
        let _ = warn.send(Message::Warning(Some(about), why));
    }
}

/// Stack of a thread that waits for a runner and then reads a status file, in bytes.
const WAITING_STACK: usize = 512 << 10;

/// The plan's document inside a worktree, when it is a file of the repository.
fn committed_document(campaign: &Campaign, file: Option<&Path>, worktree: &Path) -> Option<PathBuf> {
    let written = campaign.manifest.parent()?.join(file?);
    let inside = written.strip_prefix(campaign.repo.here()).ok()?;
    Some(worktree.join(inside))
}

/// The run that `orch up` goes on with, or the next one.
fn next_run(scheduler: &Scheduler) -> RunId {
    let state = scheduler.state();
    match (&state.run, state.phase) {
        (None, _) => RunId(1),
        (Some(run), Phase::Settled | Phase::Stopped { resume: false }) => RunId(run.id.0 + 1),
        (Some(run), _) => run.id,
    }
}
