//! What every command knows: its folder and its output options.

use anyhow::Context as _;
use std::path::{Path, PathBuf};

use crate::git::Repository;
use crate::plan::{PlanName, ReferenceError, WorkRef};
use crate::supervisor::{InForce, Project};

use super::{CliError, GlobalArgs};

/// The parsed options of every command.
#[derive(Debug, Clone)]
pub struct Context {
    /// The folder to work in.
    pub dir: PathBuf,
    /// The manifest, if one was named.
    pub manifest: Option<PathBuf>,
    /// The plan that `--plan` names.
    pub plan: Option<String>,
    /// Print JSON instead of text.
    pub json: bool,
    /// Print less.
    pub quiet: bool,
    /// Print more.
    pub verbose: bool,
}

impl Context {
    /// Reads the options.
    ///
    /// # Errors
    ///
    /// Returns an error when the folder named by `-C` cannot be entered.
    pub fn new(args: &GlobalArgs) -> Result<Self, CliError> {
        let choice = match args.color {
            // In CI, colours are on by default, even on a terminal without colour support.
            clap::ColorChoice::Auto if std::env::var_os("TERM").is_some_and(|term| term == "dumb") => {
                anstream::ColorChoice::Never
            }
            clap::ColorChoice::Auto => anstream::ColorChoice::Auto,
            clap::ColorChoice::Always => anstream::ColorChoice::Always,
            clap::ColorChoice::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        let here = std::env::current_dir().context("cannot find the current folder")?;
        let dir = match &args.dir {
            Some(dir) => {
                let dir = here.join(dir);
                if !dir.is_dir() {
                    return Err(CliError::refused(format!(
                        "-C {}: there is no such folder",
                        dir.display()
                    )));
                }
                dir
            }
            None => here.clone(),
        };
        Ok(Self {
            manifest: args.manifest.as_ref().map(|file| dir.join(file)),
            dir,
            plan: args.plan.clone(),
            json: args.json,
            quiet: args.quiet,
            verbose: args.verbose,
        })
    }

    /// Opens the plans of the current repository.
    ///
    /// # Errors
    ///
    /// Returns an error when there is no repository or no manifest, or the manifest is invalid.
    pub fn project(&self) -> Result<Project, CliError> {
        Ok(Project::open(&self.dir, self.manifest.as_deref())?)
    }

    /// Opens the plans in force: those of a running supervisor, else the manifest's. If the manifest has errors, opens those
    /// of the last run, with a warning.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Context::project`].
    pub fn project_in_force(&self) -> Result<Project, CliError> {
        let InForce { project, warning } = Project::in_force(&self.dir, self.manifest.as_deref())?;
        self.warn(warning);
        Ok(project)
    }

    /// Opens the plans of the manifest for commands that land or remove earlier work. A document that is no longer valid
    /// counts as it was last used, with a warning.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Context::project`].
    pub fn project_to_end(&self) -> Result<Project, CliError> {
        let InForce { project, warning } = Project::open_over(&self.dir, self.manifest.as_deref())?;
        self.warn(warning);
        Ok(project)
    }

    fn warn(&self, warning: Option<String>) {
        if let Some(warning) = warning.filter(|_| !self.quiet) {
            anstream::eprintln!("warning: {warning}");
        }
    }

    /// Returns the path of the manifest: as named, else the nearest.
    ///
    /// # Errors
    ///
    /// Returns an error when there is none.
    pub fn find_manifest(&self) -> Result<PathBuf, CliError> {
        match &self.manifest {
            Some(file) => Ok(std::path::absolute(file).context("cannot resolve the manifest's path")?),
            None => Ok(crate::supervisor::locate(&self.dir)?),
        }
    }

    /// Opens the current repository.
    ///
    /// # Errors
    ///
    /// Returns an error when there is none.
    pub fn repository(&self) -> Result<Repository, CliError> {
        Ok(Repository::discover(&self.dir).map_err(crate::supervisor::SupervisorError::from)?)
    }

    /// Returns the plan names that were typed, else the name from `--plan`.
    ///
    /// # Errors
    ///
    /// Returns an error for the first name that is not in the manifest, with the closest known name.
    pub fn plans(&self, project: &Project, typed: &[String]) -> Result<Vec<PlanName>, CliError> {
        let one = self.plan.iter().filter(|_| typed.is_empty());
        let typed = typed.iter().chain(one);
        typed.map(|name| self.named(project, name)).collect()
    }

    /// Returns the plan name that was typed.
    ///
    /// # Errors
    ///
    /// Returns an error when the name is not in the manifest, with the closest known name.
    pub fn named(&self, project: &Project, typed: &str) -> Result<PlanName, CliError> {
        let known = project.set.plans.iter().map(|plan| plan.name.as_str());
        match project.set.plans.iter().find(|plan| plan.name.as_str() == typed) {
            Some(plan) => Ok(plan.name.clone()),
            None => Err(no_such_plan(typed, &self.shown(project), known)),
        }
    }

    /// Returns the plan, phase or task that a command is about, with its plan. The plan is found as in
    /// [`Context::one_plan`].
    ///
    /// # Errors
    ///
    /// Returns an error when there is no such plan, or the typed text is not a reference.
    pub fn one_work(&self, project: &Project, typed: Option<&str>) -> Result<(PlanName, WorkRef), CliError> {
        let plan = typed.map(|what| what.split('.').next().unwrap_or_default());
        let name = self.one_plan(project, plan)?;
        let what = typed.unwrap_or(name.as_str()).parse();
        let what = what.map_err(|error: ReferenceError| CliError::refused(error.to_string()))?;
        Ok((name, what))
    }

    /// Returns the plan that a command is about: as typed, else `--plan`, else `ORCH_PLAN`, else the plan of the current
    /// worktree.
    ///
    /// # Errors
    ///
    /// Returns an error when none of these names a plan, or the plan is not in the manifest.
    pub fn one_plan(&self, project: &Project, typed: Option<&str>) -> Result<PlanName, CliError> {
        let variable = std::env::var("ORCH_PLAN").ok().filter(|name| !name.is_empty());
        match typed
            .map(str::to_owned)
            .or_else(|| self.plan.clone())
            .or(variable)
        {
            Some(name) => self.named(project, &name),
            None => self.plan_here(project).ok_or_else(|| {
                CliError::refused("no plan is named, and this is no plan's worktree")
                    .with_hint("name one (--plan NAME), or set ORCH_PLAN; `orch status` lists them")
            }),
        }
    }

    /// Returns the plan of the current worktree.
    pub fn plan_here(&self, project: &Project) -> Option<PlanName> {
        let here = self.dir.canonicalize().ok()?;
        let mut plans = project.set.plans.iter().map(|plan| &plan.name);
        plans
            .find(|name| {
                let places = [project.worktree_path(name.as_str()), project.conflict_path(name)];
                let mut places = places.iter().filter_map(|path| path.canonicalize().ok());
                places.any(|path| here.starts_with(path))
            })
            .cloned()
    }

    fn shown(&self, project: &Project) -> String {
        relative(&project.manifest, &self.dir).display().to_string()
    }
}

/// Creates the error for an unknown plan name, with the closest known name.
pub fn no_such_plan<'a>(typed: &str, manifest: &str, known: impl Iterator<Item = &'a str>) -> CliError {
    let near = known
        .map(|name| (strsim::damerau_levenshtein(name, typed), name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3);
    let error = CliError::refused(format!("there is no plan `{typed}` in {manifest}"));
    match near {
        Some((_, name)) => error.with_hint(format!("did you mean `{name}`?")),
        None => error.with_hint("`orch status` lists the plans"),
    }
}

/// Returns the path relative to `from` if it is below `from`.
pub fn relative<'a>(path: &'a Path, from: &Path) -> &'a Path {
    path.strip_prefix(from).unwrap_or(path)
}
