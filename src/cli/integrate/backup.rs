//! `orch backup`

use std::path::PathBuf;

use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;

use crate::git::{self, Kept, KeptError, Repository, WorktreeAdmin};
use crate::journal::SCHEMA;

use crate::cli::call::{CliError, Context, ProgramExit, output};

/// List and restore backups
///
/// `orch` makes a backup of everything that it replaces or removes.
#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    #[command(subcommand)]
    what: BackupAction,
}

#[derive(Debug, Subcommand)]
enum BackupAction {
    /// List backups
    List {
        /// Only this plan
        #[arg(id = "about", value_name = "PLAN")]
        plan: Option<String>,
    },
    /// Show what is in a backup
    Show {
        /// As in `orch backup list`
        #[arg(value_name = "PLAN/TIME")]
        backup: String,
    },
    /// Restore a backup to a new branch or worktree; overwrite nothing
    Restore {
        /// As in `orch backup list`
        #[arg(value_name = "PLAN/TIME")]
        backup: String,
        /// The new branch [default: restored/PLAN/TIME]
        #[arg(long, value_name = "BRANCH")]
        to: Option<String>,
        /// A new worktree instead; uncommitted work is uncommitted again
        #[arg(long, value_name = "DIR", conflicts_with = "to")]
        worktree: Option<PathBuf>,
    },
    /// Delete a backup whose commit is held elsewhere too
    Drop {
        /// As in `orch backup list`
        #[arg(value_name = "PLAN/TIME")]
        backup: String,
    },
}

#[derive(Debug, Serialize)]
struct BackupListOutput {
    schema: u32,
    backups: Vec<BackupOutput>,
}

#[derive(Debug, Serialize)]
struct BackupOutput {
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<u32>,
    name: String,
    #[serde(rename = "ref")]
    reference: String,
    commit: String,
    base: Option<String>,
    at: Option<Timestamp>,
    kind: &'static str,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<File>>,
}

#[derive(Debug, Serialize)]
struct File {
    status: char,
    path: String,
}

impl BackupOutput {
    fn of(kept: &Kept) -> Self {
        Self {
            schema: None,
            name: kept.name.clone(),
            reference: kept.backup.name.clone(),
            commit: kept.backup.commit.to_string(),
            base: kept.base.as_ref().map(ToString::to_string),
            at: Timestamp::from_second(kept.seconds).ok(),
            kind: if kept.uncommitted {
                "uncommitted"
            } else {
                "commits"
            },
            subject: kept.subject.clone(),
            files: None,
        }
    }
}

/// Runs the command.
///
/// # Errors
///
/// Returns an error when there is no such backup, or an obstacle prevents restoring it.
pub fn run(context: &Context, args: &BackupArgs) -> Result<ProgramExit, CliError> {
    let repo = context.repository()?;
    match &args.what {
        BackupAction::List { plan } => list(context, &repo, plan.as_deref().or(context.plan.as_deref()))?,
        BackupAction::Show { backup } => show(context, &repo, &find(&repo, backup)?)?,
        BackupAction::Restore {
            backup,
            to,
            worktree: None,
        } => {
            let kept = find(&repo, backup)?;
            let branch = to.clone().unwrap_or_else(|| format!("restored/{}", kept.name));
            git::keep::restore_to_branch(&repo, &kept, &branch).map_err(refused)?;
            done(
                context,
                &format!("{} is on the branch `{branch}`\n", kept.name),
                serde_json::json!({ "schema": SCHEMA, "restored": kept.name, "branch": branch }),
            )?;
        }
        BackupAction::Restore {
            backup,
            worktree: Some(folder),
            ..
        } => {
            let kept = find(&repo, backup)?;
            let folder = context.dir.join(folder);
            git::keep::restore_to_worktree(&WorktreeAdmin::new(&repo), &kept, &folder).map_err(refused)?;
            let how = if kept.uncommitted { ", uncommitted" } else { "" };
            done(
                context,
                &format!("{} is in {}{how}\n", kept.name, folder.display()),
                serde_json::json!({ "schema": SCHEMA, "restored": kept.name, "worktree": folder }),
            )?;
        }
        BackupAction::Drop { backup } => {
            let kept = find(&repo, backup)?;
            git::keep::drop_kept(&repo, &kept).map_err(refused)?;
            done(
                context,
                &format!("dropped {} ({})\n", kept.name, kept.backup.commit.short()),
                serde_json::json!({ "schema": SCHEMA, "dropped": kept.name, "commit": kept.backup.commit }),
            )?;
        }
    }
    Ok(ProgramExit::Done)
}

fn done(context: &Context, text: &str, json: serde_json::Value) -> Result<(), CliError> {
    if context.json {
        output::json(&json)
    } else {
        output::text(text)
    }
}

fn find(repo: &Repository, name: &str) -> Result<Kept, CliError> {
    git::keep::kept_as(repo, name).map_err(refused)
}

fn refused(error: KeptError) -> CliError {
    let text = error.to_string();
    match error {
        KeptError::Git(error) => error.into(),
        KeptError::Unknown(_) => CliError::refused(text).with_hint("`orch backup list` names them"),
        KeptError::OnlyHolder(name) => CliError::refused(text).with_hint(format!(
            "`orch backup restore {name}` puts it on a branch; then it can be dropped"
        )),
        KeptError::BranchTaken { .. } | KeptError::BadBranch(_) => {
            CliError::refused(text).with_hint("`--to BRANCH` names the branch to make")
        }
        KeptError::FolderTaken(_) => CliError::refused(text),
    }
}

fn list(context: &Context, repo: &Repository, plan: Option<&str>) -> Result<(), CliError> {
    let prefix = plan.map(|plan| format!("{}/", plan.trim_end_matches('/')));
    let all = git::keep::kept(repo, prefix.as_deref().unwrap_or_default())?;
    if context.json {
        return output::json(&BackupListOutput {
            schema: SCHEMA,
            backups: all.iter().map(BackupOutput::of).collect(),
        });
    }
    let widest = all.iter().map(|kept| kept.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for kept in &all {
        let shown = BackupOutput::of(kept);
        text += &format!(
            "{:widest$}  {}  {:11}  {}\n",
            shown.name,
            kept.backup.commit.short(),
            shown.kind,
            shown.subject
        );
    }
    if text.is_empty() {
        text = "no backups\n".to_owned();
    }
    output::text(&text)
}

fn show(context: &Context, repo: &Repository, kept: &Kept) -> Result<(), CliError> {
    let files = git::keep::kept_files(repo, kept)?;
    let mut shown = BackupOutput::of(kept);
    if context.json {
        shown.schema = Some(SCHEMA);
        let file = |(status, path): (char, PathBuf)| File {
            status,
            path: path.to_string_lossy().into_owned(),
        };
        shown.files = Some(files.into_iter().map(file).collect());
        return output::json(&shown);
    }
    let what = if kept.uncommitted {
        "uncommitted work on"
    } else {
        "commits up to"
    };
    let on = kept
        .base
        .as_ref()
        .filter(|_| kept.uncommitted)
        .unwrap_or(&kept.backup.commit);
    let mut text = format!("{}: {what} {}\n{}\n", kept.name, on.short(), kept.subject);
    for (letter, path) in &files {
        text += &format!("  {letter} {}\n", path.display());
    }
    text += &format!(
        "bring it back: orch backup restore {0} [--to BRANCH | --worktree DIR]\nits changes:   git show -m --first-parent {1}\n",
        kept.name, kept.backup.name
    );
    output::text(&text)
}
