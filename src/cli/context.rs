//! What every command knows: where it stands and how it is to speak.

use std::path::{Path, PathBuf};

use crate::git::Repository;
use crate::plan::PlanName;
use crate::supervisor::Campaign;

use super::{CliError, GlobalArgs};

/// The options of every command, made ready.
#[derive(Debug, Clone)]
pub struct Context {
    /// The folder to work in.
    pub dir: PathBuf,
    /// The manifest, when one was named.
    pub manifest: Option<PathBuf>,
    /// JSON instead of text.
    pub json: bool,
    /// Less narration.
    pub quiet: bool,
    /// More narration.
    pub verbose: bool,
}

impl Context {
    /// Reads the options.
    ///
    /// # Errors
    ///
    /// When the folder named by `-C` cannot be entered.
    pub fn new(args: &GlobalArgs) -> Result<Self, CliError> {
        let choice = match args.color {
            clap::ColorChoice::Auto => anstream::ColorChoice::Auto,
            clap::ColorChoice::Always => anstream::ColorChoice::Always,
            clap::ColorChoice::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        let here = std::env::current_dir().map_err(CliError::io("find the current folder"))?;
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
            json: args.json,
            quiet: args.quiet,
            verbose: args.verbose,
        })
    }

    /// The plans of the repository one stands in.
    ///
    /// # Errors
    ///
    /// When there is none, or its manifest is wrong.
    pub fn campaign(&self) -> Result<Campaign, CliError> {
        Ok(Campaign::open(&self.dir, self.manifest.as_deref())?)
    }

    /// The repository one stands in.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn repository(&self) -> Result<Repository, CliError> {
        Ok(Repository::discover(&self.dir).map_err(crate::supervisor::SupervisorError::from)?)
    }

    /// Plan names as they were typed.
    ///
    /// # Errors
    ///
    /// Names the first that is not in the manifest, with the nearest that is.
    pub fn plans(&self, campaign: &Campaign, typed: &[String]) -> Result<Vec<PlanName>, CliError> {
        typed.iter().map(|name| self.plan(campaign, name)).collect()
    }

    /// A plan name as it was typed.
    ///
    /// # Errors
    ///
    /// When it is not in the manifest, with the nearest that is.
    pub fn plan(&self, campaign: &Campaign, typed: &str) -> Result<PlanName, CliError> {
        let known = campaign.set.plans.iter().map(|plan| plan.name.as_str());
        match campaign.set.plans.iter().find(|plan| plan.name.as_str() == typed) {
            Some(plan) => Ok(plan.name.clone()),
            None => {
                let near = known
                    .map(|name| (strsim::damerau_levenshtein(name, typed), name))
                    .min()
                    .filter(|(distance, name)| *distance <= 1 + name.len() / 3);
                let error =
                    CliError::refused(format!("there is no plan `{typed}` in {}", self.shown(campaign)));
                Err(match near {
                    Some((_, name)) => error.with_hint(format!("did you mean `{name}`?")),
                    None => error.with_hint("`orch status` lists the plans"),
                })
            }
        }
    }

    fn shown(&self, campaign: &Campaign) -> String {
        relative(&campaign.manifest, &self.dir).display().to_string()
    }
}

/// A path as a person standing in `from` would write it, when it lies below.
pub fn relative<'a>(path: &'a Path, from: &Path) -> &'a Path {
    path.strip_prefix(from).unwrap_or(path)
}
