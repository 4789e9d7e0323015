//! `orch --help`: lists the commands by purpose.

use std::fmt::Write;

use clap::Command;
use clap::builder::StyledStr;

/// The groups with their commands, in the order in which a person needs them.
const GROUPS: [(&str, &[&str]); 6] = [
    (
        "Start",
        &["init", "new", "edit", "demo", "check", "preview", "up"],
    ),
    (
        "Look",
        &[
            "status",
            "top",
            "serve",
            "why",
            "digest",
            "train",
            "logs",
            "events",
            "graph",
            "conflicts",
            "diff",
            "report",
            "history",
            "simulate",
        ],
    ),
    (
        "Steer",
        &[
            "pause", "resume", "retry", "skip", "cancel", "approve", "answer", "send", "inbox", "attach",
            "down",
        ],
    ),
    (
        "Integrate",
        &["review", "merge", "redo", "revert", "clean", "backup"],
    ),
    ("Agents", &["task", "mcp", "prompt", "skill"]),
    ("Maintain", &["doctor", "lsp", "schema", "completions", "man"]),
];

/// Returns the command with its subcommands grouped in the help.
pub(super) fn grouped(command: Command) -> Command {
    let listing = listing(&command);
    let header = command.get_styles().get_header();
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}{header}Options:{header:#}\n{{options}}{{after-help}}",
        listing.ansi()
    );
    command.help_template(template)
}

/// Returns the groups with a line for each command.
fn listing(command: &Command) -> StyledStr {
    let (header, literal) = (
        command.get_styles().get_header(),
        command.get_styles().get_literal(),
    );
    let mut text = StyledStr::new();
    for (title, names) in GROUPS {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{header}{title}:{header:#}");
        for own in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let about = own.get_about().map(ToString::to_string).unwrap_or_default();
            let aliases: Vec<&str> = own.get_visible_aliases().collect();
            let aliases = match aliases.is_empty() {
                true => String::new(),
                false => format!(" [aliases: {}]", aliases.join(", ")),
            };
            let _ = writeln!(
                text,
                "  {literal}{:<12}{literal:#} {about}{aliases}",
                own.get_name()
            );
        }
        let _ = writeln!(text);
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Cli;
    use super::*;

    #[test]
    fn every_command_is_in_one_group_and_on_one_line_of_a_terminal() {
        let command = Cli::command();
        let named: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        for own in command.get_subcommands().filter(|own| !own.is_hide_set()) {
            let times = named.iter().filter(|name| **name == own.get_name()).count();
            assert_eq!(times, 1, "{}", own.get_name());
        }
        assert!(named.iter().all(|name| command.find_subcommand(name).is_some()));
        let text = listing(&command).to_string();
        let longest = text.lines().map(str::len).max();
        assert!(longest <= Some(80), "{text}");
    }
}
