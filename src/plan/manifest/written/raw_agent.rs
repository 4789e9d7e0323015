//! The tables of agents and executors as written.

use schemars::JsonSchema;
use toml::de::DeValue;

use crate::plan::manifest::written::at::{Located, NamedTable};
use crate::plan::manifest::written::raw_job::EngineAmount;
use crate::plan::manifest::written::reader::{FromToml, ManifestReader, Spot};
use crate::plan::manifest::written::tables::tables;
use crate::plan::manifest::written::values::{
    Amount, Count, EngineWord, FarPlace, Permissions, PositiveDuration, Text,
};
use crate::plan::manifest::written::words::{EngineKind, Events, Preset, Report, Stdin, Stop};
use crate::plan::{ExecutorName, SubmitRate};

tables! {
    /// An agent: a command template.
    RawAgent = "agents" {
        /// A program that is known by name. Default: the agent's own name, when it is one of them.
        preset: Preset,
        /// Program and arguments, with {prompt_file}, {prompt}, {plan}, {worktree}, {model}, {status_file}, {branch},
        /// {git_dir}, {git_common_dir}, {settings_file}. Default: the preset's.
        #[schemars(example = ["my-agent", "{prompt_file}"])]
        command: Vec<Located<String>>,
        /// The same to continue a conversation, with {session}; empty: each attempt begins a new one. Default: the preset's.
        #[schemars(example = ["my-agent", "--continue", "{session}"])]
        resume: Vec<Located<String>>,
        /// What `orch attach` runs to continue a conversation, with {session}; empty: a shell. Default: the preset's.
        #[schemars(example = ["my-agent", "--continue", "{session}"])]
        attach: Vec<Located<String>>,
        /// Options that let it work without asking, instead of the preset's; with `events = "acp"`: "allow", "ask" or "deny".
        #[schemars(example = ["--yes"])]
        permissions: Permissions,
        /// Further arguments for the preset's command.
        #[schemars(example = ["--verbose"])]
        args: Vec<Located<String>>,
        /// How its output tells what it does. Default: the preset's, else by the program's name.
        events: Events,
        /// Signals that ask it to end, in order, within `grace`; KILL follows. Default: the preset's, else ["TERM"].
        stop: Vec<Located<Stop>>,
        /// What its standard input holds. Default: the preset's, else "none".
        stdin: Stdin,
        /// True gives its program the tools of `orch mcp`, beside the commands. Default: false.
        mcp: bool,
        /// What it has to say about its work. Default: that of `[run]`, else the preset's, else "auto".
        report: Report,
        /// Where its attempts run. Default: from `[run]`.
        executor: ExecutorName,
        /// How many processes of it run at once. Default: as many as there are slots.
        max: Count,
        /// The value of {model}.
        #[schemars(example = &"large")]
        model: Text,
        /// Additional environment.
        env: NamedTable<String>,
        /// Several accounts of it, each a table of environment variables; used in turn.
        accounts: NamedTable<NamedTable<String>>,
        /// What its tokens cost, for one that does not say so itself.
        price: RawPrice,
    }

    /// What a million tokens cost, in the money of `budget`.
    RawPrice = "price" {
        /// Of input.
        input: Amount,
        /// Of input that was read from a cache. Default: as `input`.
        cached: Amount,
        /// Of output.
        output: Amount,
    }

    /// A cluster that attempts may be handed over to.
    RawExecutor = "executors" {
        /// Its engine.
        kind: EngineKind,
        /// A bare repository that the nodes reach: an absolute path or a URL, as they name it.
        hub: FarPlace,
        /// The same, as this machine names it. Default: `hub`.
        hub_here: FarPlace,
        /// A folder on each node's own disk. Default: "/tmp".
        scratch: FarPlace,
        /// How many attempts it is given at once. Default: 50; for `ssh`, the slots of all hosts.
        slots: Count,
        /// How long a job must be over before an attempt without an end counts as lost. Default: "60s".
        settle: PositiveDuration,
        /// How many jobs its engine is given at most within a second, minute or hour. Default: "60/min".
        submit_rate: SubmitRate,
        /// How long nothing may be heard from a node before people are told. Default: "3m".
        silent_after: PositiveDuration,
        /// This program on the nodes, for `slurm` and `ssh`. Default: "orch".
        program: EngineWord,
        /// Processors of each job, for `slurm` and `command`.
        cpus: Count,
        /// Its memory, as the engine writes it, for `slurm` and `command`.
        #[schemars(example = &"8G")]
        memory: Text,
        /// Its GPUs, for `slurm` and `command`: a number, or what the engine writes.
        gpus: EngineAmount,
        /// The partition, or queue, for `slurm` and `command`.
        #[schemars(example = &"long")]
        partition: Text,
        /// The account that pays, for `slurm` and `command`.
        #[schemars(example = &"physics")]
        account: Text,
        /// The limit of each job. Default: `timeout`, `grace` and ten minutes.
        time: PositiveDuration,
        /// Options of `sbatch` or `ssh`.
        args: Vec<Located<EngineWord>>,
        /// The hosts, for `ssh`.
        hosts: Vec<Located<RawHost>>,
        /// Program and arguments that hand a job over, for `command`.
        submit: Vec<Located<EngineWord>>,
        /// Program and arguments that print the jobs, for `command`.
        list: Vec<Located<EngineWord>>,
        /// Program and arguments that end a job, for `command`.
        cancel: Vec<Located<EngineWord>>,
        /// Program and arguments that print a running job's log, for `command`. Default: none.
        tail: Vec<Located<EngineWord>>,
    }

    /// A host that is reached by ssh.
    RawHost = "hosts" {
        /// Its name in ssh's configuration.
        #[schemars(example = &"gpu1")]
        name: EngineWord,
        /// How many attempts run there at once. Default: 1.
        slots: Count,
    }
}
