//! The state that all answers share.

use std::sync::Arc;

use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use crate::journal::OrchDir;

use super::answers::JournalNews;
use super::answers::{CommandLooks, Keep, Looked, ServedProgram, Wish};
use super::answers::{ReadPlan, Status};
use super::door::Token;

/// The most bytes of an answer that is one document.
const DOCUMENT: usize = 64 << 20;

/// The server of one repository.
#[derive(Debug)]
pub struct Server {
    /// The repository's name on pages.
    pub name: String,
    /// The repository's `.git/orch`.
    pub dir: OrchDir,
    /// The key to the pages.
    pub token: Token,
    /// True when nobody may act.
    pub readonly: bool,
    /// True when other machines may connect.
    pub public: bool,
    /// New journal entries.
    pub news: Arc<JournalNews>,
    /// Answers of commands.
    pub looks: CommandLooks,
}

/// Why there is no page, in the words of the failed command.
#[derive(Debug)]
pub struct Trouble {
    /// The HTTP status.
    pub status: StatusCode,
    /// The problem.
    pub why: String,
    /// Hints for a remedy.
    pub hints: Vec<String>,
}

impl Trouble {
    /// The trouble for something that does not exist.
    pub fn missing(why: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            why: why.into(),
            hints: Vec::new(),
        }
    }

    /// The trouble of a request that cannot be understood.
    pub fn unreadable(why: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            ..Self::missing(why)
        }
    }

    /// The trouble of a failed command.
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
    /// With the command's own words when it fails.
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

    /// The parsed JSON output of a command.
    ///
    /// # Errors
    ///
    /// The same as [`Server::ask`].
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
    /// The same as [`Server::ask`].
    pub async fn status(&self) -> Result<Status, Trouble> {
        self.read(&["status", "--json"], 2).await
    }

    /// The plan with this name. An unknown name never becomes part of a command line.
    ///
    /// # Errors
    ///
    /// When there is no such plan.
    pub async fn plan(&self, name: &str) -> Result<ReadPlan, Trouble> {
        let status = self.status().await?;
        let found = status.plans.into_iter().find(|plan| plan.name == name);
        found.ok_or_else(|| Trouble::missing("there is no such plan"))
    }
}
