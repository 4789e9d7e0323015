//! Handing an attempt over to the engine of a cluster. Everything that a node needs is written down here, and the attempt's monitor
//! does the rest (`away`). So a supervisor that is killed at any moment loses nothing and does nothing twice.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::agent::{Away, Job, JobFolder, JobInput};
use crate::git::git_dir_of;
use crate::git::hub::{identity, own_marker, random_word, repository_id};
use crate::plan::{AttemptId, Executor, JobNeeds};
use crate::supervisor::node::payload::{Moves, PROTOCOL, Payload, Site};
use crate::supervisor::project::error::in_words;
use crate::supervisor::project::repository_plans::Project;

/// The time that a job may take beyond its attempt's time-out and grace: for its clone and its last push.
const AROUND: Duration = Duration::from_secs(10 * 60);

/// The largest payload. An engine stores the payload with the job: Slurm accepts up to 4 MiB.
const LONGEST: usize = 4 << 20;

/// The files of `.orch/` that an agent's own calls of `orch` read.
const REPORTS: [&str; 7] = [
    "status.json",
    "plan.md",
    "work.json",
    "gates.json",
    "inbox.jsonl",
    "inbox.read",
    "outbox.jsonl",
];

/// Files of the attempt's folder that its program's command line names.
const FILES: [&str; 2] = ["claude-settings.json", "mcp.json"];

/// Variables that the node sets itself, or that name paths which the node does not have.
const NOT_THERE: [&str; 3] = ["PATH", "ORCH_PORT", "ORCH_MANIFEST"];

/// The destination of an attempt.
pub struct Departure<'a> {
    /// The executor.
    pub executor: &'a Executor,
    /// What its engine is asked for.
    pub needs: JobNeeds,
    /// The attempt's branch.
    pub branch: &'a str,
    /// The command that prepares a worktree.
    pub setup: Option<&'a str>,
    /// Untracked files that the program creates.
    pub litter: &'a [&'static str],
}

impl Departure<'_> {
    /// Writes the payload for the node, and records the hand-over. `job` describes the job as it would run here.
    ///
    /// # Errors
    ///
    /// When the files cannot be written.
    pub fn leave(
        &self,
        project: &Project,
        folder: &JobFolder,
        (attempt, prompt): (&AttemptId, &str),
        job: Job,
    ) -> Result<(), String> {
        let repository = repository_id(project.repo.common_dir()).map_err(in_words)?;
        let head = job.head.clone().ok_or("it has no commit to begin from")?;
        let usual = job.timeout.unwrap_or_default() + job.grace + AROUND;
        let time = self.needs.time.unwrap_or(usual);
        let away = Away {
            attempt: attempt.clone(),
            executor: self.executor.clone(),
            repository: repository.clone(),
            token: random_word().map_err(in_words)?,
            branch: self.branch.to_owned(),
            head: head.clone(),
            worktree: job.folder.clone(),
            minutes: time.as_secs().div_ceil(60),
            needs: self.needs.clone(),
            handed_at: Timestamp::now(),
            submitting: false,
            job: None,
            node: None,
            waits: None,
            heard: None,
            why: None,
            stop: None,
            posted: Vec::new(),
        };
        let site = Site::of(self.executor, &repository, &away.key());
        let moves = moves(project, folder, &site, &job.folder)?;
        let text = |folder: &Path, name: &str| fs::read_to_string(folder.join(name)).ok();
        let files = FILES.iter().filter_map(|name| {
            let file = text(folder.path(), name)?;
            Some(((*name).to_owned(), moves.apply(&file)))
        });
        let reports = job.folder.join(".orch");
        let reports = REPORTS
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), text(&reports, name)?)));
        let payload = Payload {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            key: away.key(),
            hub: self.executor.hub.clone(),
            repository,
            marker: Some(own_marker(project.repo.common_dir()).map_err(in_words)?),
            branch: self.branch.to_owned(),
            head,
            identity: identity(&job.folder).map_err(in_words)?,
            files: files.collect(),
            reports: reports.collect(),
            litter: self.litter.iter().map(|pattern| (*pattern).to_owned()).collect(),
            minutes: away.minutes,
            prompt: moves.apply(prompt),
            job: self.moved(&moves, &site, job),
            site,
        };
        let line = serde_json::to_string(&payload).map_err(in_words)?;
        if line.len() > LONGEST {
            return Err(format!(
                "what executor {} is to be given is longer than 4 MiB: shorten the plan's document",
                self.executor.name
            ));
        }
        folder.write_payload(&format!("{line}\n")).map_err(in_words)?;
        // From here on the attempt counts as handed over.
        folder.note_away(&away).map_err(in_words)
    }

    /// The job as it runs on a node.
    fn moved(&self, moves: &Moves, site: &Site, job: Job) -> Job {
        let words = job.argv.iter().map(|word| moves.apply(word));
        let argv: Vec<String> = match self.setup {
            None => words.collect(),
            Some(line) => {
                let script =
                    "sh -c \"$0\" </dev/null || { echo 'orch: the setup failed'; exit 1; }; exec \"$@\"";
                let before = ["sh", "-c", script, line].map(str::to_owned);
                before.into_iter().chain(words).collect()
            }
        };
        let env: BTreeMap<String, String> = job
            .env
            .iter()
            .filter(|(name, _)| !NOT_THERE.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), moves.apply(value)))
            .collect();
        Job {
            argv,
            env,
            folder: site.tree(),
            input: match job.input {
                JobInput::Null => JobInput::Null,
                JobInput::File(path) => JobInput::File(moves.apply(&path.to_string_lossy()).into()),
            },
            ..job
        }
    }
}

/// Paths of this machine, and their replacements on a node.
fn moves(project: &Project, folder: &JobFolder, site: &Site, worktree: &Path) -> Result<Moves, String> {
    let mut moves = Moves::default();
    let git_dir = site.tree().join(".git");
    moves.add(&git_dir_of(worktree).map_err(in_words)?, &git_dir);
    moves.add(project.repo.common_dir(), &git_dir);
    moves.add(project.repo.top(), &site.tree());
    moves.add(folder.path(), &site.job());
    moves.add(worktree, &site.tree());
    moves.add(&project.program, &site.program());
    Ok(moves)
}
