//! The `orch` program: a thin entry to the library.

#![allow(clippy::disallowed_methods, reason = "the program itself meets the world")]

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    // A runner must not pay for anything that only commands need.
    if let [_, first, folder] = arguments.as_slice()
        && first == orch::agent::RUNNER_ARGUMENT
    {
        return match orch::agent::run_job(folder.as_ref()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    if let [_, first, call] = arguments.as_slice()
        && first == orch::agent::ACP_ARGUMENT
    {
        return orch::agent::run_acp(&call.to_string_lossy());
    }
    if let [_, first] = arguments.as_slice()
        && first == orch::supervisor::NODE_ARGUMENT
    {
        return orch::supervisor::run_node();
    }
    if let [_, first, call @ ..] = arguments.as_slice()
        && first == orch::supervisor::NODE_ARGUMENT
    {
        let words: Vec<String> = call
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        return orch::supervisor::run_call(&words);
    }
    match std::panic::catch_unwind(orch::cli::main) {
        Ok(code) => code,
        Err(_) => {
            eprintln!("orch: this is a bug. Nothing that was recorded is lost: `orch up` continues.");
            orch::cli::ProgramExit::Bug.into()
        }
    }
}
