//! How a person opens an agent's conversation.

use std::path::Path;

use crate::git::git_dir_of;
use crate::plan::{Agent, RESUME_PLACEHOLDERS, Template};
use crate::supervisor::project::repository_plans::Project;

/// Program and arguments that open a conversation in a worktree. A shell where there is no conversation yet, or the agent's program
/// cannot continue one.
pub fn attach_line(project: &Project, agent: &Agent, session: Option<&str>, worktree: &Path) -> Vec<String> {
    conversation_line(project, agent, session, worktree).unwrap_or_else(shell)
}

/// Program and arguments that continue a conversation in a worktree. `None` where that cannot be done.
pub fn conversation_line(
    project: &Project,
    agent: &Agent,
    session: Option<&str>,
    worktree: &Path,
) -> Option<Vec<String>> {
    let line = agent.attach.as_deref().zip(session);
    line.and_then(|(line, session)| expand(project, agent, line, session, worktree))
}

/// The person's shell.
pub fn shell() -> Vec<String> {
    let shell = std::env::var("SHELL").ok().filter(|shell| !shell.is_empty());
    vec![shell.unwrap_or_else(|| "sh".to_owned())]
}

fn expand(
    project: &Project,
    agent: &Agent,
    line: &[String],
    session: &str,
    worktree: &Path,
) -> Option<Vec<String>> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let (folder, common) = (text(worktree), text(project.repo.common_dir()));
    let git_dir = git_dir_of(worktree).map_or_else(|_| common.clone(), |path| text(&path));
    let value = |name: &str| match name {
        "worktree" => Some(folder.as_str()),
        "git_dir" => Some(git_dir.as_str()),
        "git_common_dir" => Some(common.as_str()),
        "model" => agent.model.as_deref(),
        "session" => Some(session),
        _ => None,
    };
    let words = line.iter().map(|word| {
        let template = Template::parse(word, RESUME_PLACEHOLDERS).ok()?;
        Some(template.expand(value))
    });
    words.collect()
}
