//! What an engine is asked for when it is given a job.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::plan::format_duration;

/// The needs of a job. They are passed to the engine as they are written, and what is not written is left to the engine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobNeeds {
    /// Processors.
    pub cpus: Option<u32>,
    /// Memory.
    pub memory: Option<String>,
    /// GPUs.
    pub gpus: Option<String>,
    /// The partition.
    pub partition: Option<String>,
    /// The account.
    pub account: Option<String>,
    /// The job's limit.
    pub time: Option<Duration>,
    /// Further options of the engine's program.
    pub args: Vec<String>,
}

impl JobNeeds {
    /// These needs where they are written, else the others. Options add up, because the engine's program follows the last.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self {
            cpus: self.cpus.or(other.cpus),
            memory: self.memory.or_else(|| other.memory.clone()),
            gpus: self.gpus.or_else(|| other.gpus.clone()),
            partition: self.partition.or_else(|| other.partition.clone()),
            account: self.account.or_else(|| other.account.clone()),
            time: self.time.or(other.time),
            args: other.args.iter().cloned().chain(self.args).collect(),
        }
    }

    /// The needs in words.
    pub fn words(&self) -> String {
        let named = [
            ("cpus", self.cpus.map(|cpus| cpus.to_string())),
            ("memory", self.memory.clone()),
            ("gpus", self.gpus.clone()),
            ("partition", self.partition.clone()),
            ("account", self.account.clone()),
            ("time", self.time.map(format_duration)),
            ("args", (!self.args.is_empty()).then(|| self.args.join(" "))),
        ];
        let words = named
            .into_iter()
            .filter_map(|(key, value)| Some(format!("{key} {}", value?)));
        words.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_phase_comes_before_the_plan_and_the_plan_before_the_executor() {
        let needs = |cpus, memory: Option<&str>, arg: &str| JobNeeds {
            cpus,
            memory: memory.map(str::to_owned),
            args: vec![arg.to_owned()],
            ..JobNeeds::default()
        };
        let executor = needs(Some(1), Some("1G"), "-a");
        let plan = needs(None, Some("2G"), "-b");
        let phase = needs(Some(3), None, "-c");
        assert_eq!(
            phase.or(&plan).or(&executor).words(),
            "cpus 3, memory 2G, args -a -b -c"
        );
    }
}
