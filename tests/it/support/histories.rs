//! Random trees and histories, written at once through `git fast-import`.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use orch::plan::CommitId;

use super::{Dice, Scratch};

/// One entry of a tree, in git's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    pub mode: &'static str,
    /// The bytes; of a submodule the id of its commit.
    pub data: Vec<u8>,
}

/// A whole tree: paths and what is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files(pub BTreeMap<String, Leaf>);

const WORDS: &[&str] = &[
    "alpha",
    "beta",
    "gamma",
    "delta",
    "",
    "}",
    "    return;",
    "{",
    "end",
];
const FOLDERS: &[&str] = &["", "src/", "src/core/", "docs/", "lib/a/b/"];

fn lines(dice: &mut Dice, count: usize) -> Vec<u8> {
    let mut text = String::new();
    for _ in 0..count {
        // Some lines stand there once, some often: what a comparison finds depends on that.
        match dice.below(3) {
            0 => text += WORDS[dice.below(WORDS.len())],
            _ => text += &format!("line {}", dice.below(1_000_000)),
        }
        text.push('\n');
    }
    if dice.below(8) == 0 {
        text.pop();
    }
    text.into_bytes()
}

fn file(dice: &mut Dice) -> Leaf {
    let count = 3 + dice.below(30);
    let mode = if dice.below(6) == 0 { "100755" } else { "100644" };
    let data = match dice.below(20) {
        0 => (0..40).map(|_| dice.below(256) as u8).chain([0]).collect(),
        1 => String::from_utf8(lines(dice, count))
            .unwrap()
            .replace('\n', "\r\n")
            .into_bytes(),
        _ => lines(dice, count),
    };
    Leaf { mode, data }
}

impl Files {
    /// A dozen files in a few folders, some of them odd.
    pub fn random(dice: &mut Dice) -> Self {
        let mut files = Self::default();
        for number in 0..8 + dice.below(8) {
            let path = format!(
                "{}f{number}.{}",
                dice.pick(FOLDERS),
                dice.pick(&["txt", "rs", "md"])
            );
            files.put(&path, file(dice));
        }
        match dice.below(10) {
            8 => files.put(".gitattributes", text("*.TXT merge=union\nSRC/** -merge\n")),
            9 => files.put(
                "src/.gitattributes",
                text("\u{feff}*.rs -merge\n*.MD merge=union\n"),
            ),
            0 => files.put(".gitattributes", text("*.md merge=union\n*.rs -merge\n")),
            1 => files.put("src/.gitattributes", text("*.txt merge=union\n")),
            2 => files.put(".gitattributes", text("*.txt binary\nf3.rs merge=ours-own\n")),
            3 => files.put(".gitattributes", text("* text=auto\n*.rs text eol=lf\n")),
            _ => {}
        }
        files.put(
            "link",
            Leaf {
                mode: "120000",
                data: b"src".to_vec(),
            },
        );
        files.put(
            "module",
            Leaf {
                mode: "160000",
                data: id(dice),
            },
        );
        files
    }

    /// Puts something at a path; what is in its way goes.
    pub fn put(&mut self, path: &str, leaf: Leaf) {
        let below = format!("{path}/");
        self.0
            .retain(|other, _| !other.starts_with(&below) && !path.starts_with(&format!("{other}/")));
        self.0.insert(path.to_owned(), leaf);
    }

    fn any(&self, dice: &mut Dice) -> Option<String> {
        let paths: Vec<&String> = self.0.keys().collect();
        (!paths.is_empty()).then(|| (*dice.pick(&paths)).clone())
    }

    /// Changes something, at random.
    pub fn change(&mut self, dice: &mut Dice) {
        let Some(path) = self.any(dice) else { return };
        let leaf = self.0[&path].clone();
        match dice.below(26) {
            0..=10 => {
                if leaf.mode.starts_with("100") {
                    let data = edit(dice, &leaf.data);
                    self.put(&path, Leaf { data, ..leaf });
                }
            }
            11..=13 => {
                let new = format!("{}n{}.txt", dice.pick(FOLDERS), dice.below(12));
                let leaf = file(dice);
                self.put(&new, leaf);
            }
            14 | 15 => {
                self.0.remove(&path);
            }
            16 | 17 => {
                let new = format!("{}moved{}.txt", dice.pick(FOLDERS), dice.below(4));
                self.0.remove(&path);
                let data = match dice.below(2) {
                    0 if leaf.mode.starts_with("100") => edit(dice, &leaf.data),
                    _ => leaf.data.clone(),
                };
                self.put(&new, Leaf { data, ..leaf });
            }
            18 => {
                // A whole folder, to another name.
                let folder = dice.pick(&["src/", "docs/", "src/core/"]).to_string();
                let new = dice.pick(&["source/", "manual/"]).to_string();
                let inside: Vec<String> = self
                    .0
                    .keys()
                    .filter(|path| path.starts_with(&folder))
                    .cloned()
                    .collect();
                for old in inside {
                    let leaf = self.0.remove(&old).unwrap();
                    self.put(&format!("{new}{}", &old[folder.len()..]), leaf);
                }
            }
            19 => {
                if leaf.mode.starts_with("100") {
                    let mode = if leaf.mode == "100644" { "100755" } else { "100644" };
                    self.put(&path, Leaf { mode, ..leaf });
                }
            }
            20 => self.put(
                &path,
                Leaf {
                    mode: "120000",
                    data: b"elsewhere".to_vec(),
                },
            ),
            21 => {
                // A file in place of a folder, or a folder in place of a file.
                let leaf = file(dice);
                match path.split_once('/') {
                    Some((folder, _)) => self.put(folder, leaf),
                    None => self.put(&format!("{path}/inside.txt"), leaf),
                }
            }
            22 => {
                let data = id(dice);
                self.put("module", Leaf { mode: "160000", data });
            }
            _ => {
                let file = *dice.pick(&[".gitattributes", "src/.gitattributes", "docs/.gitattributes"]);
                let said = *dice.pick(&[
                    "*.txt merge=union\n",
                    "*.rs binary\n",
                    "*.TXT -merge\n",
                    "\u{feff}*.md merge=union\n",
                    "*.txt text eol=crlf\n",
                ]);
                self.put(file, text(said));
            }
        }
    }

    /// Makes a few changes.
    pub fn changed(&self, dice: &mut Dice) -> Self {
        let mut files = self.clone();
        for _ in 0..1 + dice.below(5) {
            files.change(dice);
        }
        files
    }
}

/// Gives a repository settings that have a say in merges, of one kind or another.
pub fn settle(scratch: &Scratch, kind: u64) {
    let (ignorecase, attributes) = match kind % 4 {
        0 => (false, ""),
        1 => (true, "*.TXT merge=union\n"),
        2 => (false, "\u{feff}*.md -merge\n"),
        _ => (true, "\u{feff}*.RS merge=union\n*.txt text\n"),
    };
    scratch.git(&format!("config core.ignorecase {ignorecase}"));
    scratch.write(".git/info/attributes", attributes);
}

fn text(text: &str) -> Leaf {
    Leaf {
        mode: "100644",
        data: text.as_bytes().to_vec(),
    }
}

fn id(dice: &mut Dice) -> Vec<u8> {
    format!("{:040x}", u128::from(dice.roll()) << 64 | u128::from(dice.roll())).into_bytes()
}

/// Replaces, adds, takes out, repeats or moves some lines.
fn edit(dice: &mut Dice, data: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = data
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    for _ in 0..1 + dice.below(2) {
        let at = dice.below(lines.len());
        let end = (at + 1 + dice.below(3)).min(lines.len());
        match dice.below(7) {
            0 | 1 => {
                let new = format!("changed {}\n", dice.below(50)).into_bytes();
                lines.splice(at..end, [new]);
            }
            2 | 3 => lines.insert(at, format!("added {}\n", dice.below(50)).into_bytes()),
            4 => {
                lines.drain(at..end);
            }
            5 => {
                let again = lines[at..end].to_vec();
                let to = dice.below(lines.len() + 1);
                lines.splice(to..to, again);
            }
            _ => {
                let moved: Vec<_> = lines.drain(at..end).collect();
                let to = dice.below(lines.len() + 1);
                lines.splice(to..to, moved);
            }
        }
    }
    lines.concat()
}

/// Writes commits into a repository: each has files and earlier commits, by number, as parents.
#[derive(Debug, Default)]
pub struct History {
    stream: Vec<u8>,
    count: usize,
}

impl History {
    /// One more commit; its number.
    pub fn commit(&mut self, files: &Files, parents: &[usize]) -> usize {
        self.count += 1;
        let number = self.count;
        let stream = &mut self.stream;
        write!(
            stream,
            "commit refs/heads/c{number}\nmark :{number}\ncommitter T <t@example.org> {} +0000\ndata 1\nx\n",
            1_700_000_000 + number
        )
        .unwrap();
        for (nth, parent) in parents.iter().enumerate() {
            writeln!(stream, "{} :{parent}", if nth == 0 { "from" } else { "merge" }).unwrap();
        }
        writeln!(stream, "deleteall").unwrap();
        for (path, leaf) in &files.0 {
            if leaf.mode == "160000" {
                let id = String::from_utf8_lossy(&leaf.data);
                writeln!(stream, "M 160000 {id} {path}").unwrap();
            } else {
                writeln!(stream, "M {} inline {path}\ndata {}", leaf.mode, leaf.data.len()).unwrap();
                stream.extend_from_slice(&leaf.data);
                stream.push(b'\n');
            }
        }
        number
    }

    /// Writes them all; their ids, by number minus one.
    pub fn write(self, scratch: &Scratch) -> Vec<CommitId> {
        let mut import = Command::new("git")
            .arg("-C")
            .arg(scratch.path())
            .args(["fast-import", "--quiet", "--force"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        import.stdin.take().unwrap().write_all(&self.stream).unwrap();
        assert!(import.wait().unwrap().success());
        let names: Vec<String> = (1..=self.count)
            .map(|number| format!("refs/heads/c{number}"))
            .collect();
        let ids = scratch.git_args(["rev-parse"].into_iter().chain(names.iter().map(String::as_str)));
        ids.lines().map(|id| id.parse().unwrap()).collect()
    }
}
