//! What an engine says about itself, for `orch doctor`.

use super::call::call;
use super::driver::Driver;

/// The version of an engine, what is wrong with it, and what a person should know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EngineFacts {
    /// Its version, or what it is.
    pub version: String,
    /// What keeps attempts from running there.
    pub troubles: Vec<String>,
    /// What should be known.
    pub remarks: Vec<String>,
}

impl Driver {
    /// Asks the engine.
    pub fn facts(&mut self) -> EngineFacts {
        let mut facts = match self {
            Self::Slurm(_) => slurm(),
            Self::Ssh(ssh) => EngineFacts {
                version: "ssh".to_owned(),
                troubles: ssh.foreign_versions(),
                ..EngineFacts::default()
            },
            Self::Scripted(_) => EngineFacts {
                version: "command".to_owned(),
                ..EngineFacts::default()
            },
        };
        if let Err(why) = self.list() {
            facts.troubles.push(format!("does not answer: {}", why.0));
        }
        facts
    }
}

fn slurm() -> EngineFacts {
    let said = |argv: &[&str]| {
        let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
        let answer = call(&argv, "").ok()?;
        (answer.code == Some(0)).then_some(answer.out)
    };
    let version =
        said(&["sbatch", "--version"]).map_or_else(|| "slurm".to_owned(), |text| text.trim().to_owned());
    let config = said(&["scontrol", "show", "config"]).unwrap_or_default();
    EngineFacts {
        version,
        troubles: Vec::new(),
        remarks: about_processes(&config).into_iter().collect(),
    }
}

/// What the engine's configuration means for the processes of a job.
fn about_processes(config: &str) -> Option<String> {
    let line = config.lines().find(|line| line.starts_with("ProctrackType"))?;
    let kind = line.split_once('=')?.1.trim();
    (!kind.contains("cgroup")).then(|| {
        format!(
            "ProctrackType is {kind}: processes of a killed job can stay, which proctrack/cgroup prevents"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_control_groups_end_every_process() {
        let about =
            |kind: &str| about_processes(&format!("Prolog = x\nProctrackType           = {kind}\nA = b\n"));
        assert_eq!(about("proctrack/cgroup"), None);
        assert!(about("proctrack/linuxproc").unwrap().contains("linuxproc"));
        assert_eq!(about_processes(""), None);
    }
}
