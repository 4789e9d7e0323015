//! `orch demo`

mod site;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::JoinHandle;

use anyhow::Context as _;

use crate::git;
use crate::plan::PlanState;
use crate::supervisor::{Depth, Goal, Project, Situation};

use super::up;
use crate::cli::call::{CliError, Context, ProgramExit, output};
use crate::cli::look::{self, top};

/// Make a small repository with three plans and run them
///
/// Needs no network and no key.
#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// An empty or new folder [default: a temporary folder, which is kept]
    #[arg(value_name = "DIR")]
    into: Option<PathBuf>,
    /// Show it in a browser too, until interrupted
    #[arg(long)]
    serve: bool,
    /// Watch and steer it full screen, as with `orch top`
    #[arg(long, conflicts_with = "serve")]
    top: bool,
}

const STORY: &str = "\
three plans, each with a branch, a worktree and a scripted agent:
  auth     priority high, three phases
  billing  priority low, waits for phase 2 of auth
  docs     priority medium, waits for nothing
";

/// Runs the command.
///
/// # Errors
///
/// Returns an error when the folder cannot be used, or the run cannot be driven.
pub fn run(context: &Context, args: &DemoArgs) -> Result<ProgramExit, CliError> {
    if args.top {
        top::require_terminal(context)?;
    }
    crate::git::require_git()?;
    let is_watched = args.top || args.serve;
    let top = site::make(context, args.into.as_deref(), is_watched)?;
    let project = Project::open(&top, None)?;
    if !context.quiet {
        anstream::eprintln!("made {}\n{STORY}", top.display());
    }
    if args.top {
        return beside(context, &project, &top);
    }
    let pages = args.serve.then(|| serve(context, &top));
    let goal = Goal::Up {
        only: Vec::new(),
        merge: true,
        wait: false,
    };
    let exit = up::conduct(context, &project, &goal)?.exit;
    if !context.json {
        // With pages, their address stays on the screen.
        if !args.serve {
            show_history(&project)?;
        }
        output::text(&further(&top, exit))?;
    }
    if let Some(pages) = pages
        && exit != ProgramExit::Interrupted
    {
        if !context.quiet {
            anstream::eprintln!("\nthe pages are there until you press Ctrl-C");
        }
        // Serving ends with the signal, and then returns its error, if any.
        let served = pages.join();
        return served.unwrap_or(Ok(ProgramExit::Bug));
    }
    Ok(match exit {
        ProgramExit::Done if !has_landed(&project)? => ProgramExit::Trouble,
        exit => exit,
    })
}

/// Serves the pages of the demo in the background, on a free port, and opens them.
fn serve(context: &Context, top: &Path) -> JoinHandle<Result<ProgramExit, CliError>> {
    let context = Context {
        dir: top.to_owned(),
        manifest: None,
        ..context.clone()
    };
    std::thread::spawn(move || look::serve::run(&context, &look::serve::ServeArgs::on_a_free_port()))
}

/// Runs the demo in the background and shows it full screen.
fn beside(context: &Context, project: &Project, folder: &Path) -> Result<ProgramExit, CliError> {
    let mut up = std::process::Command::new(&project.program);
    // It names commands for the folder in which it runs.
    up.stdout(Stdio::null())
        .arg("-C")
        .arg(folder)
        .args(["up", "--merge", "--detach", "--quiet"]);
    if !up.status().context("cannot start a supervisor")?.success() {
        return Ok(ProgramExit::Trouble);
    }
    let there = Context {
        dir: folder.to_owned(),
        manifest: None,
        plan: None,
        ..context.clone()
    };
    let exit = top::full_screen(&there, false)?;
    if Situation::look(project)?.driven {
        output::text(&background(folder))?;
    }
    output::text(&further(folder, exit))?;
    Ok(exit)
}

fn has_landed(project: &Project) -> Result<bool, CliError> {
    let view = Situation::look(project)?.view(project, Depth::Branches)?;
    Ok(view.plans.iter().all(|plan| plan.state == PlanState::Landed))
}

fn show_history(project: &Project) -> Result<(), CliError> {
    let colour = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
    let history = git::repo::history_graph(&project.repo, &project.target, colour)?;
    output::text(&format!("\nthe history of {}:\n{history}", project.target))
}

/// The program's name with the option for this folder, ready to be copied.
fn orch_in(folder: &Path) -> String {
    format!("orch -C {}", quoted(&folder.to_string_lossy()))
}

/// How to watch and stop a run that goes on.
fn background(folder: &Path) -> String {
    let orch = orch_in(folder);
    format!("driving in the background; `{orch} status --watch` shows it, `{orch} down` stops it\n")
}

/// Returns further commands, ready to be copied.
fn further(top: &Path, exit: ProgramExit) -> String {
    let orch = orch_in(top);
    let commands = [
        ("status", "every plan in one table"),
        ("status auth", "one plan, with its attempts"),
        ("why billing", "why a plan is in its state"),
        ("logs docs", "its agent's output"),
        ("events", "all that happened, in order"),
        ("diff billing", "what a plan changed"),
        ("clean", "remove landed worktrees"),
    ];
    let mut text = match exit {
        ProgramExit::Done => String::new(),
        _ => format!("\nto continue:\n  {orch} up --merge\n"),
    };
    text += "\nlook further:\n";
    for (command, what) in commands {
        text += &format!("  {orch} {command:<12}  # {what}\n");
    }
    text
}

/// Quotes the text as one shell word.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_for_a_run_in_the_background_name_its_folder() {
        assert_eq!(
            background(Path::new("/tmp/my demo")),
            "driving in the background; `orch -C '/tmp/my demo' status --watch` shows it, `orch -C '/tmp/my demo' down` stops it\n"
        );
    }

    #[test]
    fn folders_with_spaces_and_quotes_can_be_pasted_into_a_shell() {
        assert_eq!(quoted("/home/me/demo"), "/home/me/demo");
        assert_eq!(quoted("/home/my self"), "'/home/my self'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
