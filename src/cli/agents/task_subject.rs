//! The plan that `orch task` is about, and what is known about the plan.
//!
//! An agent's sandbox may hide the repository, wholly or only from libgit2. So for an agent everything comes from its
//! environment and from `.orch/` in its worktree. The journal is used too where it can be read, because it knows more.

use anyhow::Context as _;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::journal::OrchDir;
use crate::plan::markdown::read_document;
use crate::plan::{
    Arrangement, Dispatch, Document, ItemId, Plan, PlanName, PlanSet, ResourceName, Speaker, Statement,
    TaskId, TaskState,
};
use crate::schedule::{Scheduler, takes, token_holders};
use crate::status::{self, Assignment, TaskResources, read_plain};
use crate::supervisor::{
    Project, Situation, committed_document, document_of, find_manifest, plans_kept, waits_elsewhere,
};

use crate::cli::call::{CliError, Context, ProgramExit};

/// The plan.
pub struct Subject {
    /// The plan's name.
    pub name: PlanName,
    /// The plan's document.
    pub document: Arc<Document>,
    worktree: Option<PathBuf>,
    known: KnownFrom,
}

/// Where further facts about the plan come from.
enum KnownFrom {
    /// The repository.
    Project(Box<Project>),
    /// The assignment of the calling agent, and the plans and the journal if they can be read.
    Assignment(Box<Assignment>, Option<Box<PlanSet>>),
    /// No further source.
    Nothing,
}

/// Returns the assignment of the calling agent, or `None` for any other caller.
pub fn own_assignment(context: &Context) -> Option<(Assignment, PathBuf)> {
    let plan = variable("ORCH_PLAN").filter(|own| context.plan.as_ref().is_none_or(|plan| plan == own))?;
    let worktree = PathBuf::from(variable("ORCH_WORKTREE").filter(|_| context.manifest.is_none())?);
    Some((Assignment::read(&worktree, &plan)?, worktree))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Subject {
    /// Finds the plan: `--plan`, else `ORCH_PLAN`, else the plan of the current worktree.
    ///
    /// # Errors
    ///
    /// Returns an error when no plan is named and none is found, or there is no such plan.
    pub fn find(context: &Context) -> Result<Self, CliError> {
        match own_assignment(context) {
            Some((work, worktree)) => Ok(Self::of_agent(work, worktree)),
            None => Self::in_repository(context),
        }
    }

    fn of_agent(work: Assignment, worktree: PathBuf) -> Self {
        let set = plans_kept(&OrchDir::at(&work.home)).filter(|set| set.plan(&work.plan).is_some());
        // The document may have been edited since the agent started.
        let current = set.as_ref().and_then(|set| set.plan(&work.plan));
        let document = current.map_or_else(
            || Arc::new(work.document.clone()),
            |plan| Arc::clone(&plan.document),
        );
        Self {
            name: work.plan.clone(),
            document,
            worktree: Some(worktree),
            known: KnownFrom::Assignment(Box::new(work), set.map(Box::new)),
        }
    }

    /// Finds the plan in the repository. An agent must be able to report while somebody edits the manifest, so the copy of
    /// the document in its own worktree is enough.
    fn in_repository(context: &Context) -> Result<Self, CliError> {
        let own = variable("ORCH_PLAN").filter(|own| context.plan.as_ref().is_none_or(|plan| plan == own));
        let own_worktree = own
            .as_ref()
            .and_then(|_| variable("ORCH_WORKTREE"))
            .map(PathBuf::from);
        let manifest = context
            .manifest
            .clone()
            .or_else(|| variable("ORCH_MANIFEST").map(PathBuf::from));
        // The plans in force count, whatever the manifest says now. Only a plan added later is looked up in the manifest.
        let in_force = Project::in_force(&context.dir, manifest.as_deref());
        let typed = context.plan.clone().or(own);
        let project = match (in_force, &typed) {
            (Ok(in_force), Some(name)) if context.named(&in_force.project, name).is_err() => {
                Project::open(&context.dir, manifest.as_deref()).or(Ok(in_force.project))
            }
            (in_force, _) => in_force.map(|in_force| in_force.project),
        };
        match (project, typed, own_worktree) {
            (Ok(project), Some(typed), worktree) => match (context.named(&project, &typed), worktree) {
                (Ok(name), worktree) => Ok(Self::in_project(project, name, worktree)),
                // The plan was removed from the manifest while its agent works.
                (Err(_), Some(worktree)) => Self::from_copy(&typed, worktree),
                (Err(error), None) => Self::from_document(context, manifest, &typed).ok_or(error),
            },
            (Ok(project), None, _) => {
                let name = context.one_plan(&project, None)?;
                Ok(Self::in_project(project, name, None))
            }
            (Err(_), Some(typed), Some(worktree)) => Self::from_copy(&typed, worktree),
            (Err(error), Some(typed), None) => {
                Self::from_document(context, manifest, &typed).ok_or_else(|| error.into())
            }
            (Err(error), None, _) => Err(error.into()),
        }
    }

    /// Finds the plan by its document alone, while another plan's document is invalid. Returns `None` when its own document
    /// is invalid.
    fn from_document(context: &Context, manifest: Option<PathBuf>, typed: &str) -> Option<Self> {
        let name: PlanName = typed.parse().ok()?;
        let manifest = match manifest {
            Some(manifest) => context.dir.join(manifest),
            None => find_manifest(&context.dir, Path::new("/")).ok()?,
        };
        let document = document_of(&manifest, &name)?;
        Some(Self {
            name,
            document: Arc::new(document),
            worktree: None,
            known: KnownFrom::Nothing,
        })
    }

    fn in_project(project: Project, name: PlanName, worktree: Option<PathBuf>) -> Self {
        let document = project
            .plan(&name)
            .map(|plan| Arc::clone(&plan.document))
            .unwrap_or_default();
        let worktree = worktree.unwrap_or_else(|| project.worktree_path(name.as_str()));
        Self {
            name,
            document,
            worktree: worktree.is_dir().then_some(worktree),
            known: KnownFrom::Project(Box::new(project)),
        }
    }

    fn from_copy(typed: &str, worktree: PathBuf) -> Result<Self, CliError> {
        let name = typed
            .parse()
            .map_err(|error: crate::plan::NameError| CliError::refused(error.to_string()))?;
        let copy = worktree.join(".orch/plan.md");
        let bytes = read_plain(&copy).with_context(|| format!("cannot read {}", copy.display()))?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(Self {
            name,
            document: Arc::new(read_document(&text).0),
            worktree: Some(worktree),
            known: KnownFrom::Nothing,
        })
    }

    /// Returns the worktree where the plan's agents work and report.
    ///
    /// # Errors
    ///
    /// Returns an error when there is no worktree yet.
    pub fn worktree(&self) -> Result<&Path, CliError> {
        self.worktree.as_deref().ok_or_else(|| {
            let why = format!("plan `{}` has no worktree yet", self.name);
            CliError::new(ProgramExit::Nothing, why).with_hint("`orch up` makes it")
        })
    }

    /// Returns the plan's settings, if they can be read.
    pub fn plan(&self) -> Option<&Plan> {
        match &self.known {
            KnownFrom::Project(project) => project.plan(&self.name),
            KnownFrom::Assignment(_, set) => set.as_ref()?.plan(&self.name),
            KnownFrom::Nothing => None,
        }
    }

    /// Returns the journal's state, or `None` when an agent cannot read the journal.
    ///
    /// # Errors
    ///
    /// Returns an error when the journal exists but cannot be read.
    pub fn situation(&self) -> Result<Option<Situation>, CliError> {
        Ok(match &self.known {
            KnownFrom::Project(project) => Some(Situation::look(project)?),
            KnownFrom::Assignment(work, Some(set)) => {
                let looked = Situation::of_journal(&OrchDir::at(&work.home), set).ok();
                // An empty journal means that it cannot be read from here, not that nothing has happened.
                looked.filter(|looked| looked.epoch.is_some())
            }
            KnownFrom::Assignment(_, None) | KnownFrom::Nothing => None,
        })
    }

    /// Returns the arrangement of the plan's tasks.
    pub fn arrangement(&self) -> Arrangement {
        match (self.plan(), &self.known) {
            (Some(plan), _) => plan.arrangement.clone(),
            (None, KnownFrom::Assignment(work, _)) => work.arrangement.clone(),
            (None, KnownFrom::Project(_) | KnownFrom::Nothing) => Arrangement::default(),
        }
    }

    /// Returns the plans in force, where they are known.
    fn set(&self) -> Option<&PlanSet> {
        match &self.known {
            KnownFrom::Project(project) => Some(&project.set),
            KnownFrom::Assignment(_, set) => set.as_deref(),
            KnownFrom::Nothing => None,
        }
    }

    /// Returns how many agents may work on the plan at once, as far as that is known.
    pub fn slots(&self) -> usize {
        let known = self.set().zip(self.plan());
        known.map_or(usize::MAX, |(set, plan)| set.slots_of(plan))
    }

    /// Returns what is known about resources. Those of whole phases count where each agent works on one task.
    pub fn resources(&self, scheduler: Option<&Scheduler>) -> TaskResources {
        let Some(set) = self.set() else {
            return TaskResources::default();
        };
        let plan = self.plan();
        let by_task = plan.filter(|plan| plan.arrangement.dispatch == Dispatch::Task);
        let phases = by_task.into_iter().flat_map(|plan| &plan.phases);
        let held = |scheduler: &Scheduler, resource: &ResourceName| {
            let holders = token_holders(scheduler.work(), scheduler.state(), resource).into_iter();
            let others = holders.filter(|holder| holder.plan != self.name);
            others
                .map(|holder| format!("{}.{}", holder.plan, holder.unit))
                .collect()
        };
        let held = scheduler.into_iter().flat_map(|scheduler| {
            let resources = set.resources.keys();
            resources.map(move |resource| (resource.clone(), held(scheduler, resource)))
        });
        TaskResources {
            tokens: set.resources.clone(),
            of_phases: phases.map(|(id, phase)| (*id, phase.uses.clone())).collect(),
            held: held.collect(),
        }
    }

    /// Returns, for each task, the work of other plans that it waits for.
    ///
    /// # Errors
    ///
    /// Returns an error when the journal cannot be read.
    pub fn waits(&self) -> Result<BTreeMap<TaskId, Vec<String>>, CliError> {
        Ok(match (self.plan(), self.situation()?, &self.known) {
            (Some(plan), Some(situation), _) => waits_elsewhere(plan, &situation.scheduler),
            (_, _, KnownFrom::Assignment(work, _)) => work.waits.clone(),
            (_, _, KnownFrom::Project(_) | KnownFrom::Nothing) => BTreeMap::new(),
        })
    }

    /// Replaces a missing or damaged status file in `worktree` with a new one that contains everything known from other
    /// sources.
    ///
    /// # Errors
    ///
    /// Returns an error when these sources cannot be read, or the file cannot be written.
    pub fn renew(&self, worktree: &Path) -> Result<(), CliError> {
        if status::is_usable(worktree, &self.name) {
            return Ok(());
        }
        let known = self.states()?;
        let state = |item: &ItemId| known.get(item).copied().unwrap_or(TaskState::Pending);
        let renewed = status::renew(worktree, &self.name, &self.document, state);
        for warning in renewed.map_err(anyhow::Error::msg)? {
            anstream::eprintln!("warning: {warning}");
        }
        Ok(())
    }

    /// Returns the state of every task: from the journal, then from the status file and ticked boxes.
    ///
    /// # Errors
    ///
    /// Returns an error when the journal cannot be read.
    pub fn states(&self) -> Result<BTreeMap<ItemId, TaskState>, CliError> {
        // A plan that a person landed by hand says nothing about tasks, and looking for it would run git.
        let situation = match &self.known {
            KnownFrom::Project(project) => Some(Situation::of_journal(&project.dir, &project.set)?),
            KnownFrom::Assignment(..) | KnownFrom::Nothing => self.situation()?,
        };
        let mut states = match (&situation, &self.known) {
            (Some(situation), _) => {
                let run = situation.scheduler.state().plan(&self.name);
                let items = run.items.keys();
                items.map(|item| (item.clone(), run.item_state(item))).collect()
            }
            (None, KnownFrom::Assignment(work, _)) => work.states.clone(),
            (None, KnownFrom::Project(_) | KnownFrom::Nothing) => BTreeMap::new(),
        };
        let scheduler = situation.as_ref().map(|situation| &situation.scheduler);
        // The items reported by people. Items known only by their state were judged earlier.
        let run = scheduler.map(|scheduler| scheduler.state().plan(&self.name));
        let by_agent = |item: &ItemId| run.is_some_and(|run| run.items[item].by.is_some());
        let known = states.keys().filter(|item| !by_agent(item));
        let mut by_people: BTreeSet<ItemId> = known.cloned().collect();
        if let Some(worktree) = &self.worktree {
            let lane = scheduler.map_or(0, |scheduler| self.lane(scheduler));
            for said in status::read(worktree, &self.name, &self.document, None).items {
                if scheduler.is_some_and(|scheduler| !self.is_taken(scheduler, lane, &said)) {
                    continue;
                }
                let settled = states.get(&said.item).is_some_and(|known| known.is_settled());
                if said.state != TaskState::Pending && !(settled && said.state == TaskState::Running) {
                    match said.by {
                        Some(Speaker::Person) => by_people.insert(said.item.clone()),
                        Some(Speaker::Attempt(_)) | None => by_people.remove(&said.item),
                    };
                    states.insert(said.item, said.state);
                }
            }
        }
        // A ticked box of work that may not start yet.
        let ticked = self.document.items().filter(|(_, ticked)| *ticked);
        for (item, _) in ticked {
            let said = Statement {
                by: Some(Speaker::Person),
                ..Statement::bare(item.clone(), TaskState::Done)
            };
            if !states.contains_key(&item)
                && scheduler.is_some_and(|scheduler| !self.is_taken(scheduler, 0, &said))
            {
                states.insert(item, TaskState::Pending);
            }
        }
        for (whole, parts) in self.document.pieces() {
            let whole = ItemId::from(whole);
            let parts: Vec<TaskState> = parts
                .iter()
                .filter_map(|part| states.get(part).copied())
                .collect();
            if let Some(said) = states.get_mut(&whole) {
                *said = said.beside_parts(by_people.contains(&whole), parts);
            }
        }
        Ok(states)
    }

    /// Returns the lane of this worktree.
    fn lane(&self, scheduler: &Scheduler) -> u32 {
        let made = &scheduler.state().plan(&self.name).worktrees;
        let here = |path: &str| self.worktree.as_deref() == Some(Path::new(path));
        let lane = made.iter().find(|(_, made)| here(&made.path));
        lane.map_or(0, |(lane, _)| *lane)
    }

    /// Returns true for a report that a supervisor will accept.
    fn is_taken(&self, scheduler: &Scheduler, lane: u32, said: &Statement) -> bool {
        let state = scheduler.state();
        let number = state.number(&self.name);
        let work = number.and_then(|number| scheduler.work().plans.get(number));
        work.is_none_or(|work| takes(work, state, lane, said))
    }

    /// Returns the document in the worktree, if it is a file of the repository.
    pub fn committed(&self) -> Option<PathBuf> {
        match &self.known {
            KnownFrom::Project(project) => {
                let file = project.plan(&self.name)?.file.as_deref();
                committed_document(project, file, self.worktree.as_deref()?)
            }
            KnownFrom::Assignment(work, _) => work.committed.clone(),
            KnownFrom::Nothing => None,
        }
    }
}
