//! The plans in force, kept beside the journal. The manifest may be edited, half-saved or gone while agents work by the earlier
//! one; other commands then use these plans.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failpoint;
use crate::git::Repository;
use crate::journal::{OrchDir, RepositoryLock};
use crate::plan::PlanSet;

use super::error::SupervisorError;
use super::load;
use super::repository_plans::Project;

/// Version of the file.
const SCHEMA: u32 = 1;

/// What is kept.
#[derive(Debug, Serialize, Deserialize)]
struct PlansInForce<S> {
    schema: u32,
    /// The supervisor that goes by it.
    pid: u32,
    manifest: PathBuf,
    /// What is wrong with the files as they are now, when they cannot be used.
    #[serde(rename = "faults")]
    diagnostics: Option<String>,
    set: S,
}

/// The plans in force, for readers and steering commands.
#[derive(Debug)]
pub struct InForce {
    /// They.
    pub project: Project,
    /// Why these are not the ones of the manifest as it is, when that has to be said.
    pub warning: Option<String>,
}

impl Project {
    /// Writes down that the supervisor, which is this process, goes by these plans; and what is wrong with the manifest as
    /// it is by now.
    ///
    /// # Errors
    ///
    /// When that cannot be written.
    pub fn write_down(&self, diagnostics: Option<&str>) -> Result<(), SupervisorError> {
        let kept = PlansInForce {
            schema: SCHEMA,
            pid: std::process::id(),
            manifest: self.manifest.clone(),
            diagnostics: diagnostics.map(str::to_owned),
            set: &self.set,
        };
        let file = self.dir.plans_taken();
        let new = file.with_extension("new");
        serde_json::to_vec(&kept)
            .map_err(std::io::Error::other)
            .and_then(|text| write_private(&new, &text))
            .and_then(|()| failpoint::around("plans.taken", || std::fs::rename(&new, &file)))
            .map_err(SupervisorError::system(format!("write {}", file.display())))
    }

    /// The plans of the manifest; a document that cannot be used as it is counts as it was for the last run. For commands that
    /// finish earlier work: one plan's document does not matter to the others.
    ///
    /// # Errors
    ///
    /// As [`Project::open`], where the manifest itself is at fault, or nothing was kept that could stand in.
    pub fn open_over(from: &Path, manifest: Option<&Path>) -> Result<InForce, SupervisorError> {
        let diagnostics = match Self::open(from, manifest) {
            Ok(project) => {
                return Ok(InForce {
                    project,
                    warning: None,
                });
            }
            Err(SupervisorError::Diagnostics(diagnostics)) => diagnostics,
            Err(error) => return Err(error),
        };
        let stand_in = Repository::discover(from).ok().and_then(|repo| {
            let dir = OrchDir::new(repo.common_dir());
            let kept = kept(&repo, &dir, from, manifest)?;
            let set = load::load_over(&kept.manifest, &kept.set).ok()?;
            Some((repo, dir, kept.manifest, set))
        });
        let Some((repo, dir, manifest, set)) = stand_in else {
            return Err(diagnostics.into());
        };
        Ok(InForce {
            project: Self::fit(repo, dir, manifest, set)?,
            warning: Some(format!(
                "a plan's document cannot be used as it is, and counts as the last run read it: {diagnostics}"
            )),
        })
    }

    /// The plans in force: those of a running `orch up`, else the manifest's, else those of the last run. For readers and
    /// steering commands; a command that begins work needs [`Project::open`].
    ///
    /// # Errors
    ///
    /// As [`Project::open`], where nothing was kept that could stand in.
    pub fn in_force(from: &Path, manifest: Option<&Path>) -> Result<InForce, SupervisorError> {
        let open = |repo: Option<Repository>| {
            Ok(InForce {
                project: Self::open_in(repo, from, manifest)?,
                warning: None,
            })
        };
        let Ok(repo) = Repository::discover(from) else {
            return open(None);
        };
        let dir = OrchDir::new(repo.common_dir());
        if !dir.plans_taken().exists() {
            return open(Some(repo));
        }
        // Seldom needed and long to read: only where an `up` may go by it, or nothing else can be used.
        let holder = RepositoryLock::holder(&dir).map(Option::flatten);
        let named = |kept: &PlansInForce<PlanSet>| {
            kept.manifest
                .file_name()
                .unwrap_or_default()
                .display()
                .to_string()
        };
        if holder.as_ref().map_or(true, |holder| {
            holder.as_ref().is_some_and(|holder| holder.doing == "up")
        }) && let Some(kept) = kept(&repo, &dir, from, manifest)
            && holder?.is_some_and(|holder| holder.pid == kept.pid)
        {
            let name = named(&kept);
            let warning = kept.diagnostics.map(|diagnostics| {
                format!(
                    "{name} cannot be used as it is, and the run goes by what it said before: {diagnostics}"
                )
            });
            let project = Self::fit(repo, dir, kept.manifest, kept.set)?;
            return Ok(InForce { project, warning });
        }
        let error = match open(Some(repo.clone())) {
            Err(
                error @ (SupervisorError::Diagnostics(_)
                | SupervisorError::Manifest { .. }
                | SupervisorError::NoManifest { .. }),
            ) => error,
            other => return other,
        };
        let Some(kept) = kept(&repo, &dir, from, manifest) else {
            return Err(error);
        };
        let name = named(&kept);
        let warning =
            format!("{name} cannot be used as it is; these are the plans that the last run went by: {error}");
        Ok(InForce {
            project: Self::fit(repo, dir, kept.manifest, kept.set)?,
            warning: Some(warning),
        })
    }
}

/// The plans that the last supervisor went by, found without git; none where they cannot be read.
pub fn plans_kept(dir: &OrchDir) -> Option<PlanSet> {
    let text = std::fs::read(dir.plans_taken()).ok()?;
    let kept: PlansInForce<PlanSet> = serde_json::from_slice(&text).ok()?;
    (kept.schema == SCHEMA).then_some(kept.set)
}

/// The plans of the same manifest as the last run read them; none where they cannot be read.
pub fn plans_before(project: &Project) -> Option<PlanSet> {
    let text = std::fs::read(project.dir.plans_taken()).ok()?;
    let kept: PlansInForce<PlanSet> = serde_json::from_slice(&text).ok()?;
    (kept.schema == SCHEMA && kept.manifest == project.manifest).then_some(kept.set)
}

/// What was kept for the manifest that is meant; none where nothing was, or for another one.
fn kept(
    repo: &Repository,
    dir: &OrchDir,
    from: &Path,
    manifest: Option<&Path>,
) -> Option<PlansInForce<PlanSet>> {
    let text = std::fs::read(dir.plans_taken()).ok()?;
    // A file of another version counts as missing.
    let kept: PlansInForce<PlanSet> = serde_json::from_slice(&text).ok()?;
    let meant = match manifest {
        Some(file) => Some(std::path::absolute(file).ok()?),
        None => Project::find(repo, dir, from).ok(),
    };
    // A removed manifest can still be meant; a manifest elsewhere has to be named.
    let same = meant.map_or_else(|| !kept.manifest.exists(), |meant| meant == kept.manifest);
    (kept.schema == SCHEMA && same).then_some(kept)
}

/// Agents' environments may hold what is for nobody else's eyes.
fn write_private(file: &Path, text: &[u8]) -> std::io::Result<()> {
    let _ = std::fs::remove_file(file);
    let mut made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)?;
    made.write_all(text)
}
