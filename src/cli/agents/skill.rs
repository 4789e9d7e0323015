//! `orch skill`

use anyhow::Context as _;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::journal::SCHEMA;

use crate::cli::call::{CliError, Context, ProgramExit, output};

/// The skill text.
const SKILL: &str = include_str!("../../../templates/skill.md");

/// Write a skill file that teaches agents `orch task`
#[derive(Debug, clap::Args)]
pub struct SkillArgs {
    #[command(subcommand)]
    action: SkillAction,
}

#[derive(Debug, clap::Subcommand)]
enum SkillAction {
    /// Print the skill
    Show,
    /// Write the skill for these agents; overwrite nothing
    Install {
        /// The agents
        #[arg(required = true, value_enum)]
        agents: Vec<SkillAgent>,
    },
}

/// A program that reads skills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum SkillAgent {
    /// .claude/skills
    Claude,
    /// .agents/skills, which other programs read too
    Codex,
}

impl SkillAgent {
    fn folder(self) -> &'static str {
        match self {
            Self::Claude => ".claude/skills",
            Self::Codex => ".agents/skills",
        }
    }
}

#[derive(Debug, Serialize)]
struct Installed {
    file: PathBuf,
    /// False when the file already existed.
    written: bool,
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when a file with other contents exists, or the file cannot be written.
pub fn run(context: &Context, args: &SkillArgs) -> Result<ProgramExit, CliError> {
    let agents = match &args.action {
        SkillAction::Show => {
            output::text(SKILL)?;
            return Ok(ProgramExit::Done);
        }
        SkillAction::Install { agents } => agents,
    };
    let top = context.repository()?.here().to_owned();
    let file = |agent: &SkillAgent| top.join(agent.folder()).join("orch-tasks/SKILL.md");
    // All or nothing: check all files before writing any.
    for path in agents.iter().map(file) {
        if path.symlink_metadata().is_ok() && fs::read_to_string(&path).ok().as_deref() != Some(SKILL) {
            return Err(
                CliError::refused(format!("{} exists with other contents", path.display())).with_hint(
                    "it was not changed: move it away to get the current one, or compare it with `orch skill show`",
                ),
            );
        }
    }
    let mut installed = Vec::new();
    for path in agents.iter().map(file) {
        let written = write_new(&path)?;
        installed.push(Installed { file: path, written });
    }
    if context.json {
        output::json(&serde_json::json!({ "schema": SCHEMA, "installed": installed }))?;
    } else if !context.quiet {
        for one in &installed {
            let verb = if one.written { "wrote" } else { "is there:" };
            output::text(&format!("{verb} {}\n", one.file.display()))?;
        }
        anstream::eprintln!("next: commit it, so that every worktree has it");
    }
    Ok(ProgramExit::Done)
}

/// Writes the skill unless the file exists. Returns false when it exists.
fn write_new(path: &std::path::Path) -> Result<bool, CliError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    match fs::File::create_new(path) {
        Ok(mut file) => {
            file.write_all(SKILL.as_bytes())
                .with_context(|| format!("cannot write {}", path.display()))?;
            Ok(true)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error).with_context(|| format!("cannot write {}", path.display()))?,
    }
}
