//! Cached answers of this program's own commands. However many viewers there are, one command is run for
//! all of them.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::sync::Semaphore;

use super::news::JournalNews;
use crate::journal::JournalMark;

/// The most commands at the same time.
const CHILDREN: usize = 3;
/// How long a command may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// The shortest pause between two runs of one command; the pause is at least twice the run's duration.
const REST: Duration = Duration::from_millis(250);
/// The most command lines whose answers are cached.
const KEPT: usize = 256;

/// This program, called for the served repository.
#[derive(Debug, Clone)]
pub struct ServedProgram {
    /// Its path.
    pub path: PathBuf,
    /// `-C` and `--manifest`.
    pub options: Vec<OsString>,
}

impl ServedProgram {
    /// A command line of this program, without a terminal and without input.
    pub fn command(&self, line: &[String]) -> Command {
        let mut command = Command::new(&self.path);
        command
            .args(&self.options)
            .arg("--color=never")
            .args(line)
            .stdin(Stdio::null());
        command
    }
}

/// The part of a long answer to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Keep {
    /// Its first bytes.
    Head(usize),
    /// Its last bytes.
    Tail(usize),
}

/// The requirements for an answer.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// How long the answer is valid while the journal does not change.
    pub holds: Duration,
    /// The part of the answer to keep.
    pub keep: Keep,
}

/// The output of a command.
#[derive(Debug, Default)]
pub struct Looked {
    /// Its exit code; `None` when it was killed.
    pub code: Option<i32>,
    /// Its standard output.
    pub out: Vec<u8>,
    /// Its standard error.
    pub err: String,
    /// True when part of the output is missing.
    pub cut: bool,
}

impl Looked {
    /// The output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }

    fn failed(why: String) -> Self {
        Self {
            err: why,
            ..Self::default()
        }
    }
}

#[derive(Debug)]
struct KeptAnswer {
    mark: JournalMark,
    age: u64,
    at: Instant,
    took: Duration,
    looked: Arc<Looked>,
}

type Cell = Arc<tokio::sync::Mutex<Option<KeptAnswer>>>;

/// The cache of recent answers.
#[derive(Debug)]
pub struct CommandLooks {
    program: ServedProgram,
    news: Arc<JournalNews>,
    /// By command line, and by the kept part of its output.
    cells: Mutex<HashMap<(Vec<String>, Keep), Cell>>,
    children: Semaphore,
    /// Incremented by every action, which invalidates earlier answers.
    age: AtomicU64,
}

impl CommandLooks {
    /// Answers of this program.
    pub fn new(program: ServedProgram, news: Arc<JournalNews>) -> Self {
        Self {
            program,
            news,
            cells: Mutex::default(),
            children: Semaphore::new(CHILDREN),
            age: AtomicU64::new(0),
        }
    }

    /// The program.
    pub fn program(&self) -> &ServedProgram {
        &self.program
    }

    /// Invalidates all answers, because an action was run.
    pub fn outdate(&self) {
        self.age.fetch_add(1, Ordering::Relaxed);
    }

    /// The current answer of this command line.
    pub async fn look(&self, line: &[&str], wish: Wish) -> Arc<Looked> {
        let line: Vec<String> = line.iter().map(|&word| word.to_owned()).collect();
        let cell = self.cell((line.clone(), wish.keep));
        let mut kept = cell.lock().await;
        let mark = self.news.now().await;
        let age = self.age.load(Ordering::Relaxed);
        if let Some(answer) = &*kept
            && answer.age == age
        {
            let passed = answer.at.elapsed();
            if answer.mark == mark && passed < wish.holds {
                return answer.looked.clone();
            }
            let rest = REST.max(answer.took * 2).saturating_sub(passed);
            tokio::time::sleep(rest).await;
        }
        // Taken before the command runs: changes in the meantime invalidate the answer.
        let mark = self.news.now().await;
        let began = Instant::now();
        let looked = Arc::new(self.run(&line, wish.keep).await);
        *kept = Some(KeptAnswer {
            mark,
            age,
            at: Instant::now(),
            took: began.elapsed(),
            looked: looked.clone(),
        });
        looked
    }

    fn cell(&self, key: (Vec<String>, Keep)) -> Cell {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        if cells.len() >= KEPT && !cells.contains_key(&key) {
            // Answers for which nobody waits.
            cells.retain(|_, cell| Arc::strong_count(cell) > 1);
        }
        cells.entry(key).or_default().clone()
    }

    async fn run(&self, line: &[String], keep: Keep) -> Looked {
        let Ok(_permit) = self.children.acquire().await else {
            return Looked::default();
        };
        let mut command = self.program.command(line);
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return Looked::failed(format!("cannot start a command: {error}")),
        };
        let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) else {
            return Looked::default();
        };
        let read = async {
            let ((out, cut), (err, _)) =
                tokio::join!(read_some(out, keep), read_some(err, Keep::Tail(16 << 10)));
            if cut && matches!(keep, Keep::Head(_)) {
                // Nobody reads the rest of the output.
                let _ = child.start_kill();
            }
            let code = child.wait().await.ok().and_then(|status| status.code());
            Looked {
                code,
                out,
                err: String::from_utf8_lossy(&err).into_owned(),
                cut,
            }
        };
        match tokio::time::timeout(PATIENCE, read).await {
            Ok(looked) => looked,
            Err(_) => Looked::failed(format!("no answer within {} seconds", PATIENCE.as_secs())),
        }
    }
}

/// Reads to the end, or until there is enough. Keeps the wanted part.
async fn read_some(mut from: impl AsyncRead + Unpin, keep: Keep) -> (Vec<u8>, bool) {
    let mut all = Vec::new();
    let mut cut = false;
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        all.extend_from_slice(&buffer[..count]);
        match keep {
            Keep::Head(most) if all.len() > most => {
                all.truncate(most);
                return (all, true);
            }
            Keep::Tail(most) if all.len() > 2 * most => {
                all.drain(..all.len() - most);
                cut = true;
            }
            Keep::Head(_) | Keep::Tail(_) => {}
        }
    }
    if let Keep::Tail(most) = keep
        && all.len() > most
    {
        all.drain(..all.len() - most);
        cut = true;
    }
    (all, cut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::OrchDir;

    #[test]
    fn the_wanted_part_of_a_long_answer_is_kept() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let read = |keep| runtime.block_on(read_some(&b"0123456789"[..], keep));
        assert_eq!(read(Keep::Head(4)), (b"0123".to_vec(), true));
        assert_eq!(read(Keep::Tail(4)), (b"6789".to_vec(), true));
        assert_eq!(read(Keep::Tail(10)), (b"0123456789".to_vec(), false));
    }

    #[test]
    fn an_answer_of_which_a_part_was_kept_is_no_answer_for_who_wants_more() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let news = Arc::new(JournalNews::new(OrchDir::at(folder.path())));
        let program = ServedProgram {
            path: "echo".into(),
            options: Vec::new(),
        };
        let looks = CommandLooks::new(program, news);
        let look = |keep| {
            let wish = Wish {
                holds: Duration::from_secs(60),
                keep,
            };
            runtime.block_on(looks.look(&["0123456789"], wish))
        };
        assert!(look(Keep::Head(4)).cut);
        let whole = look(Keep::Head(400));
        assert!(!whole.cut && whole.text().contains("0123456789"), "{whole:?}");
    }
}
