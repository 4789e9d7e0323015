//! From a project to a running loop.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::git::{self, WorktreeAdmin};
use crate::journal::{RepositoryLock, Sync};
use crate::plan::{PlanName, RunId};
use crate::schedule::{Event, Input};

use super::closing::Closing;
use super::conclusion::conclude;
use super::engine::Engine;
use crate::supervisor::control::goal::{Conclusion, Goal};
use crate::supervisor::control::merge_request::MergeRequests;
use crate::supervisor::control::socket::{self as control, PendingRequest};
use crate::supervisor::desk::clock::Clock;
use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::desk::observer::Observer;
use crate::supervisor::perform::tree::candidate_pool::CandidatePool;
use crate::supervisor::preflight::checks as preflight;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::project::orphan_git::end_orphan_gits;
use crate::supervisor::project::replay::{Replay, next_run};
use crate::supervisor::project::repository_plans::Project;
use crate::supervisor::recovery::brought_ticks::brought_ticks;
use crate::supervisor::recovery::lost_landings::lost_landings;
use crate::supervisor::recovery::{attempts as recovery, changed_documents, evidence, landed_by_hand};
use crate::supervisor::tell::delivery::deliver_all;
use crate::supervisor::tell::gates::ToldGates;
use crate::supervisor::tell::notes;
use crate::supervisor::tell::notifier::Notifier;
use crate::supervisor::watch::attached;
use crate::supervisor::watch::conflict_watch::ConflictWatch;
use crate::supervisor::watch::displaced::TargetWatch;
use crate::supervisor::watch::hand_landings::HandLandingsWatch;
use crate::supervisor::watch::live_edit::ManifestWatch;
use crate::supervisor::watch::obstacles::ObstacleWatch;
use crate::supervisor::watch::slow_git::SlowGit;
use crate::supervisor::watch::stray_writes::StrayWrites;
use crate::supervisor::watch::{machine, pins, spending};
use crate::supervisor::work::runners::Runners;
use crate::supervisor::work::status_feed::Reports;
use crate::supervisor::work::verifying::Verifying;
use crate::supervisor::work::worktree_queue::{WorktreeQueue, warn_of_contents};
use crate::supervisor::{doctor, perform};

/// Drives the repository until nothing is left to do without a person. Only one process can do so at a time.
///
/// # Errors
///
/// When another process drives the repository, or after a failure that no plan caused. Agents then continue on their own, and the
/// next call takes them over.
pub fn drive(
    project: Project,
    goal: &Goal,
    observer: &mut dyn Observer,
) -> Result<Conclusion, SupervisorError> {
    project.git()?;
    let doing = match goal {
        Goal::Up { only, .. } => {
            preflight::check_agents(&project, only)?;
            "up"
        }
        Goal::Merge { .. } => "merge",
    };
    let lock = RepositoryLock::take(&project.dir, doing)?.map_err(SupervisorError::Held)?;
    end_orphan_gits(project.repo.common_dir());
    preflight::check_places(&project)?;
    doctor::begin_again(&project)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(SupervisorError::system("start the event loop"))?;
    let ended = runtime.block_on(async {
        let mut engine = start(project, goal, observer)?;
        let result = engine.run().await;
        let result = result.and_then(|ending| conclude(&mut engine, ending));
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
    // A blocked thread, such as a verification of an interrupted run, must not delay the end.
    runtime.shutdown_background();
    result
}

/// Opens the journal and the parts of the engine, and brings the state up to date.
fn start<'o>(
    project: Project,
    goal: &Goal,
    observer: &'o mut dyn Observer,
) -> Result<Engine<'o>, SupervisorError> {
    let auto_merge = matches!(goal, Goal::Up { merge: true, .. });
    let (mut journal, Replay { mut scheduler, .. }) = Replay::open(&project, auto_merge)?;
    if doctor::catch_up(&project, scheduler.state())? {
        (journal, Replay { scheduler, .. }) = Replay::open(&project, auto_merge)?;
    }
    scheduler.stay(matches!(goal, Goal::Up { wait: true, .. }));
    preflight::check_branches(&project, scheduler.state())?;
    preflight::check_documents(&project, scheduler.state())?;
    let clock = Clock::start(journal.epoch(), scheduler.state().now);
    let (ended, pool) = (
        perform::resume_landing(&project)?,
        Arc::new(CandidatePool::of(&project)),
    );

    let (sender, inbox) = mpsc::unbounded_channel();
    let warn = |plan, why| drop(sender.send(EngineMessage::Warning(plan, why)));
    for what in ended.followed.into_iter().chain(ended.behind) {
        warn(None, what);
    }
    if let Err(error) = git::lock::clear_own_locks(&project.repo) {
        warn(None, error.to_string());
    }
    for (attempt, _) in doctor::foreign_runners(&project)? {
        let why = format!(
            "{attempt} is still at work, and its plan is no longer in the manifest: put the plan back, or end the attempt with \
             `orch down --now` once this run has ended"
        );
        warn(None, why);
    }
    for (plan, why) in lost_landings(&project, scheduler.state())? {
        warn(Some(plan), why);
    }
    let conversations = listen(&project, &sender)?;
    machine::watch(sender.clone());
    let budgets = scheduler.work().plans.iter().map(|plan| plan.budget);
    let mut budgets = budgets.chain([scheduler.work().budget]);
    spending::watch(sender.clone(), budgets.any(|budget| budget.is_some()));
    let project = Arc::new(project);
    let admin = Arc::new(WorktreeAdmin::new(&project.repo));
    let run = match goal {
        Goal::Up { .. } => next_run(scheduler.state()),
        Goal::Merge { .. } => scheduler.state().run.as_ref().map_or(RunId(1), |run| run.id),
    };
    let mut engine = Engine {
        stray_writes: StrayWrites::begin_first(&project),
        conversations,
        manifest: ManifestWatch::new(&project, sender.clone()),
        notifier: Some(Notifier::new(&project, &sender)),
        conflicts: ConflictWatch::start(sender.clone()),
        hand_landings: HandLandingsWatch::default(),
        target: TargetWatch {
            seen: project.repo.branch_tip(&project.target)?,
        },
        obstacles: ObstacleWatch::default(),
        slow_git: SlowGit::default(),
        red: false,
        reports: Reports::new(sender.clone()),
        desk: Desk {
            project,
            admin,
            units: Arc::default(),
            pool,
            scheduler,
            journal,
            clock,
            run,
            auto_merge,
            sender,
        },
        observer,
        inbox,
        runners: Runners::default(),
        requests: MergeRequests::default(),
        wake: None,
        ending: None,
        interrupts: 0,
        landing: None,
        gates: ToldGates::default(),
        worktree_queue: WorktreeQueue::new(),
        verifying: Verifying::default(),
    };
    begin(&mut engine, goal)?;
    Ok(engine)
}

/// Passes signals and the requests of other commands on to the loop.
fn listen(
    project: &Project,
    sender: &mpsc::UnboundedSender<EngineMessage>,
) -> Result<control::Conversations, SupervisorError> {
    let forward = sender.clone();
    let (calls, mut called) = mpsc::unbounded_channel::<PendingRequest>();
    let conversations = control::listen(&project.dir, calls)?;
    tokio::spawn(async move {
        while let Some(call) = called.recv().await {
            let _ = forward.send(EngineMessage::Call(call));
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
                let _ = sender.send(EngineMessage::Interrupt);
            }
        });
    }
    Ok(conversations)
}

/// Brings the state up to date, then lets the scheduler decide for the first time.
fn begin(engine: &mut Engine<'_>, goal: &Goal) -> Result<(), SupervisorError> {
    let (only, merge_only) = match goal {
        Goal::Up { only, .. } => (only.clone(), false),
        Goal::Merge { .. } => (Vec::new(), true),
    };
    let state = engine.desk.scheduler.state();
    let same_run = state.run.as_ref().filter(|run| run.id == engine.desk.run);
    let base = same_run.map_or_else(|| engine.desk.project.base.clone(), |run| run.base.clone());
    let started = Event::RunStarted {
        run: engine.desk.run,
        base,
        target: engine.desk.project.target.clone(),
        only,
        merge_only,
    };
    let now = engine.desk.clock.now();
    let records = || Ok(engine.desk.journal.read_all()?);
    let mut found = changed_documents::found(&engine.desk.project, &engine.desk.scheduler, &records)?;
    found.retain(|event| engine.desk.scheduler.take(now, event));
    // A ticked box carries no time, so reports that came with it are read after it.
    let brought = brought_ticks(&engine.desk.project, &engine.desk.scheduler, &engine.desk.journal)?;
    found.extend(engine.desk.scheduler.note_ticks(now, &brought));
    let records = engine
        .desk
        .journal
        .append(now, engine.desk.run, &found, Sync::Process)?;
    engine.announce(&records);
    let mut missed = vec![started];
    // People's reports from the meantime count too, and keep a new run from creating the worktree again.
    let open = engine.desk.scheduler.state().plans();
    let open = open.filter(|(_, run)| run.landed.is_empty());
    let open: Vec<PlanName> = open.map(|(name, _)| name.clone()).collect();
    for plan in open {
        engine.hear_people(&plan)?;
    }
    if !merge_only {
        for found in recovery::look_around(&engine.desk.project.dir, engine.desk.scheduler.state())? {
            engine.read_status_now(&found.lane)?;
            missed.extend(found.missed);
            if found.away {
                let _ = engine.desk.sender.send(EngineMessage::HandedOver(
                    found.lane.clone(),
                    found.attempt.clone(),
                ));
            }
            if let Some(runner) = found.runner {
                engine
                    .runners
                    .attend(&engine.desk, found.lane, found.attempt, runner);
            }
        }
    }
    missed.extend(landed_by_hand::landed_by_hand(
        &engine.desk.project,
        engine.desk.scheduler.state(),
    )?);
    let now = engine.desk.clock.now();
    missed.retain(|event| engine.desk.scheduler.take(now, event));
    if !merge_only {
        engine.desk.project.note_manifest()?;
        engine.desk.project.write_down(None)?;
        // Checked only now, because held and failed plans are open again at this point.
        let lost = recovery::lost_worktrees(engine.desk.scheduler.state());
        missed.extend(
            lost.into_iter()
                .filter(|event| engine.desk.scheduler.take(now, event)),
        );
    }
    let records = engine
        .desk
        .journal
        .append(now, engine.desk.run, &missed, Sync::Disk)?;
    engine.announce(&records);
    if !merge_only {
        pins::repair(&engine.desk);
        warn_of_contents(&engine.desk);
        notes::write(&engine.desk, evidence::landings(engine.desk.scheduler.state()));
        engine.reports.watch_all(&engine.desk);
        deliver_all(&engine.desk);
        attached::follow_all(&engine.desk);
    }
    engine.stray_writes.end_first();
    match goal {
        Goal::Up { .. } => engine.handle(vec![Input::Wake]),
        Goal::Merge { plans, into } => engine.request_merge(plans.clone(), into.clone(), None),
    }
}
