//! Slurm, through `sbatch`, `squeue` and `scancel`. Their JSON is not used, because its shape changed between releases.

use std::fs;
use std::path::Path;

use crate::plan::JobNeeds;

use super::call::call;
use super::engine_job::{Listed, ListedState, Manner, NoAnswer, Submission, SubmitError};

/// How long before its time limit a job's main process gets TERM.
const NOTICE_SECONDS: u32 = 120;

/// The line that ends the payload in the batch script. A payload is one line of JSON, so no line of it equals this
/// line.
const END: &str = "ORCH_PAYLOAD_ENDS_HERE";

/// Parts of the messages of `sbatch` when the controller did not answer. The job may exist then.
const UNCLEAR: &[&str] = &[
    "Unable to contact",
    "timed out",
    "Zero Bytes",
    "onnection",
    "Communication",
    "communication",
    "temporarily",
];

/// States of jobs that have not run yet.
const WAITING: &[&str] = &["PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "SUSPENDED"];
/// States of jobs that run, or whose end is not known yet.
const RUNNING: &[&str] = &[
    "RUNNING",
    "COMPLETING",
    "STAGE_OUT",
    "SIGNALING",
    "STOPPED",
    "RESIZING",
];

/// The `orch` program on the nodes, and the options for `sbatch`.
#[derive(Debug)]
pub struct Slurm {
    pub(super) program: String,
    pub(super) options: Vec<String>,
}

impl Slurm {
    pub(super) fn submit(&self, job: &Submission<'_>) -> Result<String, SubmitError> {
        let payload = fs::read_to_string(job.payload)
            .map_err(|error| SubmitError::Refused(format!("{}: {error}", job.payload.display())))?;
        let script = script(&self.program, &payload);
        let fixed = [
            "sbatch".to_owned(),
            "--parsable".to_owned(),
            // A job that the engine starts again would find its claim taken.
            "--no-requeue".to_owned(),
            "--export=NONE".to_owned(),
            "--output=/dev/null".to_owned(),
            format!("--job-name={}", job.name),
            format!("--comment={}", job.token),
            "--dependency=singleton".to_owned(),
            format!("--time={}", job.minutes),
            format!("--signal=B:TERM@{NOTICE_SECONDS}"),
        ];
        // The last of two options counts: what a plan needs counts more than the options of the executor.
        let argv = fixed.into_iter().chain(self.options.iter().cloned());
        let argv = argv
            .chain(asked_for(job.needs))
            .chain(job.needs.args.iter().cloned());
        let argv: Vec<String> = argv.collect();
        let answer = call(&argv, &script).map_err(SubmitError::Unclear)?;
        match (answer.code, job_of(&answer.out)) {
            (Some(0), Some(id)) => Ok(id),
            (Some(0), None) => Err(SubmitError::Unclear(answer.why())),
            (Some(124 | 137) | None, _) => Err(SubmitError::Unclear(answer.why())),
            (Some(_), _) if UNCLEAR.iter().any(|part| answer.err.contains(part)) => {
                Err(SubmitError::Unclear(answer.why()))
            }
            (Some(_), _) => Err(SubmitError::Refused(answer.why())),
        }
    }

    pub(super) fn list(&self) -> Result<Vec<Listed>, NoAnswer> {
        let user = rustix::process::geteuid().as_raw().to_string();
        let argv = [
            "squeue",
            "--noheader",
            "--states=all",
            "--user",
            &user,
            "--format=%i|%T|%r|%N|%k",
        ];
        let answer = call(&argv.map(str::to_owned), "").map_err(NoAnswer)?;
        match answer.code {
            Some(0) => Ok(answer.out.lines().filter_map(listed).collect()),
            _ => Err(NoAnswer(answer.why())),
        }
    }

    /// A step beside the job's own, which ends with the job.
    pub(super) fn tail(job: &str, log: &Path, from: u64) -> Vec<String> {
        let step = [
            "srun".to_owned(),
            format!("--jobid={job}"),
            "--overlap".to_owned(),
            "--ntasks=1".to_owned(),
            "--quiet".to_owned(),
        ];
        let tail = ["tail", "-c", &format!("+{}", from + 1), "-F"].map(str::to_owned);
        let log = [log.to_string_lossy().into_owned()];
        step.into_iter().chain(tail).chain(log).collect()
    }

    pub(super) fn cancel(&self, job: &str, manner: Manner) -> Result<(), NoAnswer> {
        let how: &[&str] = match manner {
            // Only to the main process: plain `scancel` also sends TERM to the agent, which would then not end
            // gracefully.
            Manner::Ask => &["--batch", "--signal=TERM"],
            Manner::Kill => &[],
        };
        let words = ["scancel"].iter().chain(how).chain([&job]);
        let argv: Vec<String> = words.map(|word| (*word).to_owned()).collect();
        let answer = call(&argv, "").map_err(NoAnswer)?;
        match answer.code {
            Some(0) => Ok(()),
            _ => Err(NoAnswer(answer.why())),
        }
    }
}

/// What a job needs, as options of `sbatch`.
fn asked_for(needs: &JobNeeds) -> impl Iterator<Item = String> {
    let options = [
        ("cpus-per-task", needs.cpus.map(|cpus| cpus.to_string())),
        ("mem", needs.memory.clone()),
        ("gpus", needs.gpus.clone()),
        ("partition", needs.partition.clone()),
        ("account", needs.account.clone()),
    ];
    let options = options.into_iter();
    options.filter_map(|(name, value)| Some(format!("--{name}={}", value?)))
}

/// The batch script. It contains the payload, so that the payload is in no command line and no environment.
fn script(program: &str, payload: &str) -> String {
    let payload = payload.trim_end();
    let program = program.replace('\'', r"'\''");
    format!("#!/bin/sh\nexec '{program}' __node <<'{END}'\n{payload}\n{END}\n")
}

/// The job id that `sbatch --parsable` prints, without the cluster's name.
fn job_of(out: &str) -> Option<String> {
    let first = out.lines().next_back()?.split(';').next()?.trim();
    let number = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
    number.then(|| first.to_owned())
}

/// Parses one line of `squeue`.
fn listed(line: &str) -> Option<Listed> {
    let mut parts = line.splitn(5, '|').map(str::trim);
    let (job, state, reason, node, token) = (
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next()?,
        parts.next()?,
    );
    let state = if WAITING.contains(&state) {
        ListedState::Waiting(match reason {
            "" | "None" => state.to_owned(),
            reason => reason.to_owned(),
        })
    } else if RUNNING.contains(&state) {
        ListedState::Running(node.to_owned())
    } else {
        ListedState::Over(state.to_owned())
    };
    Some(Listed {
        job: job.to_owned(),
        token: token.to_owned(),
        state,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(line: &str) -> ListedState {
        listed(line).unwrap().state
    }

    #[test]
    fn lines_of_squeue_are_read() {
        let first = listed("17|PENDING|Resources||auth-1.ab12").unwrap();
        assert_eq!((first.job.as_str(), first.token.as_str()), ("17", "auth-1.ab12"));
        assert_eq!(first.state, ListedState::Waiting("Resources".to_owned()));
        assert_eq!(
            state("17|RUNNING|None|n3|t"),
            ListedState::Running("n3".to_owned())
        );
        // The daemon of the job's node may just be away; the job has not ended.
        assert_eq!(
            state("17|COMPLETING|None|n3|t"),
            ListedState::Running("n3".to_owned())
        );
        for word in [
            "COMPLETED",
            "FAILED",
            "NODE_FAIL",
            "CANCELLED",
            "PREEMPTED",
            "TIMEOUT",
            "OUT_OF_MEMORY",
        ] {
            assert_eq!(
                state(&format!("17|{word}|x||t")),
                ListedState::Over(word.to_owned())
            );
        }
        assert_eq!(listed("slurm_load_jobs error"), None);
    }

    #[test]
    fn a_jobs_number_is_read_and_nothing_else_is_taken_for_one() {
        assert_eq!(job_of("42\n").as_deref(), Some("42"));
        assert_eq!(job_of("sbatch: a remark\n42;main\n").as_deref(), Some("42"));
        assert_eq!(job_of("Submitted batch job 42\n"), None);
        assert_eq!(job_of(""), None);
    }

    #[test]
    fn needs_are_options_and_what_is_not_written_is_left_to_the_site() {
        let options = |needs: &JobNeeds| asked_for(needs).collect::<Vec<_>>().join(" ");
        assert_eq!(options(&JobNeeds::default()), "");
        let needs = JobNeeds {
            cpus: Some(4),
            memory: Some("8G".to_owned()),
            gpus: Some("a100:2".to_owned()),
            partition: Some("long".to_owned()),
            account: Some("physics".to_owned()),
            ..JobNeeds::default()
        };
        assert_eq!(
            options(&needs),
            "--cpus-per-task=4 --mem=8G --gpus=a100:2 --partition=long --account=physics"
        );
    }

    #[test]
    fn the_payload_is_a_here_document() {
        let script = script("/opt/it's/orch", "{\"a\":\"$HOME `x`\"}\n");
        assert_eq!(
            script,
            "#!/bin/sh\nexec '/opt/it'\\''s/orch' __node <<'ORCH_PAYLOAD_ENDS_HERE'\n{\"a\":\"$HOME `x`\"}\nORCH_PAYLOAD_ENDS_HERE\n"
        );
    }
}
