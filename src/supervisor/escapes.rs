//! Noticing agents that work outside of their worktree: the main checkout is watched, and the worktrees of plans of which
//! nobody is at work.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::git::{self, HeadPrint, trust_hooks};
use crate::plan::{LaneId, PlanName};

use super::Campaign;
use super::side_by_side::side_by_side;

/// A look costs a `git status` of each place, which takes long in a large repository; two looks are at least this far apart.
const PAUSE: Duration = Duration::from_secs(2);
/// While agents are at work somebody looks this often, so that one is caught in the act.
pub const EVERY: Duration = Duration::from_secs(60);
/// Most worktrees of a look.
const MOST: usize = 50;
/// Files that are named.
const NAMED: usize = 4;

/// Where an agent has no business.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The main checkout.
    Main,
    /// A worktree of a plan of which nobody is at work.
    Quiet(LaneId),
}

impl Place {
    /// Whose worktree it is; none for the main checkout.
    fn plan(&self) -> Option<&PlanName> {
        match self {
            Self::Main => None,
            Self::Quiet(lane) => Some(&lane.plan),
        }
    }
}

/// What places looked like when they were looked at last.
#[derive(Debug)]
pub struct Escapes {
    /// The main checkout's under none, the worktrees' under their plan.
    last: BTreeMap<Option<PlanName>, BTreeMap<Place, HeadPrint>>,
    /// The first look, while it is under way.
    first: Option<JoinHandle<Seen>>,
    looked: Instant,
    /// How often `orch` itself has changed, or may have changed, the main checkout.
    own_changes: u64,
    /// True when it has since the last look: then only uncommitted files are compared, which it never makes.
    moved: bool,
    /// The same for the worktrees of each plan: whatever is recorded of it may go with a change.
    of_plans: BTreeMap<PlanName, u64>,
    /// True when an agent was at work since the last look.
    at_work: bool,
    /// What was told of hooks that the repository's configuration names.
    pub hooks_told: Option<(String, String)>,
}

/// A look under way: what it sees of a place counts only while `orch` itself changes nothing there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    own_changes: u64,
    of_plans: BTreeMap<PlanName, u64>,
    at_work: bool,
}

/// What a look saw.
pub type Seen = Vec<(Place, PathBuf, HeadPrint)>;

impl Escapes {
    /// Begins to look at the main checkout for the first time, on a thread of its own.
    pub fn begin_first(campaign: &Arc<Campaign>) -> Self {
        trust_hooks(campaign.repo.common_dir());
        let campaign = campaign.clone();
        let first = move || see(&campaign, &[(Place::Main, campaign.repo.top().to_owned())]);
        Self {
            last: BTreeMap::new(),
            first: Some(std::thread::spawn(first)),
            looked: Instant::now(),
            own_changes: 0,
            moved: false,
            of_plans: BTreeMap::new(),
            at_work: false,
            hooks_told: None,
        }
    }

    /// Waits for the first look. No agent may begin before, or what it does there would pass for what was there.
    pub fn end_first(&mut self) {
        let first = self
            .first
            .take()
            .map(|first| first.join().unwrap_or_else(|panic| resume_unwind(panic)));
        for (place, _, print) in first.into_iter().flatten() {
            let known = self.last.entry(place.plan().cloned()).or_default();
            known.insert(place, print);
        }
    }

    /// `orch` begins or ends moving the target: another commit in the main checkout is its own work.
    pub fn forget(&mut self) {
        self.own_changes += 1;
        self.moved = true;
    }

    /// Something was recorded of a plan: what its worktrees look like from here on is a new beginning.
    pub fn forget_plan(&mut self, plan: &PlanName) {
        *self.of_plans.entry(plan.clone()).or_default() += 1;
        self.last.remove(&Some(plan.clone()));
    }

    /// Begins a look, unless the last one was a moment ago.
    pub fn begin(&mut self, at_work: bool) -> Option<Look> {
        self.at_work |= at_work;
        if self.looked.elapsed() < PAUSE && self.last.contains_key(&None) {
            return None;
        }
        self.looked = Instant::now();
        Some(self.look())
    }

    /// Begins the last look of a run, however short the pause; none when there is nothing to compare with.
    pub fn begin_at_once(&mut self) -> Option<Look> {
        (!self.last.is_empty()).then(|| self.look())
    }

    /// Begins a look at these places, which have just become quiet, to have something to compare with later.
    pub fn begin_with(&self, places: &[(Place, PathBuf)]) -> Look {
        let plans = places.iter().filter_map(|(place, _)| place.plan());
        let of_plans = plans.filter_map(|plan| Some((plan.clone(), *self.of_plans.get(plan)?)));
        Look {
            own_changes: self.own_changes,
            of_plans: of_plans.collect(),
            at_work: false,
        }
    }

    fn look(&mut self) -> Look {
        Look {
            own_changes: self.own_changes,
            of_plans: self.of_plans.clone(),
            at_work: std::mem::take(&mut self.at_work),
        }
    }

    /// Ends a look: says what changed since the one before. Who did it is not guessed: logs and times speak against agents that
    /// only read, and against whoever happens to be at work while a person edits.
    pub fn end(&mut self, campaign: &Campaign, began: &Look, seen: Seen) -> Vec<String> {
        let mut told = Vec::new();
        for (place, folder, now) in seen {
            let valid = match &place {
                Place::Main => began.own_changes == self.own_changes,
                Place::Quiet(lane) => began.of_plans.get(&lane.plan) == self.of_plans.get(&lane.plan),
            };
            if !valid {
                continue;
            }
            let known = self.last.entry(place.plan().cloned()).or_default();
            let Some(mut before) = known.insert(place.clone(), now.clone()) else {
                continue;
            };
            if place == Place::Main && std::mem::take(&mut self.moved) {
                before = before.moved_to(&now);
            }
            let counts = place == Place::Main || began.at_work;
            if counts && let Some(what) = difference(campaign, &folder, &before, &now) {
                told.push(format!(
                    "{} changed while agents ran: {what}. If that was not you, an agent works outside of its worktree",
                    match &place {
                        Place::Main => format!("the main checkout {}", folder.display()),
                        Place::Quiet(lane) => format!("the worktree of {lane}, {},", folder.display()),
                    }
                ));
            }
        }
        told
    }
}

/// What is different, in words; none for what people edit while plans run, and are told of what of it counts.
fn difference(campaign: &Campaign, folder: &Path, before: &HeadPrint, now: &HeadPrint) -> Option<String> {
    let foreign = |file: &PathBuf| !campaign.is_steered_by(&folder.join(file));
    if before.branch != now.branch {
        let branch = now.branch.as_deref().unwrap_or("no branch");
        return Some(format!("{branch} is checked out in it"));
    }
    if before.head != now.head {
        let moved = git::repo::files_between(&campaign.repo, &before.head, &now.head);
        let counts = moved.map_or(true, |files| files.is_empty() || files.iter().any(foreign));
        return counts.then(|| format!("its branch moved to {}", now.head.short()));
    }
    let mut files = now.changed_since(before);
    files.retain(foreign);
    let shown: Vec<String> = files
        .iter()
        .take(NAMED)
        .map(|file| file.display().to_string())
        .collect();
    let more = match files.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!files.is_empty()).then(|| format!("its uncommitted files changed ({}{more})", shown.join(", ")))
}

/// The places to be looked at: the main checkout, where there is one, and quiet worktrees.
pub fn places(campaign: &Campaign, quiet: Vec<(LaneId, PathBuf)>) -> Vec<(Place, PathBuf)> {
    let main = (!campaign.repo.is_bare()).then(|| (Place::Main, campaign.repo.top().to_owned()));
    let quiet = quiet
        .into_iter()
        .take(MOST)
        .map(|(lane, path)| (Place::Quiet(lane), path));
    main.into_iter().chain(quiet).collect()
}

/// What the places look like; what cannot be read is left out.
pub fn see(campaign: &Campaign, places: &[(Place, PathBuf)]) -> Seen {
    let wanted = places
        .iter()
        .filter(|(place, _)| !(campaign.repo.is_bare() && *place == Place::Main));
    wanted
        .filter_map(|(place, folder)| {
            Some((
                place.clone(),
                folder.clone(),
                git::state::fingerprint(&campaign.repo, folder).ok()?,
            ))
        })
        .collect()
}

/// As [`see`], while nobody waits for a processor: on as many threads as there are.
pub fn see_at_once(campaign: &Campaign, places: &[(Place, PathBuf)]) -> Seen {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let seen = side_by_side(threads, places, |place| {
        see(campaign, std::slice::from_ref(place))
    });
    seen.into_iter().flatten().collect()
}
