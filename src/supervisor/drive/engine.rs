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
use super::closing::Closing;
use super::live_edit::ManifestWatch;
use crate::supervisor::control::errand::{Conclusion, Errand};
use crate::supervisor::control::merge_request::MergeRequest;
use crate::supervisor::control::request::MergeReport;
use crate::supervisor::control::socket::{self as control, Call, Conversations};
use crate::supervisor::desk::clock::Clock;
use crate::supervisor::desk::message::Message;
use crate::supervisor::desk::observer::Observer;
use crate::supervisor::doctor;
use crate::supervisor::perform;
use crate::supervisor::perform::attempt::unit::UnitLocks;
use crate::supervisor::perform::tree::yard::Yard;
use crate::supervisor::preflight::checks as preflight;
use crate::supervisor::project::campaign::Campaign;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::left_git::end_left_gits;
use crate::supervisor::project::replay::Replay;
use crate::supervisor::project::run_id::next_run;
use crate::supervisor::recovery::brought_ticks::brought_ticks;
use crate::supervisor::recovery::set_back::told_of_set_back;
use crate::supervisor::recovery::{attempts as recovery, changed_documents, evidence, landed_by_hand};
use crate::supervisor::tell::notifier::Notifier;
use crate::supervisor::watch::conflict_watch::ConflictWatch;
use crate::supervisor::watch::stray_writes::StrayWrites;
use crate::supervisor::watch::{machine, spending};
use crate::supervisor::work::land_gate::LandGate;
use crate::supervisor::work::making::Making;
use crate::supervisor::work::status_feed::Heard;
use crate::supervisor::work::stillness::Watch;
use crate::supervisor::work::verifying::Verifying;

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

pub(in crate::supervisor) struct Engine<'o> {
    pub(in crate::supervisor) campaign: Arc<Campaign>,
    pub(in crate::supervisor) admin: Arc<WorktreeAdmin>,
    pub(in crate::supervisor) units: Arc<UnitLocks>,
    pub(in crate::supervisor) yard: Arc<Yard>,
    pub(in crate::supervisor) scheduler: Scheduler,
    pub(in crate::supervisor) journal: Journal,
    pub(in crate::supervisor) clock: Clock,
    pub(in crate::supervisor) run: RunId,
    pub(in crate::supervisor) observer: &'o mut dyn Observer,
    pub(in crate::supervisor) sender: mpsc::UnboundedSender<Message>,
    pub(in crate::supervisor) inbox: mpsc::UnboundedReceiver<Message>,
    pub(in crate::supervisor) watcher: Watcher,
    pub(in crate::supervisor) runners: BTreeMap<AttemptId, Hold>,
    pub(in crate::supervisor) requests: Vec<MergeRequest>,
    pub(in crate::supervisor) report: Option<MergeReport>,
    pub(in crate::supervisor) wake: Option<At>,
    pub(in crate::supervisor) ending: Option<Ending>,
    pub(in crate::supervisor) interrupts: u32,
    pub(in crate::supervisor) stray_writes: StrayWrites,
    /// The landing that is being carried out, or was last.
    pub(in crate::supervisor) landing: Option<Arc<LandGate>>,
    pub(in crate::supervisor) heard: Heard,
    pub(in crate::supervisor) gates: BTreeMap<LaneId, Gates>,
    pub(in crate::supervisor) making: Making,
    pub(in crate::supervisor) verifying: Verifying,
    pub(in crate::supervisor) still: Arc<Watch>,
    pub(in crate::supervisor) notifier: Option<Notifier>,
    pub(in crate::supervisor) manifest: ManifestWatch,
    pub(in crate::supervisor) auto_merge: bool,
    conversations: Conversations,
    pub(in crate::supervisor) conflicts: ConflictWatch,
    /// Where the target stood when it was last looked at what a person has landed.
    pub(in crate::supervisor) landings_seen: Option<CommitId>,
    /// Where the target stood when it was last looked at who has moved it.
    pub(in crate::supervisor) target_seen: Option<CommitId>,
    /// True when what was landed does not pass in a fresh worktree.
    pub(in crate::supervisor) red: bool,
    pub(in crate::supervisor) looking_for_obstacles: bool,
    /// True once git commands that take long are ended.
    pub(in crate::supervisor) ends_slow_git: bool,
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
    pub(in crate::supervisor) fn handle(&mut self, inputs: Vec<Input>) -> Result<(), SupervisorError> {
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

    pub(in crate::supervisor) fn at_work(&self) -> Vec<PlanName> {
        let open = self.scheduler.state().open_attempts();
        let mut plans: Vec<PlanName> = open.map(|(name, _, _)| name.clone()).collect();
        plans.dedup();
        plans
    }
}
