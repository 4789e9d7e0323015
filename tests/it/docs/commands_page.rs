//! `docs/commands.md` is made from the commands themselves, and what the pages show of manifests is read as one.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Arg, Command, CommandFactory};
use orch::cli::Cli;

use crate::support::Sandbox;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn describe(text: &mut String, command: &Command, path: &str, level: usize) {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let _ = write!(text, "\n{} {path}\n\n{about}\n", "#".repeat(level));
    let own = |arg: &&Arg| {
        !arg.is_global_set() && !arg.is_hide_set() && arg.get_id() != "help" && arg.get_id() != "version"
    };
    let arguments: Vec<&Arg> = command.get_arguments().filter(own).collect();
    if !arguments.is_empty() {
        text.push('\n');
        for argument in arguments {
            let _ = writeln!(text, "- {}: {}", spelled(argument), meaning(argument));
        }
    }
    for sub in command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
    {
        describe(
            text,
            sub,
            &format!("{path} {}", sub.get_name()),
            (level + 1).min(3),
        );
    }
}

fn spelled(argument: &Arg) -> String {
    let names: Vec<String> = argument
        .get_value_names()
        .unwrap_or_default()
        .iter()
        .map(|name| {
            if argument.is_positional() {
                name.to_string()
            } else {
                format!("<{name}>")
            }
        })
        .collect();
    let value = match argument.get_action().takes_values() {
        true if names.is_empty() => argument.get_id().to_string().to_uppercase(),
        true => names.join(" "),
        false => String::new(),
    };
    let short = argument.get_short().map(|short| format!("-{short}"));
    let long = argument.get_long().map(|long| format!("--{long}"));
    let flags: Vec<String> = short.into_iter().chain(long).collect();
    let whole = format!("{} {value}", flags.join(", "));
    format!("`{}`", whole.trim())
}

fn meaning(argument: &Arg) -> String {
    let mut text = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let values: Vec<String> = argument
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set() && argument.get_action().takes_values())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if !values.is_empty() {
        let _ = write!(text, ": {}", values.join(", "));
    }
    text
}

#[test]
fn the_page_of_commands_lists_every_command_and_option() {
    let command = Cli::command();
    let mut text =
        "# Commands\n\nAs printed by `orch help COMMAND`.\n\nOptions of every command:\n\n".to_owned();
    for argument in command
        .get_arguments()
        .filter(|argument| argument.is_global_set())
    {
        let _ = writeln!(text, "- {}: {}", spelled(argument), meaning(argument));
    }
    for sub in command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
    {
        describe(&mut text, sub, &format!("orch {}", sub.get_name()), 2);
    }
    let page = root().join("docs/commands.md");
    if std::env::var_os("WRITE_PAGES").is_some() {
        fs::write(&page, &text).unwrap();
    }
    let found = fs::read_to_string(&page).unwrap_or_default();
    assert!(
        found == text,
        "docs/commands.md is out of date: run this test with WRITE_PAGES=1 and commit the page"
    );
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let sandbox = Sandbox::new();
    let names: Vec<String> = Cli::command()
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set())
        .map(|sub| sub.get_name().to_owned())
        .collect();
    let manual = sandbox.orch("man").code(0).out.replace("\\-", "-");
    for shell in ["bash", "zsh", "fish"] {
        let completions = sandbox.orch(&format!("completions {shell}")).code(0).out;
        for name in &names {
            assert!(
                completions.contains(name.as_str()),
                "{shell} does not know {name}"
            );
            assert!(manual.contains(name.as_str()), "the manual does not know {name}");
        }
    }
}

/// Every page below `docs/`, and the README.
fn pages() -> Vec<PathBuf> {
    let mut open = vec![root().join("docs")];
    let mut found = vec![root().join("README.md")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_piece_of_a_manifest_in_the_pages_has_known_keys_and_good_values() {
    let sandbox = Sandbox::new();
    let mut pieces = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for piece in text
            .split("```toml\n")
            .skip(1)
            .filter_map(|rest| rest.split("```").next())
        {
            pieces += 1;
            sandbox.write("piece.toml", piece);
            let checked = sandbox.orch("check --json --manifest piece.toml").json();
            // A piece may leave out the rest: its plans, its agents, its documents.
            let wrong: Vec<&str> = checked["faults"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|fault| fault["message"].as_str())
                .filter(|message| {
                    let of_key = [
                        "unknown key",
                        "expected",
                        "not yet supported",
                        "is not a",
                        "unknown placeholder",
                    ];
                    of_key.iter().any(|part| message.contains(part))
                })
                .collect();
            assert!(wrong.is_empty(), "{}: {wrong:?} in\n{piece}", page.display());
        }
    }
    assert!(pieces > 15, "{pieces}");
}
