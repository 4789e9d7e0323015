//! The manifest as written: every table with every key it may have.
//!
//! Agents and executors are in `raw_agent`.

use std::path::PathBuf;

use schemars::JsonSchema;
use toml::de::DeValue;

use crate::plan::manifest::written::at::{Located, NamedTable};
use crate::plan::manifest::written::due_date::DueDate;
use crate::plan::manifest::written::raw_agent::{RawAgent, RawExecutor};
use crate::plan::manifest::written::raw_job::RawJob;
use crate::plan::manifest::written::reader::{FromToml, ManifestReader, Spot};
use crate::plan::manifest::written::resource::ResourceEntry;
use crate::plan::manifest::written::tables::tables;
use crate::plan::manifest::written::values::{
    AutoOrCount, Count, Delay, DurationText, Glob, Money, PositiveDuration, Share, SizeText, Text,
};
use crate::plan::manifest::written::words::{
    Clean, Commit, Dispatch, Gate, Landing, Merge, OnConflict, OnStuck, Overlap, PlanGate, Report, Strategy,
};
use crate::plan::{AgentName, Currency, Dependency, ExecutorName, Priority, ResourceName};

tables! {
    /// `plans.toml`: run settings, agents, resources and plans.
    RawManifest = "manifest" {
        /// Version of this format: 1.
        #[schemars(example = 1)]
        schema: i64,
        /// Settings of the run, and defaults for plans.
        run: RawRun,
        /// Agents by name: command templates that do the work.
        agents: NamedTable<RawAgent>,
        /// Clusters that attempts may be handed over to, by name.
        executors: NamedTable<RawExecutor>,
        /// Tokens that phases claim while they run, by resource: a number, or a table.
        resources: NamedTable<ResourceEntry>,
        /// The merge queue.
        merge: RawMerge,
        /// Shell lines that run on events.
        hooks: RawHooks,
        /// After how long a wait is reported.
        escalate: RawEscalate,
        /// Points that several plans reach before any of them continues, by name.
        sync: NamedTable<RawSync>,
        /// People who own plans, by name.
        people: NamedTable<RawPerson>,
        /// Plans by name.
        plans: NamedTable<RawPlan>,
    }

    /// Settings of the run, and defaults for plans.
    RawRun = "run" {
        /// Where branches start: a branch, tag or commit. Default: the branch that is checked out.
        #[schemars(example = &"main")]
        base: Text,
        /// The branch that plans land on. Default: the base.
        #[schemars(example = &"main")]
        target: Text,
        /// Path of each plan's worktree, with {repo} and {plan}. Default: "../{repo}.worktrees/{plan}".
        #[schemars(example = &"../{repo}.worktrees/{plan}")]
        worktrees: Text,
        /// Name of each plan's branch, with {plan}. Default: "orch/{plan}".
        #[schemars(example = &"orch/{plan}")]
        branch: Text,
        /// The agent that works on plans which name none. Default: the only one defined.
        agent: AgentName,
        /// Several instead of `agent`: the next takes over from one that is limited, cannot start or has used up its retries.
        agents: Vec<Located<AgentName>>,
        /// How long an agent may be limited before the next of `agents` takes over. Default: "10m".
        fallback_after: PositiveDuration,
        /// How many agent processes run at once. Default: 4.
        max_agents: Count,
        /// Use fewer agents at once while parallel work gains too little. Default: false.
        fallback: bool,
        /// What one agent process is given. Default: "plan".
        dispatch: Dispatch,
        /// How the order of tasks is drawn. Default: "auto".
        strategy: Strategy,
        /// Share of a phase that lets the next one start. Default: 0.8.
        phase_threshold: Share,
        /// Lanes per plan in phase and task dispatch. Default: "auto".
        parallel_tasks: AutoOrCount,
        /// What happens with plans that touch the same files. Default: "warn".
        overlap: Overlap,
        /// What happens to changes that an agent leaves uncommitted. Default: "auto", they are committed.
        commit: Commit,
        /// What an agent has to say about its work. Default: the agent's.
        report: Report,
        /// Where attempts run: an executor, or "local". Default: "local".
        executor: ExecutorName,
        /// When finished plans land. Default: "manual", with `orch merge`.
        merge: Merge,
        /// Further attempts after a failure. Default: 2.
        #[schemars(example = 2)]
        retries: u32,
        /// Delay before the first retry; doubles, capped at ten minutes. Default: "10s".
        backoff: DurationText,
        /// Longest duration of one attempt. Default: "4h".
        timeout: PositiveDuration,
        /// How long output, status, files and processor time may all be still before a notice. Default: "30m".
        stuck_after: PositiveDuration,
        /// What follows when they stay so for as long again. Default: "notice", nothing more.
        on_stuck: OnStuck,
        /// From TERM to KILL. Default: "10s".
        grace: DurationText,
        /// Money over the run.
        budget: Money,
        /// The currency of budgets, prices and costs, as an ISO 4217 code. Default: "USD".
        currency: Currency,
        /// Ignored files to copy into new worktrees, besides those of `.worktreeinclude`: patterns as in `.gitignore`.
        #[schemars(example = [".env"])]
        copy: Vec<Located<Text>>,
        /// Shell line that runs once in each new worktree, before any agent works there.
        #[schemars(example = &"npm ci")]
        setup: Text,
        /// Free space on the disk of the worktrees below which none is made, such as "10 GB". Default: none.
        min_free_disk: SizeText,
    }

    /// The merge queue.
    RawMerge = "merge" {
        /// How plans come onto the target. Default: "merge".
        strategy: Landing,
        /// Shell line that must succeed on the merged tree before the target moves.
        #[schemars(example = &"make test")]
        verify: Text,
        /// True lets no plan land before a person has reviewed it. Default: false.
        review: bool,
        /// How many candidates are verified at once. Default: 1.
        verify_slots: Count,
        /// Longest duration of a verification. Default: from how long earlier ones took, 30 minutes at first.
        verify_timeout: PositiveDuration,
        /// What is removed from the worktree of a verification before each candidate. Default: "untracked".
        clean: Clean,
        /// What a conflict with the target leads to that needs somebody. Default: "hold".
        on_conflict: OnConflict,
        /// The agent that resolves conflicts, with `on_conflict = "agent"`. Default: the plan's own.
        resolver: AgentName,
        /// False lets a batch land on one verdict. Default: true.
        every_commit_green: bool,
        /// True tries unfinished branches together while nothing is to be merged. Default: false.
        early: bool,
        /// Generated files that are made again where they conflict, instead of being merged.
        regenerate: Vec<Located<RawRegenerate>>,
    }

    /// Generated files.
    RawRegenerate = "regenerate" {
        /// Which files: a glob from the repository's top.
        #[schemars(example = &"Cargo.lock")]
        path: Glob,
        /// Shell line that makes them, in a worktree with the rest merged.
        #[schemars(example = &"cargo generate-lockfile")]
        command: Text,
    }

    /// Shell lines that run on events.
    RawHooks = "hooks" {
        /// After a worktree was made.
        #[schemars(example = &"./scripts/created")]
        post_create: Text,
        /// Before a merge, which it can stop.
        #[schemars(example = &"make lint")]
        pre_merge: Text,
        /// After a merge.
        #[schemars(example = &"./scripts/landed")]
        post_merge: Text,
        /// Before a worktree is removed.
        #[schemars(example = &"./scripts/removed")]
        pre_remove: Text,
        /// When somebody should know; "desktop" for a notice on the desktop.
        #[schemars(example = &"./scripts/tell")]
        notify: Text,
        /// From time to time, with what has happened since.
        #[schemars(example = &"./scripts/tell")]
        digest: Text,
        /// How often that is. Default: "2h".
        digest_every: PositiveDuration,
    }

    /// After how long a wait is reported: a duration, "at once" or "never".
    RawEscalate = "escalate" {
        /// A plan is held by a conflict. Default: "2h".
        conflict: Delay,
        /// A plan waits for another one. Default: "4h".
        dependency: Delay,
        /// A plan waits for a person: at a gate, or held for another reason than a conflict. Default: "at once".
        gate: Delay,
        /// An agent asks a person. Default: "at once".
        question: Delay,
        /// An agent was found stuck. Default: "at once".
        stuck: Delay,
    }

    /// A point that several plans reach before any of them continues.
    RawSync = "sync" {
        /// What has to be reached: a plan, or the phase of one; what comes behind it waits for all the others.
        points: Vec<Located<Dependency>>,
        /// Shell line that must succeed on the commit of each point before the point counts as reached.
        #[schemars(example = &"make integration")]
        verify: Text,
    }

    /// A plan: one branch, one worktree, one document.
    RawPlan = "plans" {
        /// Its Markdown document, relative to the manifest.
        #[schemars(example = &"plans/auth.md")]
        file: PathBuf,
        /// Instead of a document: the text of a plan with one phase and one task.
        #[schemars(example = &"Update the licence year")]
        prompt: Text,
        /// high, medium, low, P0 to P3, or an integer (larger first). Default: the document's, else medium.
        priority: Priority,
        /// What the whole plan waits for: plan, plan.phase2, plan.2 or plan.2.3, each with an optional @landed.
        depends: Vec<Located<Dependency>>,
        /// Globs of files it touches, besides those its document names.
        touches: Vec<Located<Glob>>,
        /// Shell line that must succeed in its worktree before it counts as finished.
        #[schemars(example = &"make test")]
        verify: Text,
        /// Success criteria: shell lines that must all succeed in its worktree, after `verify`, before it counts as finished.
        #[schemars(example = ["test -f docs/auth.md"])]
        success: Vec<Located<Text>>,
        /// Files that must be committed on its branch before it counts as finished, as globs; `orch report` lists them.
        #[schemars(example = ["findings/**"])]
        outputs: Vec<Located<Glob>>,
        /// False waits for dependencies without merging what they made. Default: true.
        carry: bool,
        /// True when ending without a commit is success. Default: false.
        allow_empty: bool,
        /// Its branch's name. Default: from `[run]`.
        #[schemars(example = &"feature/auth")]
        branch: Text,
        /// Where its branch starts.
        #[schemars(example = &"main")]
        base: Text,
        /// The agent that works on it. Default: from `[run]`.
        agent: AgentName,
        /// Several instead of `agent`, which take over from each other in this order. Default: from `[run]`.
        agents: Vec<Located<AgentName>>,
        /// How long an agent may be limited before the next of `agents` takes over. Default: from `[run]`.
        fallback_after: PositiveDuration,
        /// What one agent process is given.
        dispatch: Dispatch,
        /// How the order of its tasks is drawn.
        strategy: Strategy,
        /// Share of a phase that lets the next one start. Default: 0.8.
        phase_threshold: Share,
        /// Its lanes in task dispatch.
        parallel_tasks: AutoOrCount,
        /// What happens with plans that touch the same files.
        overlap: Overlap,
        /// What happens to changes that an agent leaves uncommitted. Default: from `[run]`.
        commit: Commit,
        /// What an agent has to say about its work. Default: the agent's.
        report: Report,
        /// Where its attempts run: an executor, or "local". Default: the agent's, else that of `[run]`.
        executor: ExecutorName,
        /// What the engine is asked for, instead of what the executor says.
        job: RawJob,
        /// When it lands. Default: from `[run]`.
        merge: Merge,
        /// How it comes onto the target. Default: from `[merge]`.
        merge_strategy: Landing,
        /// Further attempts after a failure. Default: from `[run]`.
        #[schemars(example = 2)]
        retries: u32,
        /// Delay before the first retry. Default: from `[run]`.
        backoff: DurationText,
        /// Longest duration of one attempt. Default: from `[run]`.
        timeout: PositiveDuration,
        /// How long output, status, files and processor time may all be still. Default: from `[run]`.
        stuck_after: PositiveDuration,
        /// What follows when they stay so for as long again. Default: from `[run]`.
        on_stuck: OnStuck,
        /// From TERM to KILL. Default: from `[run]`.
        grace: DurationText,
        /// Estimate for one agent for the whole plan.
        expected: PositiveDuration,
        /// Money over the plan.
        budget: Money,
        /// Ignored files to copy into its worktrees, instead of those of `[run]`.
        #[schemars(example = [".env"])]
        copy: Vec<Located<Text>>,
        /// Shell line that runs once in each of its worktrees. Default: from `[run]`.
        #[schemars(example = &"npm ci")]
        setup: Text,
        /// What it waits for besides plans: approval before it begins, or a review before it lands.
        gate: PlanGate,
        /// Who answers for it: a name of `[people]`.
        #[schemars(example = &"ana")]
        owner: Text,
        /// The last day for it. Views say when it is expected later.
        due: DueDate,
        /// What one has to know for it.
        #[schemars(example = ["sql"])]
        skills: Vec<Located<Text>>,
        /// Settings of its phases, by number.
        phases: NamedTable<RawPhase>,
    }

    /// A person who owns plans.
    RawPerson = "people" {
        /// What the person knows.
        #[schemars(example = ["rust", "sql"])]
        skills: Vec<Located<Text>>,
    }

    /// Settings of a phase.
    RawPhase = "phases" {
        /// What the phase waits for.
        depends: Vec<Located<Dependency>>,
        /// Resources of which it holds one token each while it runs.
        uses: Vec<Located<ResourceName>>,
        /// How edges are drawn between its tasks and earlier ones. Default: the plan's.
        strategy: Strategy,
        /// Its own agent.
        agent: AgentName,
        /// Its own time-out.
        timeout: PositiveDuration,
        /// What the engine is asked for, instead of what the plan says.
        job: RawJob,
        /// Estimate for one agent.
        expected: PositiveDuration,
        /// What it waits for besides plans.
        gate: Gate,
        /// Shell line that must succeed on the commit with which it ends before it counts as done.
        #[schemars(example = &"make test")]
        verify: Text,
    }
}
