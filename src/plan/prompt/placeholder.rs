//! `{plan}`-style templates: branches, worktree paths and agent command lines.

use crate::plan::text::near_miss::{near_miss, quoted};

/// Placeholders of branch templates.
pub const BRANCH_PLACEHOLDERS: &[&str] = &["plan"];
/// Placeholders of worktree path templates.
pub const WORKTREE_PLACEHOLDERS: &[&str] = &["repo", "plan"];
/// Placeholders of an agent's command.
pub const COMMAND_PLACEHOLDERS: &[&str] = &[
    "prompt_file",
    "prompt",
    "plan",
    "worktree",
    "model",
    "status_file",
    "branch",
    "git_dir",
    "git_common_dir",
    "settings_file",
];
/// Placeholders of a command that continues a conversation.
pub const RESUME_PLACEHOLDERS: &[&str] = &[
    "prompt_file",
    "prompt",
    "plan",
    "worktree",
    "model",
    "status_file",
    "branch",
    "git_dir",
    "git_common_dir",
    "settings_file",
    "session",
];

/// Why a template cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceholderError {
    /// A placeholder that does not exist here.
    #[error("unknown placeholder `{{{name}}}`{}", hint(.meant, .known))]
    Unknown {
        /// The name between the braces.
        name: String,
        /// The nearest known name.
        meant: Option<&'static str>,
        /// The placeholders that exist here.
        known: &'static [&'static str],
    },
    /// A brace without its partner.
    #[error("`{0}` is alone: write `{0}{0}` for a brace, or close the placeholder")]
    Brace(char),
}

fn hint(meant: &Option<&'static str>, known: &[&'static str]) -> String {
    let braced: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
    match meant {
        Some(meant) => format!(": did you mean `{{{meant}}}`?"),
        None => {
            let braced: Vec<&str> = braced.iter().map(String::as_str).collect();
            format!(": there are {}", quoted(&braced))
        }
    }
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum TemplatePiece {
    Text(String),
    Placeholder(&'static str),
}

/// A template that contains only known placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<TemplatePiece>,
}

impl Template {
    /// Parses a template. `{{` and `}}` stand for braces.
    ///
    /// # Errors
    /// A placeholder that is not among `known`, or a brace without its partner.
    pub fn parse(text: &str, known: &'static [&'static str]) -> Result<Self, PlaceholderError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let brace = if rest[at..].starts_with('{') { '{' } else { '}' };
            let after = &rest[at + 1..];
            if let Some(doubled) = after.strip_prefix(brace) {
                literal.push(brace);
                rest = doubled;
                continue;
            }
            let closed = if brace == '{' { after.split_once('}') } else { None };
            let (name, after) = closed.ok_or(PlaceholderError::Brace(brace))?;
            let known_name = known.iter().find(|candidate| **candidate == name);
            let placeholder = known_name.ok_or_else(|| PlaceholderError::Unknown {
                name: name.to_owned(),
                meant: near_miss(name, known.iter().copied()),
                known,
            })?;
            if !literal.is_empty() {
                pieces.push(TemplatePiece::Text(std::mem::take(&mut literal)));
            }
            pieces.push(TemplatePiece::Placeholder(placeholder));
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            pieces.push(TemplatePiece::Text(literal));
        }
        Ok(Self { pieces })
    }

    /// True when the template contains this placeholder.
    pub fn uses(&self, name: &str) -> bool {
        self.pieces
            .iter()
            .any(|piece| matches!(piece, TemplatePiece::Placeholder(used) if *used == name))
    }

    /// Expands the template. `value` gives the text for each placeholder; none stands for the empty text.
    pub fn expand<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                TemplatePiece::Text(literal) => text.push_str(literal),
                TemplatePiece::Placeholder(name) => text.push_str(value(name).unwrap_or_default()),
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_replaced_and_doubled_braces_are_braces() {
        let template = Template::parse("{{x}}/{repo}.wt/{plan}", WORKTREE_PLACEHOLDERS).unwrap();
        let text = template.expand(|name| Some(if name == "plan" { "auth" } else { "shop" }));
        assert_eq!(text, "{x}/shop.wt/auth");
        assert!(template.uses("plan"));
        assert!(!template.uses("model"));
    }

    #[test]
    fn values_are_not_expanded_again() {
        let template = Template::parse("{prompt} {plan}", COMMAND_PLACEHOLDERS).unwrap();
        let text = template.expand(|name| Some(if name == "prompt" { "{plan}" } else { "auth" }));
        assert_eq!(text, "{plan} auth");
    }

    #[test]
    fn unknown_placeholders_and_lone_braces_are_named() {
        let message = |text| {
            Template::parse(text, COMMAND_PLACEHOLDERS)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            message("{promt_file}"),
            "unknown placeholder `{promt_file}`: did you mean `{prompt_file}`?"
        );
        assert!(message("{zzzzzzzz}").contains("there are `{prompt_file}`"));
        assert!(message("a}").contains("`}` is alone"));
        assert!(message("{plan").contains("`{` is alone"));
    }
}
