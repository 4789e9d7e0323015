//! Git's settings and the committer, asked for once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::attributes::Rules;
use crate::git::files::error::GitError;
use crate::git::files::settled_reads::FileState;
use crate::git::program::command::Git;
use crate::git::repo::identity::{Committing, is_true, stand_ins};

/// Settings of the repository, the person and the machine that matter to a merge.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// The settings for commits that git makes.
    pub(super) committing: Committing,
    /// `NAME <MAIL> TIME ZONE`, as git would write it now; `None` when git has to write commits itself.
    author: Option<Ident>,
    committer: Option<Ident>,
    /// The rules of attribute files outside the commits.
    pub(super) rules: Rules,
    /// `diff.algorithm`, when it is set.
    pub(super) algorithm: Option<String>,
}

#[derive(Debug, Clone)]
struct Ident {
    who: String,
    zone: String,
    /// Set when the environment names the time.
    fixed: Option<String>,
}

impl Settings {
    /// Asks git for the settings of a repository.
    pub(super) fn read(common_dir: &Path) -> Result<Self, GitError> {
        let first = Listing::ask(common_dir, &[])?;
        let fallback = stand_ins(first.last("user.name"), first.last("user.email"));
        let listing = if fallback.is_empty() {
            first
        } else {
            Listing::ask(common_dir, &fallback)?
        };
        let mut rules = Rules::default();
        let files = [
            Some(common_dir.join("info/attributes")),
            Some(
                listing
                    .last("GIT_ATTR_SYSTEM")
                    .map_or("/etc/gitattributes".into(), Into::into),
            ),
            listing.last("GIT_ATTR_GLOBAL").map(Into::into),
            listing.last("core.attributesfile").map(expand),
        ];
        for file in files.into_iter().flatten() {
            match std::fs::read(&file) {
                Ok(text) => rules.read(&text),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(_) => rules.distrust(),
            }
        }
        if listing.last("merge.default").is_some()
            || listing
                .last("merge.renormalize")
                .is_some_and(|value| !is_no(value))
            || listing.last("diff.algorithm").is_some()
        {
            rules.distrust();
        }
        // Messages are UTF-8. Another encoding has to be recorded in the commit, which only git does.
        let encoded = listing
            .last("i18n.commitencoding")
            .is_some_and(|name| !name.eq_ignore_ascii_case("utf-8"));
        let ident = |name: &str, date: &str| {
            let text = listing.last(name).filter(|_| !encoded)?;
            Ident::parse(text, std::env::var_os(date).is_some())
        };
        Ok(Self {
            committing: Committing {
                fallback,
                sign: listing.last("commit.gpgsign").is_some_and(is_true),
            },
            author: ident("GIT_AUTHOR_IDENT", "GIT_AUTHOR_DATE"),
            committer: ident("GIT_COMMITTER_IDENT", "GIT_COMMITTER_DATE"),
            rules,
            algorithm: listing.last("diff.algorithm").map(str::to_owned),
        })
    }

    /// The committer's line; `None` when git has to write it.
    pub(super) fn committer(&self) -> Option<Vec<u8>> {
        Some(self.committer.as_ref()?.now().into_bytes())
    }

    /// The bytes of a commit; `None` when git has to write the commit.
    pub(super) fn commit(&self, tree: &str, parents: &[&str], message: &str) -> Option<Vec<u8>> {
        let (own, committer) = (self.author.as_ref()?, self.committer.as_ref()?);
        if self.committing.sign || message.contains('\0') {
            return None;
        }
        let mut text = format!("tree {tree}\n");
        for parent in parents {
            text += &format!("parent {parent}\n");
        }
        text += &format!("author {}\ncommitter {}\n\n{message}", own.now(), committer.now());
        if !text.ends_with('\n') {
            text.push('\n');
        }
        Some(text.into_bytes())
    }
}

impl Ident {
    fn parse(text: &str, fixed: bool) -> Option<Self> {
        let (who, when) = text.rsplit_once("> ")?;
        let (time, zone) = when.split_once(' ')?;
        Some(Self {
            who: format!("{who}>"),
            zone: zone.to_owned(),
            fixed: fixed.then(|| time.to_owned()),
        })
    }

    fn now(&self) -> String {
        let time = self.fixed.clone().unwrap_or_else(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH);
            since.map_or(0, |since| since.as_secs()).to_string()
        });
        format!("{} {time} {}", self.who, self.zone)
    }
}

/// The output of `git var -l`: every setting, then the variables that follow from the settings.
#[derive(Debug, Clone)]
struct Listing(Arc<str>);

/// The last listing for a repository and these arguments, with the state of every file that git reads settings from.
type KnownListings = BTreeMap<(PathBuf, Vec<String>), ([Option<FileState>; 5], Listing)>;

/// Git is asked again only when a file with settings has changed: a merge train asks before every candidate.
static KNOWN: Mutex<KnownListings> = Mutex::new(BTreeMap::new());

/// The state of the files with settings: of the machine, the person and the repository.
fn settings_files(common_dir: &Path) -> [Option<FileState>; 5] {
    // An empty variable names no file.
    let named = |name: &str| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    let home = named("HOME").unwrap_or_default();
    let personal = named("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
    [
        named("GIT_CONFIG_SYSTEM").unwrap_or_else(|| "/etc/gitconfig".into()),
        named("GIT_CONFIG_GLOBAL").unwrap_or_else(|| home.join(".gitconfig")),
        personal.join("git/config"),
        common_dir.join("config"),
        common_dir.join("config.worktree"),
    ]
    .map(|file| FileState::of(&file))
}

impl Listing {
    fn ask(common_dir: &Path, settings: &[&str]) -> Result<Self, GitError> {
        let files = settings_files(common_dir);
        let asked = (
            common_dir.to_owned(),
            settings.iter().map(|setting| (*setting).to_owned()).collect(),
        );
        let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((then, listing)) = known().get(&asked)
            && *then == files
        {
            return Ok(listing.clone());
        }
        let git = settings
            .iter()
            .fold(Git::on(common_dir), |git, setting| git.config(setting));
        let answer = git.args(["var", "-l"]).run()?;
        let listing = Self(String::from_utf8_lossy(&answer).into());
        // Included files are not watched.
        let includes = |line: &str| line.starts_with("include.") || line.starts_with("includeif.");
        let settled = files.iter().flatten().all(FileState::is_settled);
        if settled && !listing.0.lines().any(includes) && settings_files(common_dir) == files {
            known().insert(asked, (files, listing.clone()));
        }
        Ok(listing)
    }

    /// The last value of a setting. A setting without `=` means true.
    fn last(&self, key: &str) -> Option<&str> {
        let mut values = self.0.lines().filter_map(|line| match line.split_once('=') {
            Some((name, value)) => (name == key).then_some(value),
            None => (line == key).then_some("true"),
        });
        values.next_back()
    }
}

fn is_no(value: &str) -> bool {
    matches!(
        value.to_ascii_lowercase().as_str(),
        "false" | "no" | "off" | "0" | ""
    )
}

/// Replaces a leading `~/` by the home folder.
fn expand(path: &str) -> std::path::PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path.into(),
    }
}
