//! The person's own commands, as a way to use other engines.

use std::path::Path;

use crate::plan::{ENGINE_PLACEHOLDERS, Template};

use super::call::call;
use super::engine_job::{Listed, ListedState, Manner, NoAnswer, Submission, SubmitError};

/// The exit code of `submit` that means: the engine does not accept the job, and has no such job.
const REFUSED: i32 = 64;

/// The commands.
#[derive(Debug)]
pub struct Scripted {
    pub(super) submit: Vec<String>,
    pub(super) list: Vec<String>,
    pub(super) cancel: Vec<String>,
    pub(super) tail: Vec<String>,
}

impl Scripted {
    pub(super) fn submit(&self, job: &Submission<'_>) -> Result<String, SubmitError> {
        let (payload, minutes) = (job.payload.to_string_lossy(), job.minutes.to_string());
        let cpus = job.needs.cpus.map(|cpus| cpus.to_string());
        let argv = expand(&self.submit, |name| match name {
            "payload_file" => Some(&payload),
            "name" => Some(job.name),
            "token" => Some(job.token),
            "minutes" => Some(&minutes),
            "cpus" => Some(cpus.as_deref().unwrap_or_default()),
            "memory" => Some(job.needs.memory.as_deref().unwrap_or_default()),
            "gpus" => Some(job.needs.gpus.as_deref().unwrap_or_default()),
            "partition" => Some(job.needs.partition.as_deref().unwrap_or_default()),
            "account" => Some(job.needs.account.as_deref().unwrap_or_default()),
            _ => Some(""),
        });
        let answer = argv
            .and_then(|argv| call(&argv, ""))
            .map_err(SubmitError::Unclear)?;
        let id = answer.out.lines().next_back().unwrap_or("").trim();
        match answer.code {
            Some(0) if !id.is_empty() => Ok(id.to_owned()),
            Some(REFUSED) => Err(SubmitError::Refused(answer.why())),
            _ => Err(SubmitError::Unclear(answer.why())),
        }
    }

    pub(super) fn list(&self) -> Result<Vec<Listed>, NoAnswer> {
        let argv = expand(&self.list, |_| Some("")).map_err(NoAnswer)?;
        let answer = call(&argv, "").map_err(NoAnswer)?;
        if answer.code != Some(0) {
            return Err(NoAnswer(answer.why()));
        }
        let lines = answer.out.lines().filter(|line| !line.trim().is_empty());
        // With half an answer, the jobs of the other half would look as if they had ended.
        lines
            .map(|line| listed(line).ok_or_else(|| NoAnswer(format!("`list` printed {line:?}"))))
            .collect()
    }

    pub(super) fn tail(&self, job: &str, log: &Path, from: u64) -> Option<Vec<String>> {
        let (log, from) = (log.to_string_lossy(), (from + 1).to_string());
        let argv = expand(&self.tail, |name| match name {
            "job" => Some(job),
            "log" => Some(&log),
            "from" => Some(&from),
            _ => Some(""),
        });
        argv.ok().filter(|argv| !argv.is_empty())
    }

    pub(super) fn cancel(&self, job: &str, manner: Manner) -> Result<(), NoAnswer> {
        let how = match manner {
            Manner::Ask => "ask",
            Manner::Kill => "kill",
        };
        let argv = expand(&self.cancel, |name| match name {
            "job" => Some(job),
            "how" => Some(how),
            _ => Some(""),
        });
        let answer = argv.and_then(|argv| call(&argv, "")).map_err(NoAnswer)?;
        match answer.code {
            Some(0) => Ok(()),
            _ => Err(NoAnswer(answer.why())),
        }
    }
}

fn expand<'v>(argv: &[String], value: impl Fn(&str) -> Option<&'v str>) -> Result<Vec<String>, String> {
    let words = argv.iter().map(|word| {
        let template = Template::parse(word, ENGINE_PLACEHOLDERS).map_err(|error| error.to_string())?;
        Ok(template.expand(&value))
    });
    words.collect()
}

/// Parses `ID TOKEN waiting|running|over [NODE or REASON]`.
fn listed(line: &str) -> Option<Listed> {
    let mut words = line.split_whitespace();
    let (job, token, state) = (words.next()?, words.next()?, words.next()?);
    let rest = words.collect::<Vec<_>>().join(" ");
    Some(Listed {
        job: job.to_owned(),
        token: token.to_owned(),
        state: match state {
            "waiting" => ListedState::Waiting(rest),
            "running" => ListedState::Running(rest),
            "over" => ListedState::Over(rest),
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::JobNeeds;

    fn commands(list: &str, submit: &str) -> Scripted {
        let shell = |line: &str| ["sh", "-c", line].map(str::to_owned).to_vec();
        Scripted {
            submit: shell(submit),
            list: shell(list),
            tail: Vec::new(),
            cancel: shell("test {job} {how} = 7 ask || exit 3"),
        }
    }

    fn submitted(line: &str) -> Result<String, SubmitError> {
        commands("true", line).submit(&Submission {
            name: "n",
            token: "t",
            payload: "/p".as_ref(),
            minutes: 5,
            needs: &JobNeeds {
                cpus: Some(2),
                memory: Some("8G".to_owned()),
                ..JobNeeds::default()
            },
        })
    }

    #[test]
    fn a_list_is_taken_whole_or_not_at_all() {
        let list = |line: &str| commands(line, "true").list();
        let good = list("echo 7 auth-1.ab running n3; echo; echo 8 b-1.cd waiting no room").unwrap();
        assert_eq!(good[0].state, ListedState::Running("n3".to_owned()));
        assert_eq!(good[1].state, ListedState::Waiting("no room".to_owned()));
        assert_eq!(list("true").unwrap(), []);
        assert!(list("echo 7 auth-1.ab running; echo oops; exit 0").is_err());
        assert!(list("echo 7 auth-1.ab running; exit 1").is_err());
    }

    #[test]
    fn only_its_own_exit_code_says_that_a_job_was_refused() {
        assert_eq!(submitted("echo a remark; echo 7").as_deref(), Ok("7"));
        assert!(matches!(
            submitted("echo no >&2; exit 64"),
            Err(SubmitError::Refused(_))
        ));
        // The submission may have worked.
        assert!(matches!(
            submitted("echo 7; exit 1"),
            Err(SubmitError::Unclear(_))
        ));
        assert!(matches!(submitted("true"), Err(SubmitError::Unclear(_))));
    }

    #[test]
    fn placeholders_are_filled_in() {
        let line = "echo {name}-{token}-{payload_file}-{minutes}-{cpus}-{memory}-{gpus}";
        assert_eq!(submitted(line).as_deref(), Ok("n-t-/p-5-2-8G-"));
    }
}
