//! The whole command line: common options, the commands, and the way from arguments to an exit code.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::schedule::Steer;

use super::agents::{mcp, prompt, skill, task};
use super::call::{Context, GlobalArgs, ProgramExit};
use super::help;
use super::integrate::{backup, clean, merge, redo, revert, review};
use super::look::{
    conflicts, diff, digest, events, graph, logs, report, serve, simulate, status, top, train, why,
};
use super::maintain::{completions, doctor, man, schema};
use super::start::{check, demo, edit, init, lsp, new, preview, up};
use super::steer::{answer, attach, down, inbox, send, unit};

/// Run many coding agents on one git repository
///
/// `plans.toml` lists plans, priorities and dependencies. `orch up` gives every plan a worktree and a branch, starts agents,
/// and schedules by dependency. `orch merge` lands finished branches, verified, in order.
#[derive(Debug, Parser)]
#[command(name = "orch", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = EXIT_CODES)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done; 1 something failed or needs a person; 2 wrong use, invalid manifest, or \
                          refused; 3 nothing to drive, or another supervisor holds the repository; 70 a bug; 130 \
                          interrupted";

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::InitArgs),
    New(new::NewArgs),
    Edit(edit::EditArgs),
    Demo(demo::DemoArgs),
    Check(check::CheckArgs),
    Lsp(lsp::LspArgs),
    Preview(preview::PreviewArgs),
    Graph(graph::GraphArgs),
    Prompt(prompt::PromptArgs),
    Up(up::UpArgs),
    #[command(visible_aliases = ["st", "ls"])]
    Status(status::StatusArgs),
    Top(top::TopArgs),
    Why(why::WhyArgs),
    Train(train::TrainArgs),
    Digest(digest::DigestArgs),
    Simulate(simulate::SimulateArgs),
    #[command(visible_alias = "log")]
    Logs(logs::LogsArgs),
    Events(events::EventsArgs),
    Serve(serve::ServeArgs),
    Down(down::DownArgs),
    Pause(unit::PauseArgs),
    /// Continue after a pause
    Resume(unit::SteerArgs),
    /// Try failed, held, skipped or cancelled work again
    ///
    /// Work that was skipped because of it is tried again too.
    Retry(unit::SteerArgs),
    /// Leave out a plan, phase or task
    ///
    /// Dependents of a phase or task continue without it.
    Skip(unit::SteerArgs),
    /// Stop a plan, phase or task for good
    ///
    /// Its dependents are skipped.
    Cancel(unit::SteerArgs),
    /// Open a gate that waits for a person (gate = "approve")
    Approve(unit::SteerArgs),
    Answer(answer::AnswerArgs),
    Send(send::SendArgs),
    Inbox(inbox::InboxArgs),
    Attach(attach::AttachArgs),
    Task(task::TaskArgs),
    Mcp(mcp::McpArgs),
    Skill(skill::SkillArgs),
    Conflicts(conflicts::ConflictsArgs),
    Diff(diff::DiffArgs),
    Merge(merge::MergeArgs),
    Review(review::ReviewArgs),
    Redo(redo::RedoArgs),
    Revert(revert::RevertArgs),
    Clean(clean::CleanArgs),
    Report(report::ReportArgs),
    History(report::HistoryArgs),
    Backup(backup::BackupArgs),
    Doctor(doctor::DoctorArgs),
    Schema(schema::SchemaArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Returns true when an invalid command line nevertheless asks for JSON.
fn asks_for_json(arguments: impl Iterator<Item = std::ffi::OsString>) -> bool {
    arguments
        .take_while(|argument| argument != "--")
        .any(|argument| argument == "--json")
}

/// Returns a command-line error as JSON, like every other error.
fn wrong_use(error: &clap::Error) -> serde_json::Value {
    let said = error.render().to_string();
    let mut parts = said.split("\n\n").map(str::trim).filter(|part| !part.is_empty());
    let message = parts.next().unwrap_or_default().trim_start_matches("error: ");
    let hints: Vec<&str> = parts.map(|part| part.trim_start_matches("tip: ")).collect();
    serde_json::json!({
        "schema": crate::journal::SCHEMA,
        "error": message,
        "hints": hints,
        "faults": null,
    })
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let parsed = help::grouped(Cli::command()).try_get_matches();
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; everything else is wrong use. A closed pipe is not an error.
            let code = if error.use_stderr() {
                ProgramExit::Usage
            } else {
                ProgramExit::Done
            };
            let _ = error.print();
            if code == ProgramExit::Usage && asks_for_json(std::env::args_os()) {
                let _ = writeln!(std::io::stdout(), "{}", wrong_use(&error));
            }
            return code.into();
        }
    };
    let context = match Context::new(&cli.global) {
        Ok(context) => context,
        Err(error) => return error.report(false),
    };
    let result = match &cli.command {
        Command::Init(args) => init::run(&context, args),
        Command::New(args) => new::run(&context, args),
        Command::Edit(args) => edit::run(&context, args),
        Command::Demo(args) => demo::run(&context, args),
        Command::Check(args) => check::run(&context, args),
        Command::Lsp(args) => lsp::run(&context, args),
        Command::Preview(args) => preview::run(&context, args),
        Command::Prompt(args) => prompt::run(&context, args),
        Command::Graph(args) => graph::run(&context, args),
        Command::Up(args) => up::run(&context, args),
        Command::Status(args) => status::run(&context, args),
        Command::Top(args) => top::run(&context, args),
        Command::Why(args) => why::run(&context, args),
        Command::Digest(args) => digest::run(&context, args),
        Command::Train(args) => train::run(&context, args),
        Command::Simulate(args) => simulate::run(&context, args),
        Command::Logs(args) => logs::run(&context, args),
        Command::Events(args) => events::run(&context, args),
        Command::Serve(args) => serve::run(&context, args),
        Command::Down(args) => down::run(&context, args),
        Command::Pause(args) => {
            let (steer, steered) = args.steer();
            unit::run(&context, steered, steer)
        }
        Command::Resume(args) => unit::run(&context, args, Steer::Resume),
        Command::Retry(args) => unit::run(&context, args, Steer::Retry),
        Command::Skip(args) => unit::run(&context, args, Steer::Skip),
        Command::Cancel(args) => unit::run(&context, args, Steer::Cancel),
        Command::Approve(args) => unit::run(&context, args, Steer::Approve),
        Command::Answer(args) => answer::run(&context, args),
        Command::Send(args) => send::run(&context, args),
        Command::Inbox(args) => inbox::run(&context, args),
        Command::Attach(args) => attach::run(&context, args),
        Command::Skill(args) => skill::run(&context, args),
        Command::Task(args) => task::run(&context, args),
        Command::Mcp(args) => mcp::run(&context, args),
        Command::Conflicts(args) => conflicts::run(&context, args),
        Command::Diff(args) => diff::run(&context, args),
        Command::Merge(args) => merge::run(&context, args),
        Command::Report(args) => report::report(&context, args),
        Command::History(args) => report::history(&context, args),
        Command::Review(args) => review::run(&context, args),
        Command::Redo(args) => redo::run(&context, args),
        Command::Revert(args) => revert::run(&context, args),
        Command::Clean(args) => clean::run(&context, args),
        Command::Backup(args) => backup::run(&context, args),
        Command::Doctor(args) => doctor::run(&context, args),
        Command::Schema(args) => schema::run(&context, args),
        Command::Completions(args) => completions::run(Cli::command(), args),
        Command::Man(args) => man::run(&context, Cli::command(), args),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => error.report(context.json),
    }
}
