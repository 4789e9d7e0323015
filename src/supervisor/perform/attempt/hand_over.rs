//! Handing an agent's call to a runner.

use std::path::Path;
use std::time::Duration;

use super::call::AgentCall;
use super::departure::Departure;
use crate::agent::{Environment, Job, JobFolder, Runner};
use crate::git::identity_variables;
use crate::journal::Mark;
use crate::plan::{AttemptId, CommitId};
use crate::supervisor::brief::mcp_config::McpConfig;
use crate::supervisor::brief::stop_hook::{claude_settings_file, write_claude_settings};
use crate::supervisor::project::error::in_words;
use crate::supervisor::project::repository_plans::Project;

/// An attempt, without its call.
pub struct HandOver<'a> {
    /// Its name.
    pub attempt: &'a AttemptId,
    /// Where it works.
    pub worktree: &'a Path,
    /// The commit that it starts from.
    pub head: &'a CommitId,
    /// Its prompt.
    pub prompt: &'a str,
    /// The longest duration.
    pub timeout: Duration,
    /// The time between the first signal and KILL.
    pub grace: Duration,
    /// The journal mark that must be on disk before the agent starts; `None` if it is already.
    pub mark: Option<&'a Mark>,
    /// True when its program hides the person's configuration from its agents' git commands.
    pub hides_git_config: bool,
    /// The name of its program, when the program is to be given the tools of `orch mcp`.
    pub mcp: Option<&'static str>,
    /// The destination of a hand-over; `None` for an attempt that runs here.
    pub away: Option<Departure<'a>>,
}

impl HandOver<'_> {
    /// Prepares the attempt's folder and starts its runner. `None` for an attempt that runs elsewhere: its folder
    /// says where.
    ///
    /// # Errors
    ///
    /// When files cannot be written, or no runner can be started.
    pub fn begin(
        &self,
        project: &Project,
        folder: JobFolder,
        mut call: AgentCall,
        mut variables: Environment,
    ) -> Result<Option<Runner>, String> {
        if self.hides_git_config {
            // Failing to read the identity is harmless.
            for (name, value) in identity_variables(self.worktree, &call.env).unwrap_or_default() {
                if std::env::var_os(name).is_none() {
                    variables.set(name, value);
                }
            }
        }
        for (name, value) in &call.env {
            variables.set(name, value.as_str());
        }
        if let Some(config) = self.mcp.and_then(|known| {
            let variables = variables.clone().into_map();
            McpConfig::of(known, &project.program, &variables, folder.path())
        }) {
            if let Some((name, value)) = config.variable.clone() {
                variables.set(name, value);
            }
            std::fs::create_dir_all(folder.path()).map_err(in_words)?;
            config.apply(&mut call.argv).map_err(in_words)?;
        }
        let job = Job {
            tag: self.attempt.to_string(),
            argv: call.argv,
            folder: self.worktree.to_owned(),
            env: variables.into_map(),
            input: call.input,
            stop: call.stop,
            reading: call.reading,
            patience: call.patience,
            timeout: Some(self.timeout),
            grace: self.grace,
            head: Some(self.head.clone()),
            ends_with: None,
        };
        let lock = folder.prepare(&job, Some(self.prompt)).map_err(in_words)?;
        let settings = claude_settings_file(folder.path());
        if job.argv.iter().any(|word| Path::new(word) == settings) {
            write_claude_settings(folder.path(), &project.program).map_err(in_words)?;
        }
        if let Some(mark) = self.mark {
            mark.reach().map_err(in_words)?;
        }
        if let Some(departure) = &self.away {
            let over = departure.leave(project, &folder, (self.attempt, self.prompt), job);
            return over.map(|()| None);
        }
        project.launcher.launch(folder, lock).map(Some).map_err(in_words)
    }
}
