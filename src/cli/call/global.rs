//! The options that every command has.

use std::path::PathBuf;

/// Options of every command.
#[derive(Debug, Clone, clap::Args)]
pub struct GlobalArgs {
    /// Run in this folder
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub dir: Option<PathBuf>,
    /// The manifest [default: the nearest plans.toml]
    #[arg(long, value_name = "FILE", global = true)]
    pub manifest: Option<PathBuf>,
    /// The plan [default: ORCH_PLAN, else the worktree's]
    #[arg(long, value_name = "NAME", global = true)]
    pub plan: Option<String>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// When to use colour
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto")]
    pub color: clap::ColorChoice,
    /// Print less
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print more
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
}
