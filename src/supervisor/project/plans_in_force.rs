//! The plans in force, stored beside the journal. The manifest may be edited, half-saved or missing while agents work by an
//! earlier version; other commands then use these plans.

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

/// The contents of the file.
#[derive(Debug, Serialize, Deserialize)]
struct PlansInForce<S> {
    schema: u32,
    /// The supervisor that uses the plans.
    pid: u32,
    manifest: PathBuf,
    /// The problems of the current files, when they cannot be used.
    #[serde(rename = "faults")]
    diagnostics: Option<String>,
    set: S,
}

/// The plans in force, for readers and steering commands.
#[derive(Debug)]
pub struct InForce {
    /// The project with these plans.
    pub project: Project,
    /// Why these are not the plans of the current manifest, when a person should know.
    pub warning: Option<String>,
}

impl Project {
    /// Records that this process, the supervisor, uses these plans, and the problems of the current manifest.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
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

    /// The plans of the manifest; for a document that cannot be used, the last run's version. For commands that finish earlier
    /// work: a problem in one plan's document does not matter to other plans.
    ///
    /// # Errors
    ///
    /// The same as [`Project::open`], when the manifest itself is at fault, or no stored version exists.
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

    /// The plans in force: those of a running `orch up`, else the manifest's, else those of the last run. For commands that
    /// read or steer; a command that starts work needs [`Project::open`].
    ///
    /// # Errors
    ///
    /// The same as [`Project::open`], when no stored plans exist.
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
        // Reading the file is slow and seldom needed: only when a running `up` may use it, or when nothing else can be used.
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

/// The plans of the last supervisor, found without git; `None` where they cannot be read.
pub fn plans_kept(dir: &OrchDir) -> Option<PlanSet> {
    let text = std::fs::read(dir.plans_taken()).ok()?;
    let kept: PlansInForce<PlanSet> = serde_json::from_slice(&text).ok()?;
    (kept.schema == SCHEMA).then_some(kept.set)
}

/// The last run's plans of the same manifest; `None` where they cannot be read.
pub fn plans_before(project: &Project) -> Option<PlanSet> {
    let text = std::fs::read(project.dir.plans_taken()).ok()?;
    let kept: PlansInForce<PlanSet> = serde_json::from_slice(&text).ok()?;
    (kept.schema == SCHEMA && kept.manifest == project.manifest).then_some(kept.set)
}

/// The stored plans of the wanted manifest; `None` where there are none, or only those of another manifest.
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
    // A removed manifest can still be the wanted one; a manifest elsewhere has to be named.
    let same = meant.map_or_else(|| !kept.manifest.exists(), |meant| meant == kept.manifest);
    (kept.schema == SCHEMA && same).then_some(kept)
}

/// Writes a file for its owner only: agents' environments may contain secrets.
fn write_private(file: &Path, text: &[u8]) -> std::io::Result<()> {
    let _ = std::fs::remove_file(file);
    let mut made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)?;
    made.write_all(text)
}
