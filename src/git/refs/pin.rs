//! Pins: refs of orch's own that keep a commit of a plan.
//!
//! `refs/orch/pins/PLAN/POINT` is the commit from which dependents of that point start.

use std::fmt;
use std::str::FromStr;

use crate::git::files::error::GitError;
use crate::git::files::names::PINS;
use crate::git::keep::backup::{Backup, stamp};
use crate::git::keep::gate::{contained, drop_own_ref, spare_commit};
use crate::git::lock::own_ref::write_ref;
use crate::git::repo::ids::commit_id;
use crate::git::repo::repository::Repository;
use crate::plan::{CommitId, PlanName, Point, WorkRef};

/// The point of a pin: `plan`, `2`, `2.3` or `landed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PinPoint {
    /// The tip of the plan's branch when that point was done.
    Done(Point),
    /// The tip of the target when the plan had landed.
    Landed,
}

impl From<Point> for PinPoint {
    fn from(point: Point) -> Self {
        Self::Done(point)
    }
}

impl fmt::Display for PinPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(Point::Plan) => f.pad("plan"),
            Self::Done(Point::Phase(phase)) => phase.fmt(f),
            Self::Done(Point::Task(task)) => task.fmt(f),
            Self::Landed => f.pad("landed"),
        }
    }
}

/// One pin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pin {
    /// The plan.
    pub plan: PlanName,
    /// The point in it.
    pub point: PinPoint,
    /// The pinned commit.
    pub commit: CommitId,
}

/// Parses the last two parts of a pin's name.
fn parse(name: &str) -> Option<(PlanName, PinPoint)> {
    let (plan, point) = name.split_once('/')?;
    let plan: PlanName = plan.parse().ok()?;
    let point = match point {
        "plan" => PinPoint::Done(Point::Plan),
        "landed" => PinPoint::Landed,
        number => PinPoint::Done(WorkRef::from_str(&format!("{plan}.{number}")).ok()?.point),
    };
    Some((plan, point))
}

fn pin_ref(plan: &PlanName, point: PinPoint) -> String {
    format!("{PINS}{plan}/{point}")
}

/// Pins a point of a plan to a commit, replacing an earlier pin. Commits that only the earlier pin held go to a backup.
pub fn pin(
    repo: &Repository,
    plan: &PlanName,
    point: impl Into<PinPoint>,
    commit: &CommitId,
) -> Result<(), GitError> {
    let name = pin_ref(plan, point.into());
    if let Some(old) = repo.ref_target(&name)?
        && contained(repo, &old, commit)?.is_none()
    {
        spare_commit(repo, plan.as_str(), &old, &[&name], &stamp())?;
    }
    write_ref(repo, &name, commit, "orch: pin")
}

/// The commit that a point of a plan is pinned to.
pub fn pinned(
    repo: &Repository,
    plan: &PlanName,
    point: impl Into<PinPoint>,
) -> Result<Option<CommitId>, GitError> {
    repo.ref_target(&pin_ref(plan, point.into()))
}

/// All pins, sorted by plan and point. Other refs there are skipped.
pub fn pins(repo: &Repository) -> Result<Vec<Pin>, GitError> {
    let handle = repo.handle();
    let cannot = || GitError::library("list the pins");
    let found = handle.references_glob(&format!("{PINS}*")).map_err(cannot())?;
    let mut pins: Vec<Pin> = found
        .flatten()
        .filter_map(|pin| {
            let (plan, point) = parse(pin.name().ok()?.strip_prefix(PINS)?)?;
            let commit = commit_id(pin.target()?);
            Some(Pin { plan, point, commit })
        })
        .collect();
    pins.sort();
    Ok(pins)
}

/// Removes a pin; a missing pin is no error. Commits that only the pin held go to a backup, which is returned.
pub fn unpin(
    repo: &Repository,
    plan: &PlanName,
    point: impl Into<PinPoint>,
) -> Result<Option<Backup>, GitError> {
    drop_own_ref(repo, &pin_ref(plan, point.into()), plan.as_str(), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_read_as_they_are_written() {
        let plan: PlanName = "auth".parse().unwrap();
        for text in ["plan", "landed", "0", "2", "2.3"] {
            let (read, point) = parse(&format!("auth/{text}")).unwrap();
            assert_eq!((read, point.to_string().as_str()), (plan.clone(), text));
        }
        for bad in ["auth", "auth/", "auth/x", "Auth/2", "auth/2/3"] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
