//! Noticing agents that work outside of their worktree: the main checkout is watched, and the worktrees of plans of which
//! nobody is at work.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::git::HeadPrint;
use crate::plan::{LaneId, PlanName};

use super::Campaign;
use super::side_by_side::side_by_side;
use super::suspects::{AtWork, evidence, still_there};

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
    Quiet {
        /// The worktree.
        lane: LaneId,
        /// True when a person probably works there: then only what speaks for an agent is worth telling.
        manned: bool,
    },
}

impl Place {
    /// Whose worktree it is; none for the main checkout.
    fn plan(&self) -> Option<&PlanName> {
        match self {
            Self::Main => None,
            Self::Quiet { lane, .. } => Some(&lane.plan),
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
    /// Attempts that were at work since the last look.
    suspects: BTreeSet<AtWork>,
}

/// A look under way: what it sees of a place counts only while `orch` itself changes nothing there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    own_changes: u64,
    of_plans: BTreeMap<PlanName, u64>,
    suspects: Vec<AtWork>,
}

/// What a look saw.
pub type Seen = Vec<(Place, PathBuf, HeadPrint)>;

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escaped {
    /// The plan of the agent that probably did it; none when nothing speaks for one of them.
    pub by: Option<PlanName>,
    /// All of it, in words.
    pub why: String,
}

impl Escapes {
    /// Begins to look at the main checkout for the first time, on a thread of its own.
    pub fn begin_first(campaign: &Arc<Campaign>) -> Self {
        let campaign = campaign.clone();
        let first = move || see(&campaign, &[(Place::Main, campaign.repo.top().to_owned())]);
        Self {
            last: BTreeMap::new(),
            first: Some(std::thread::spawn(first)),
            looked: Instant::now(),
            own_changes: 0,
            moved: false,
            of_plans: BTreeMap::new(),
            suspects: BTreeSet::new(),
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
    pub fn begin(&mut self, at_work: Vec<AtWork>) -> Option<Look> {
        self.suspects.extend(at_work);
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
            suspects: Vec::new(),
        }
    }

    fn look(&mut self) -> Look {
        Look {
            own_changes: self.own_changes,
            of_plans: self.of_plans.clone(),
            suspects: std::mem::take(&mut self.suspects).into_iter().collect(),
        }
    }

    /// Ends a look: says what changed since the one before, and who probably did it.
    pub fn end(&mut self, campaign: &Campaign, began: &Look, seen: Seen) -> Vec<Escaped> {
        let mut told = Vec::new();
        for (place, folder, now) in seen {
            let valid = match &place {
                Place::Main => began.own_changes == self.own_changes,
                Place::Quiet { lane, .. } => began.of_plans.get(&lane.plan) == self.of_plans.get(&lane.plan),
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
            let uncommitted = before.branch == now.branch && before.head == now.head;
            if let Some((what, files)) = difference(&before, &now) {
                let change = Change {
                    what,
                    files,
                    uncommitted,
                };
                told.extend(tell(campaign, &place, &folder, &change, &began.suspects));
            }
        }
        told
    }
}

/// What is different in a place.
struct Change {
    /// In words.
    what: String,
    /// Files with other uncommitted changes than before.
    files: Vec<PathBuf>,
    /// True when nothing else is different.
    uncommitted: bool,
}

fn tell(
    campaign: &Campaign,
    place: &Place,
    folder: &Path,
    change: &Change,
    at_work: &[AtWork],
) -> Option<Escaped> {
    let Change {
        what,
        files,
        uncommitted,
    } = change;
    let at_work = &still_there(campaign, folder, files, at_work)[..];
    let evidence = evidence(campaign, folder, files, at_work);
    // A person edits those while plans run, and is told what of it counts.
    if *place == Place::Main && evidence.is_empty() && !files.is_empty() {
        let steering = campaign.files();
        if *uncommitted && files.iter().all(|file| steering.contains(&folder.join(file))) {
            return None;
        }
    }
    let manned = matches!(place, Place::Quiet { manned: true, .. });
    if evidence.is_empty() && (manned || (at_work.is_empty() && matches!(place, Place::Quiet { .. }))) {
        return None;
    }
    let where_ = match place {
        Place::Main => format!("the main checkout {}", folder.display()),
        Place::Quiet { lane, .. } => format!("the worktree of {lane}, {},", folder.display()),
    };
    let (by, likely) = match (evidence.first(), at_work) {
        (Some((one, why)), _) => (
            Some(one.plan.clone()),
            format!("; most likely it was {}, {}", one.attempt, why.words()),
        ),
        (None, [one]) => (
            Some(one.plan.clone()),
            format!("; most likely it was {}, the only one at work", one.attempt),
        ),
        (None, []) => (None, String::new()),
        (None, several) => {
            let names: Vec<&str> = several.iter().map(|one| one.attempt.as_str()).collect();
            (None, format!("; at work: {}", names.join(", ")))
        }
    };
    Some(Escaped {
        by,
        why: format!(
            "{where_} changed while agents ran: {what}. If that was not you, an agent works outside of its \
             worktree{likely}"
        ),
    })
}

fn difference(before: &HeadPrint, now: &HeadPrint) -> Option<(String, Vec<PathBuf>)> {
    let files = now.changed_since(before);
    if before.branch != now.branch {
        let branch = now.branch.as_deref().unwrap_or("no branch");
        Some((format!("{branch} is checked out in it"), files))
    } else if before.head != now.head {
        Some((format!("its branch moved to {}", now.head.short()), files))
    } else if files.is_empty() {
        None
    } else {
        let shown: Vec<String> = files
            .iter()
            .take(NAMED)
            .map(|file| file.display().to_string())
            .collect();
        let more = match files.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some((
            format!("its uncommitted files changed ({}{more})", shown.join(", ")),
            files,
        ))
    }
}

/// The places to be looked at: the main checkout, where there is one, and quiet worktrees.
pub fn places(campaign: &Campaign, quiet: Vec<(LaneId, bool, PathBuf)>) -> Vec<(Place, PathBuf)> {
    let main = (!campaign.repo.is_bare()).then(|| (Place::Main, campaign.repo.top().to_owned()));
    let quiet = quiet
        .into_iter()
        .take(MOST)
        .map(|(lane, manned, path)| (Place::Quiet { lane, manned }, path));
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
                campaign.repo.fingerprint(folder).ok()?,
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
