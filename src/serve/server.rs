//! The state that all answers share.

use std::sync::Arc;

use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use crate::journal::OrchDir;

use super::door::Token;
use super::fleet::Status;
use super::look::{CommandLooks, Keep, Looked, ServedProgram, Wish};
use super::news::JournalNews;

/// How many bytes a whole document may have.
const DOCUMENT: usize = 64 << 20;

/// A served repository.
#[derive(Debug)]
pub struct Server {
    /// The name of the repository on the pages.
    pub name: String,
    /// The repository's `.git/orch`.
    pub dir: OrchDir,
    /// The key to the pages.
    pub token: Token,
    /// True when the pages only show, and nobody may act.
    pub readonly: bool,
    /// True when other machines may connect.
    pub public: bool,
    /// New journal entries.
    pub news: Arc<JournalNews>,
    /// Answers of commands.
    pub looks: CommandLooks,
}

/// Why there is no page, in the words of the command that failed.
#[derive(Debug)]
pub struct Trouble {
    /// The status of the answer.
    pub status: StatusCode,
    /// The problem.
    pub why: String,
    /// The remedies.
    pub hints: Vec<String>,
}

impl Trouble {
    /// Nothing of this kind exists.
    pub fn missing(why: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            why: why.into(),
            hints: Vec::new(),
        }
    }

    /// The messages of a failed command.
    pub fn of(looked: &Looked) -> Self {
        let said = |word: &'static str| {
            let lines = looked.err.lines();
            lines
                .filter_map(move |line| line.strip_prefix(word))
                .map(str::trim)
        };
        let errors: Vec<&str> = said("error:").collect();
        Self {
            status: match looked.code {
                Some(2) => StatusCode::CONFLICT,
                Some(3) => StatusCode::NOT_FOUND,
                Some(_) => StatusCode::INTERNAL_SERVER_ERROR,
                None => StatusCode::GATEWAY_TIMEOUT,
            },
            why: match errors.is_empty() {
                true => looked.err.trim().to_owned(),
                false => errors.join("\n"),
            },
            hints: said("hint:").map(str::to_owned).collect(),
        }
    }
}

impl Server {
    /// A server of a repository.
    pub fn new(name: String, dir: OrchDir, token: Token, program: ServedProgram) -> Self {
        let news = Arc::new(JournalNews::new(dir.clone()));
        Self {
            name,
            dir,
            token,
            readonly: false,
            public: false,
            looks: CommandLooks::new(program, news.clone()),
            news,
        }
    }

    /// The output of a command that succeeds.
    ///
    /// # Errors
    ///
    /// The messages of the command when it fails.
    pub async fn ask(&self, line: &[&str], holds_s: u64) -> Result<Arc<Looked>, Trouble> {
        let wish = Wish {
            holds: std::time::Duration::from_secs(holds_s),
            keep: Keep::Head(DOCUMENT),
        };
        let looked = self.looks.look(line, wish).await;
        match looked.code {
            Some(0) if !looked.cut => Ok(looked),
            Some(_) | None => Err(Trouble::of(&looked)),
        }
    }

    /// The output of a command, read as JSON.
    ///
    /// # Errors
    ///
    /// As [`Server::ask`].
    pub async fn read<T: DeserializeOwned>(&self, line: &[&str], holds_s: u64) -> Result<T, Trouble> {
        let looked = self.ask(line, holds_s).await?;
        serde_json::from_slice(&looked.out).map_err(|error| Trouble {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            why: format!("`orch {}` cannot be read: {error}", line.join(" ")),
            hints: Vec::new(),
        })
    }

    /// The state of all plans.
    ///
    /// # Errors
    ///
    /// As [`Server::ask`].
    pub async fn status(&self) -> Result<Status, Trouble> {
        self.read(&["status", "--json"], 2).await
    }

    /// The plan of this name; names of none become part of no command line.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn plan(&self, name: &str) -> Result<super::fleet::ReadPlan, Trouble> {
        let status = self.status().await?;
        let found = status.plans.into_iter().find(|plan| plan.name == name);
        found.ok_or_else(|| Trouble::missing("there is no such plan"))
    }
}
