//! Hosts that are reached by ssh. There is no engine: `orch` counts the attempts of each host itself, and the host with the most free
//! slots gets the next.
//!
//! Only this program is called there (`supervisor::node::detached`): no git and no agent is driven over a connection.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use crate::plan::SshHost;

use super::call::{CallAnswer, call};
use super::engine_job::{Listed, ListedState, Manner, NoAnswer, Submission, SubmitError};

/// Options of every connection: nobody is there to type a password, and a host that is off is not waited for.
const UNATTENDED: [&str; 4] = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=5"];

/// Exit codes that mean that nothing was started: the program refused, could not be executed, or was not found.
const REFUSED: [i32; 3] = [64, 126, 127];

/// The hosts, and what they answered last.
#[derive(Debug)]
pub struct Ssh {
    pub(super) program: String,
    pub(super) options: Vec<String>,
    pub(super) hosts: Vec<SshHost>,
    /// The folder below which attempts have their own, on each host.
    pub(super) home: PathBuf,
    /// The jobs of each host that answered the last time.
    pub(super) jobs: BTreeMap<String, Vec<Listed>>,
}

impl Ssh {
    pub(super) fn submit(&mut self, job: &Submission<'_>) -> Result<String, SubmitError> {
        let Some(host) = self.free_host() else {
            return Err(SubmitError::Unclear("no host is free".to_owned()));
        };
        let payload = fs::read_to_string(job.payload)
            .map_err(|error| SubmitError::Refused(format!("{}: {error}", job.payload.display())))?;
        let answer = self.on(&host, "--detach", &[], &payload);
        let answer = answer.map_err(SubmitError::Unclear)?;
        match answer.code {
            Some(0) => {}
            Some(code) if REFUSED.contains(&code) => {
                return Err(SubmitError::Refused(format!("{host}: {}", answer.why())));
            }
            _ => return Err(SubmitError::Unclear(format!("{host}: {}", answer.why()))),
        }
        let id = format!("{host}:{}", job.token);
        let job = Listed {
            job: id.clone(),
            token: job.token.to_owned(),
            state: ListedState::Running(host.clone()),
        };
        self.jobs.entry(host).or_default().push(job);
        Ok(id)
    }

    /// Asks all hosts at once. The answer is without the jobs of silent hosts ([`Ssh::answers_for`]).
    pub(super) fn list(&mut self) -> Result<Vec<Listed>, NoAnswer> {
        let asked: Vec<Result<Vec<Listed>, String>> = thread::scope(|scope| {
            let this = &*self;
            let ask = |host| scope.spawn(move || this.list_of(host));
            let asked: Vec<_> = self.hosts.iter().map(|host| ask(&host.name)).collect();
            let told = asked.into_iter().map(|asked| asked.join());
            told.map(|told| told.unwrap_or_else(|_| Err("it was not asked".to_owned())))
                .collect()
        });
        let mut silent = Vec::new();
        self.jobs.clear();
        for (host, told) in self.hosts.iter().zip(asked) {
            match told {
                Ok(listed) => drop(self.jobs.insert(host.name.clone(), listed)),
                Err(why) => silent.push(format!("{}: {why}", host.name)),
            }
        }
        match self.jobs.is_empty() {
            true => Err(NoAnswer(silent.join("; "))),
            false => Ok(self.jobs.values().flatten().cloned().collect()),
        }
    }

    /// True when the host of the job answered the last time; without a job, when all hosts did.
    pub(super) fn answers_for(&self, job: Option<&str>) -> bool {
        match job.and_then(|job| job.rsplit_once(':')) {
            Some((host, _)) => self.jobs.contains_key(host),
            None => self.hosts.iter().all(|host| self.jobs.contains_key(&host.name)),
        }
    }

    pub(super) fn cancel(&self, job: &str, manner: Manner) -> Result<(), NoAnswer> {
        let (host, token) = job
            .rsplit_once(':')
            .ok_or_else(|| NoAnswer(format!("{job} names no host")))?;
        let how = match manner {
            Manner::Ask => "--stop",
            Manner::Kill => "--kill",
        };
        let home = self.home.to_string_lossy();
        let answer = self.on(host, how, &[&home, token], "").map_err(NoAnswer)?;
        match answer.code {
            Some(0) => Ok(()),
            _ => Err(NoAnswer(answer.why())),
        }
    }

    /// `tail` ends with the job's process, because nothing ends it with the connection.
    pub(super) fn tail(&self, job: &str, log: &Path, from: u64) -> Option<Vec<String>> {
        let (host, _) = job.rsplit_once(':')?;
        let pid = quoted(&log.parent()?.with_file_name("pid").to_string_lossy());
        let line = format!(
            "exec tail --pid=\"$(cat {pid})\" -c +{} -F {}",
            from + 1,
            quoted(&log.to_string_lossy())
        );
        let argv = self.command().chain(["--".to_owned(), host.to_owned(), line]);
        Some(argv.collect())
    }

    /// Hosts whose program is of another version, or cannot be called.
    pub(super) fn foreign_versions(&self) -> Vec<String> {
        let own = format!("orch {}", env!("CARGO_PKG_VERSION"));
        let foreign = self.hosts.iter().filter_map(|host| {
            let line = format!("{} --version", quoted(&self.program));
            let rest = ["--".to_owned(), host.name.clone(), line];
            let said = match call(&self.command().chain(rest).collect::<Vec<_>>(), "") {
                Ok(answer) if answer.code == Some(0) => answer.out.trim().to_owned(),
                Ok(answer) => answer.why(),
                Err(why) => why,
            };
            // What a login script prints comes before.
            (!said.ends_with(&own))
                .then(|| format!("has another program on {}: {said}; this is {own}", host.name))
        });
        foreign.collect()
    }

    /// `ssh` with its options.
    fn command(&self) -> impl Iterator<Item = String> {
        let ssh = ["ssh"].iter().chain(&UNATTENDED).map(|word| (*word).to_owned());
        ssh.chain(self.options.iter().cloned())
    }

    /// Why no job can be handed over now; `None` when there is a free slot.
    pub(super) fn is_full(&self) -> Option<String> {
        match (self.free_host(), self.jobs.is_empty()) {
            (Some(_), _) => None,
            (None, true) => Some("no host answers".to_owned()),
            (None, false) => Some("no slot is free".to_owned()),
        }
    }

    /// The host with the most free slots, among those that answered the last time.
    fn free_host(&self) -> Option<String> {
        let mut best: Option<(usize, &SshHost)> = None;
        for host in &self.hosts {
            let Some(jobs) = self.jobs.get(&host.name) else {
                continue;
            };
            let alive = |job: &&Listed| !matches!(job.state, ListedState::Over(_));
            let free = host.slots.saturating_sub(jobs.iter().filter(alive).count());
            if free > best.map_or(0, |(most, _)| most) {
                best = Some((free, host));
            }
        }
        best.map(|(_, host)| host.name.clone())
    }

    fn list_of(&self, host: &str) -> Result<Vec<Listed>, String> {
        let answer = self.on(host, "--list", &[&self.home.to_string_lossy()], "")?;
        if answer.code != Some(0) {
            return Err(answer.why());
        }
        // What a login script prints is no answer, and half an answer is none either.
        let lines = answer.out.lines().filter(|line| !line.trim().is_empty());
        lines
            .map(|line| listed(host, line).ok_or_else(|| format!("it printed {line:?}")))
            .collect()
    }

    /// Runs this program on a host.
    fn on(&self, host: &str, verb: &str, words: &[&str], input: &str) -> Result<CallAnswer, String> {
        let line = [self.program.as_str(), "__node", verb, host];
        let line: Vec<String> = line.iter().chain(words).map(|word| quoted(word)).collect();
        let rest = ["--".to_owned(), host.to_owned(), line.join(" ")];
        call(&self.command().chain(rest).collect::<Vec<_>>(), input)
    }
}

/// Quotes a word for the shell of a host.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Parses `TOKEN running|over`.
fn listed(host: &str, line: &str) -> Option<Listed> {
    let mut words = line.split_whitespace();
    let (token, state) = (words.next()?, words.next()?);
    Some(Listed {
        job: format!("{host}:{token}"),
        token: token.to_owned(),
        state: match (state, words.next()) {
            ("running", None) => ListedState::Running(host.to_owned()),
            ("over", None) => ListedState::Over("it has ended".to_owned()),
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(jobs: &[(&str, &[&str])]) -> Ssh {
        let host = |(name, slots): (&str, usize)| SshHost {
            name: name.to_owned(),
            slots,
        };
        let jobs = jobs.iter().map(|(name, lines)| {
            let listed = lines.iter().map(|line| listed(name, line).unwrap());
            ((*name).to_owned(), listed.collect())
        });
        Ssh {
            program: "orch".to_owned(),
            options: Vec::new(),
            hosts: [("small", 1), ("big", 3)].map(host).to_vec(),
            home: "/tmp".into(),
            jobs: jobs.collect(),
        }
    }

    #[test]
    fn the_host_with_the_most_free_slots_gets_the_next_job() {
        let free = |jobs: &[(&str, &[&str])]| hosts(jobs).free_host();
        assert_eq!(free(&[("small", &[]), ("big", &[])]).as_deref(), Some("big"));
        let two = ["a-1.x running", "a-2.x running", "a-0.x over"];
        let tie = free(&[("small", &[]), ("big", &two)]);
        assert_eq!(tie.as_deref(), Some("small"), "on a tie the first");
        let three = ["a-1.x running", "a-2.x running", "a-3.x running"];
        let full = hosts(&[("small", &["b-1.x running"]), ("big", &three)]);
        assert_eq!(full.is_full().as_deref(), Some("no slot is free"));
    }

    #[test]
    fn a_host_that_has_not_answered_gets_nothing_and_tells_nothing() {
        assert_eq!(hosts(&[]).is_full().as_deref(), Some("no host answers"));
        let half = hosts(&[("small", &[])]);
        assert_eq!(half.free_host().as_deref(), Some("small"));
        assert!(half.answers_for(Some("small:a-1.x")));
        assert!(!half.answers_for(Some("big:a-1.x")));
        assert!(!half.answers_for(None), "it may be on the other");
    }

    #[test]
    fn a_line_that_is_no_list_is_no_answer() {
        assert_eq!(listed("h", "a-1.x running").unwrap().job, "h:a-1.x");
        for line in ["Welcome to h", "a-1.x", "a-1.x running fast", "a-1.x broken"] {
            assert_eq!(listed("h", line), None, "{line}");
        }
    }

    #[test]
    fn words_reach_the_shell_of_a_host_as_they_are() {
        assert_eq!(quoted("/opt/it's $HOME"), r"'/opt/it'\''s $HOME'");
    }
}
