//! The loop: select what happened, let the scheduler decide, write it down, perform it.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::agent::Hold;
use crate::git::{self, WorktreeAdmin};
use crate::journal::{Journal, RepositoryLock, Sync};
use crate::plan::{AttemptId, CommitId, LaneId, PlanName, RunId};
use crate::schedule::{At, Effect, Ending, Event, Input, Scheduler};
use crate::status::{Gates, Watcher};

use super::afterwards::end_at_signals;
use super::brought_ticks::brought_ticks;
use super::changed_documents;
use super::clock::Clock;
use super::closing::Closing;
use super::conflict_watch::ConflictWatch;
use super::control::{self, Call, Conversations};
use super::doctor;
use super::evidence;
use super::land_gate::LandGate;
use super::left_git::end_left_gits;
use super::live_edit::ManifestWatch;
use super::machine;
use super::making::Making;
use super::merge_request::MergeRequest;
use super::message::Message;
use super::notifier::Notifier;
use super::perform::{UnitLocks, Yard};
use super::replay::Replay;
use super::run_id::next_run;
use super::set_back::told_of_set_back;
use super::stillness::Watch;
use super::stray_writes::StrayWrites;
use super::verifying::Verifying;
use super::{
    Campaign, Conclusion, Errand, MergeReport, Observer, SupervisorError, landed_by_hand, perform, preflight,
    recovery, spending, status_feed::Heard,
};

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
    campaign.git()?;
    let doing = match errand {
        Errand::Up { only, .. } => {
            preflight::check_agents(&campaign, only)?;
            "up"
        }
        Errand::Merge { .. } => "merge",
    };
    let lock = RepositoryLock::take(&campaign.dir, doing)?.map_err(SupervisorError::Held)?;
    end_left_gits(campaign.repo.common_dir());
    preflight::check_places(&campaign)?;
    doctor::begin_again(&campaign)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(SupervisorError::system("start the event loop"))?;
    let ended = runtime.block_on(async {
        let mut engine = Engine::start(campaign, errand, observer)?;
        let result = engine.run().await;
        let conversations = engine.conversations.clone();
        let closing = Closing::of(engine);
        conversations.end().await;
        Ok::<_, SupervisorError>((result, closing))
    });
    drop(lock);
    let result = ended.and_then(|(result, closing)| {
        let told = runtime.block_on(closing.finish());
        result.and_then(|conclusion| told.map(|()| conclusion))
    });
    // Whatever still blocks, such as a verification of a run that was interrupted, must not hold up the end.
    runtime.shutdown_background();
    result
}

pub(super) struct Engine<'o> {
    pub(super) campaign: Arc<Campaign>,
    pub(super) admin: Arc<WorktreeAdmin>,
    pub(super) units: Arc<UnitLocks>,
    pub(super) yard: Arc<Yard>,
    pub(super) scheduler: Scheduler,
    pub(super) journal: Journal,
    pub(super) clock: Clock,
    pub(super) run: RunId,
    pub(super) observer: &'o mut dyn Observer,
    pub(super) sender: mpsc::UnboundedSender<Message>,
    pub(super) inbox: mpsc::UnboundedReceiver<Message>,
    pub(super) watcher: Watcher,
    pub(super) runners: BTreeMap<AttemptId, Hold>,
    pub(super) requests: Vec<MergeRequest>,
    pub(super) report: Option<MergeReport>,
    pub(super) wake: Option<At>,
    pub(super) ending: Option<Ending>,
    pub(super) interrupts: u32,
    pub(super) stray_writes: StrayWrites,
    /// The landing that is being carried out, or was last.
    pub(super) landing: Option<Arc<LandGate>>,
    pub(super) heard: Heard,
    pub(super) gates: BTreeMap<LaneId, Gates>,
    pub(super) making: Making,
    pub(super) verifying: Verifying,
    pub(super) still: Arc<Watch>,
    pub(super) notifier: Option<Notifier>,
    pub(super) manifest: ManifestWatch,
    pub(super) auto_merge: bool,
    conversations: Conversations,
    pub(super) conflicts: ConflictWatch,
    /// Where the target stood when it was last looked at what a person has landed.
    pub(super) landings_seen: Option<CommitId>,
    /// Where the target stood when it was last looked at who has moved it.
    pub(super) target_seen: Option<CommitId>,
    /// True when what was landed does not pass in a fresh worktree.
    pub(super) red: bool,
    pub(super) looking_for_obstacles: bool,
    /// True once git commands that take long are ended.
    pub(super) ends_slow_git: bool,
}

impl<'o> Engine<'o> {
    fn start(
        campaign: Campaign,
        errand: &Errand,
        observer: &'o mut dyn Observer,
    ) -> Result<Self, SupervisorError> {
        let auto_merge = matches!(errand, Errand::Up { merge: true, .. });
        let (mut journal, Replay { mut scheduler, .. }) = Replay::open(&campaign, auto_merge)?;
        if doctor::catch_up(&campaign, scheduler.state())? {
            (journal, Replay { scheduler, .. }) = Replay::open(&campaign, auto_merge)?;
        }
        preflight::check_branches(&campaign, scheduler.state())?;
        preflight::check_documents(&campaign, scheduler.state())?;
        let clock = Clock::start(journal.epoch(), scheduler.state().now);
        let (ended, yard) = (perform::resume_landing(&campaign)?, Arc::new(Yard::of(&campaign)));

        let (sender, inbox) = mpsc::unbounded_channel();
        for what in ended.followed.into_iter().chain(ended.behind) {
            let _ = sender.send(Message::Warning(None, what));
        }
        if let Err(error) = git::lock::clear_own_locks(&campaign.repo) {
            let _ = sender.send(Message::Warning(None, error.to_string()));
        }
        for (attempt, _) in doctor::foreign_runners(&campaign)? {
            let why = format!(
                "{attempt} is still at work, and its plan is not in the manifest any more: put that back, or end it with \
                 `orch down --now` once this run has ended"
            );
            let _ = sender.send(Message::Warning(None, why));
        }
        for (plan, why) in told_of_set_back(&campaign, scheduler.state())? {
            let _ = sender.send(Message::Warning(Some(plan), why));
        }
        let (hints, forward) = (sender.clone(), sender.clone());
        let watcher = Watcher::new(move |plan| {
            let _ = hints.send(Message::StatusHint(plan));
        });
        let (calls, mut called) = mpsc::unbounded_channel::<Call>();
        let conversations = control::listen(&campaign.dir, calls)?;
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

        if scheduler.work().plans.iter().any(|plan| plan.adaptive) {
            machine::watch(sender.clone());
        }
        let budgets = scheduler.work().plans.iter().map(|plan| plan.budget);
        if budgets
            .chain([scheduler.work().budget])
            .any(|budget| budget.is_some())
        {
            spending::watch(sender.clone());
        }
        let campaign = Arc::new(campaign);
        let admin = Arc::new(WorktreeAdmin::new(&campaign.repo));
        let run = match errand {
            Errand::Up { .. } => next_run(scheduler.state()),
            Errand::Merge { .. } => scheduler.state().run.as_ref().map_or(RunId(1), |run| run.id),
        };
        let mut engine = Self {
            stray_writes: StrayWrites::begin_first(&campaign),
            conversations,
            manifest: ManifestWatch::new(&campaign, sender.clone()),
            auto_merge,
            notifier: Some(Notifier::new(&campaign, &sender)),
            conflicts: ConflictWatch::start(sender.clone()),
            landings_seen: None,
            target_seen: campaign.repo.branch_tip(&campaign.target)?,
            red: false,
            looking_for_obstacles: false,
            ends_slow_git: false,
            campaign,
            admin,
            units: Arc::default(),
            yard,
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
            landing: None,
            heard: Heard::default(),
            gates: BTreeMap::new(),
            making: Making::new(),
            verifying: Verifying::default(),
            still: Arc::default(),
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
        let now = self.clock.now();
        let records = || Ok(self.journal.read_all()?);
        let mut found = changed_documents::found(&self.campaign, &self.scheduler, &records)?;
        found.retain(|event| self.scheduler.take(now, event));
        // A box carries no time: what was said with one is heard after it.
        let brought = brought_ticks(&self.campaign, &self.scheduler, &self.journal)?;
        found.extend(self.scheduler.note_ticks(now, &brought));
        let records = self.journal.append(now, self.run, &found, Sync::Process)?;
        self.announce(&records);
        let mut missed = vec![started];
        // What a person said in the meantime counts too, and keeps a new run from making the worktree anew.
        let open = self.scheduler.state().plans();
        let open = open.filter(|(_, run)| run.landed.is_empty());
        let open: Vec<PlanName> = open.map(|(name, _)| name.clone()).collect();
        for plan in open {
            self.hear_people(&plan)?;
        }
        if !merge_only {
            for found in recovery::look_around(&self.campaign.dir, self.scheduler.state())? {
                self.read_status_now(&found.lane)?;
                missed.extend(found.missed);
                if let Some(runner) = found.runner {
                    self.attend(found.lane, found.attempt, runner);
                }
            }
        }
        missed.extend(landed_by_hand::landed_by_hand(
            &self.campaign,
            self.scheduler.state(),
        )?);
        let now = self.clock.now();
        missed.retain(|event| self.scheduler.take(now, event));
        if !merge_only {
            self.campaign.note_manifest()?;
            self.campaign.write_down(None)?;
            // Looked for now that what was held or had failed is open again.
            let lost = recovery::lost_worktrees(self.scheduler.state());
            missed.extend(lost.into_iter().filter(|event| self.scheduler.take(now, event)));
        }
        let records = self.journal.append(now, self.run, &missed, Sync::Disk)?;
        self.announce(&records);
        if !merge_only {
            self.mend_pins();
            self.tell_of_contents();
            self.note_landings(evidence::landings(self.scheduler.state()));
            self.watch_all();
            self.deliver_all();
        }
        self.stray_writes.end_first();
        match errand {
            Errand::Up { .. } => self.handle(vec![Input::Wake]),
            Errand::Merge { plans, into } => self.request_merge(plans.clone(), into.clone(), None),
        }
    }

    async fn run(&mut self) -> Result<Conclusion, SupervisorError> {
        loop {
            if let Some(ending) = self.ending {
                end_at_signals();
                self.last_look()?;
                return Ok(Conclusion {
                    ending,
                    red: self.red,
                    set: self.campaign.set.clone(),
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

    /// Decides, writes down, announces, performs.
    pub(super) fn handle(&mut self, inputs: Vec<Input>) -> Result<(), SupervisorError> {
        let now = self.clock.now();
        let (mut events, mut effects) = (Vec::new(), Vec::new());
        for input in inputs {
            let step = self.scheduler.handle(now, input);
            events.extend(step.events);
            effects.extend(step.effects);
        }
        // Written down before anything is done about it.
        let records = self.journal.append(now, self.run, &events, Sync::Process)?;
        let mark = self.journal.mark();
        let launches = |effect: &Effect| matches!(effect, Effect::Launch(_));
        if effects.iter().any(launches) {
            let (mark, sender) = (mark.clone(), self.sender.clone());
            // Begun now, beside what is told and prepared: an agent's start waits for it on its own thread.
            tokio::task::spawn_blocking(move || {
                if let Err(error) = mark.reach() {
                    let _ = sender.send(Message::JournalFailed(error));
                }
            });
        }
        self.announce(&records);
        for effect in effects {
            if effect.must_not_repeat() && !launches(&effect) {
                mark.reach()?;
            }
            self.perform(effect)?;
        }
        Ok(())
    }

    pub(super) fn at_work(&self) -> Vec<PlanName> {
        let open = self.scheduler.state().open_attempts();
        let mut plans: Vec<PlanName> = open.map(|(name, _, _)| name.clone()).collect();
        plans.dedup();
        plans
    }
}
