//! The ends of attempts that are long over. Until then they keep a job that comes late from running anything.

use super::channel::{Channel, FETCHED};
use crate::git::files::error::GitError;
use crate::git::program::command::Git;

/// The ends that one push removes. A push by ssh takes about half a second, and a command line has room for some thousands.
const AT_ONCE: usize = 500;

impl Channel {
    /// Removes claims and ends from the hub whose end was recorded before this time, in seconds since 1970. Returns their number.
    ///
    /// # Errors
    ///
    /// When the hub does not answer.
    pub fn remove_old_ends(&self, before: i64) -> Result<usize, GitError> {
        self.fetch_all()?;
        let there = self.all()?;
        let list = [
            "for-each-ref",
            "--format=%(committerdate:unix) %(refname)",
            FETCHED,
        ];
        let out = Git::on(&self.git_dir).args(list).run()?;
        let old = |line: &str| -> Option<String> {
            let (time, name) = line.split_once(' ')?;
            let key = name.strip_prefix(FETCHED)?.strip_suffix("/fate")?;
            (time.parse::<i64>().ok()? < before).then(|| key.to_owned())
        };
        let out = String::from_utf8_lossy(&out).into_owned();
        let over = |key: &String| {
            there
                .get(key)
                .is_some_and(|refs| !refs.is_untidy() && refs.late.is_none())
        };
        let keys: Vec<String> = out.lines().filter_map(old).filter(over).collect();
        for keys in keys.chunks(AT_ONCE) {
            let deletions = |key: &String| {
                let refs = there.get(key).cloned().unwrap_or_default();
                let names = refs.named().into_iter().filter(|(_, commit)| commit.is_some());
                let names = names.map(|(what, _)| format!(":{}", self.name(key, what)));
                names.collect::<Vec<_>>()
            };
            let deletions = keys.iter().flat_map(deletions);
            self.push()
                .arg(&self.hub)
                .args(deletions.collect::<Vec<_>>())
                .run()?;
            for key in keys {
                self.tidy_here(key)?;
            }
        }
        Ok(keys.len())
    }
}
