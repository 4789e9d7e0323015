//! What must hold for every text that is read as a plan document, and damaged documents to try it on. Also used by
//! `examples/fuzz_reader.rs`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use orch::plan::TaskId;
use orch::plan::markdown::read_document;

/// Set to a folder of Markdown documents, to start from real ones too.
const CORPUS: &str = "ORCH_CORPUS";

/// Pieces of the language and of Markdown that are put in anywhere.
const TOKENS: &[&str] = &[
    "## Phase 1: x\n",
    "### 1.2 T\n",
    "# ",
    "\n- [ ] 1.1 a",
    "\n  - [x] ",
    "\n  - [ ] 1.1.A b",
    "\n* ",
    "\n1. ",
    "    ",
    "(depends: ",
    "(depends: none)",
    "(expected: 20m)",
    "(expected: ",
    "(reads: src/a.rs)",
    "(pipeline-start: 60% of Phase 1)",
    "(pipeline-start: when 1.1 completes)",
    "(parallel-with: Phase 2)",
    "(non-blocking)",
    "(background: true)",
    ")",
    "1.1",
    "auth.phase2@landed",
    "[SEQUENTIAL]",
    "[PARALLEL]",
    "\n**Execution Note:** Tasks 1.1-1.2 are [SEQUENTIAL]\n",
    "\n**Execution Note:** Phases 1, 3-4 are [PARALLEL]\n",
    "\n**VERIFY Phase 1:**\n",
    "\n**Objective:** x\n",
    "\n**pipeline-start:** when 1.1 completes\n",
    "\n## Overview\n- **Goal:** x\n- **Priority:** P1\n",
    "\n### Upstream\n- **auth.md** - x\n",
    "---\n",
    "dependencies: [{plan: x}]\n",
    "`",
    "```\n",
    "~~~\n",
    "**",
    "*",
    "_",
    "\\",
    "<!-- ",
    "-->",
    "<div>\n",
    "<b>",
    "> ",
    "[x]: y\n",
    "![",
    "](",
    "&amp;",
    "===\n",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\t",
    "  \n",
    "–",
    "—",
    "−",
    "é",
    "\u{feff}",
    "\u{a0}",
    "\u{2028}",
    "\0",
    "4294967296.1",
    "99999999999.9",
    "src/a.rs",
    "in b.rs ",
];

/// Documents to start from: the examples, the template, one with every construct, and real ones where they are.
pub fn samples() -> Vec<String> {
    let mut samples = vec![
        include_str!("../../../examples/plans/auth.md").to_owned(),
        include_str!("../../../examples/plans/billing.md").to_owned(),
        include_str!("../../../examples/plans/docs.md").to_owned(),
        include_str!("../../../templates/plan.md").to_owned(),
        TOKENS.concat(),
    ];
    if let Some(folder) = std::env::var_os(CORPUS) {
        let files = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let mut files: Vec<PathBuf> = files
            .filter(|file| file.extension().is_some_and(|end| end == "md"))
            .collect();
        files.sort();
        samples.extend(files.iter().map(|file| std::fs::read_to_string(file).unwrap()));
    }
    samples
}

/// Makes damaged documents; the same seed makes the same ones.
pub struct Mutator {
    samples: Vec<String>,
    state: u64,
}

impl Mutator {
    pub fn new(samples: Vec<String>, seed: u64) -> Self {
        Self { samples, state: seed }
    }

    /// A number below `end`, by SplitMix64 (Steele, Lea and Flood, 2014).
    fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % (end.max(1) as u64)).unwrap_or(0)
    }

    /// A piece of at most `most` bytes of one of the documents.
    fn piece(&mut self, most: usize) -> Vec<u8> {
        let sample = self.below(self.samples.len());
        let length = self.samples[sample].len();
        let from = self.below(length + 1);
        let to = (from + self.below(most + 1)).min(length);
        self.samples[sample].as_bytes()[from..to].to_vec()
    }

    /// The next document: a piece of one of them with up to a dozen changes; bytes that are no text are replaced.
    pub fn next_text(&mut self) -> String {
        let mut bytes = if self.below(2) == 0 {
            b"## Phase 1: x\n\n".to_vec()
        } else {
            Vec::new()
        };
        bytes.extend(self.piece(4000));
        for _ in 0..=self.below(12) {
            self.change(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        match self.below(6) {
            0 | 1 => {
                let token = TOKENS[self.below(TOKENS.len())];
                bytes.splice(at..at, token.bytes());
            }
            2 => {
                let to = (at + self.below(40)).min(bytes.len());
                bytes.drain(at..to);
            }
            3 => {
                let piece = self.piece(300);
                bytes.splice(at..at, piece);
            }
            4 => {
                let line = |bytes: &[u8], at: usize| {
                    let from = bytes[..at]
                        .iter()
                        .rposition(|byte| *byte == b'\n')
                        .map_or(0, |end| end + 1);
                    let to = bytes[at..]
                        .iter()
                        .position(|byte| *byte == b'\n')
                        .map_or(bytes.len(), |end| at + end + 1);
                    from..to
                };
                let copy = bytes[line(bytes, at)].to_vec();
                let there = self.below(bytes.len() + 1);
                let there = line(bytes, there).start;
                bytes.splice(there..there, copy);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
        }
    }
}

/// Reads a text and checks what must hold for every text; how many tasks and faults it has.
///
/// # Errors
/// What does not hold.
pub fn check(text: &str) -> Result<(usize, usize), String> {
    let read =
        || std::panic::catch_unwind(|| read_document(text)).map_err(|_| "the reader panics".to_owned());
    let (document, faults) = read()?;
    if (&document, &faults) != (&read()?.0, &read()?.1) {
        return Err("reading twice gives two results".to_owned());
    }
    if document.text != text {
        return Err("the text is not kept".to_owned());
    }
    let lines: Vec<&str> = text.split('\n').collect();
    let line = |number: usize| number.checked_sub(1).and_then(|at| lines.get(at).copied());
    for fault in &faults {
        line(fault.line).ok_or_else(|| format!("no line {} for `{}`", fault.line, fault.message))?;
    }
    let mut ids: BTreeSet<TaskId> = BTreeSet::new();
    for phase in &document.phases {
        let heading = line(phase.line).unwrap_or_default().to_ascii_lowercase();
        if !heading.contains("phase") || !heading.contains(&phase.id.to_string()) {
            return Err(format!("phase {} is not on line {}", phase.id, phase.line));
        }
        for task in &phase.tasks {
            let id = task.id.to_string();
            let written = line(task.line).unwrap_or_default();
            if !written.contains(&id) && !written.contains('[') {
                return Err(format!("task {id} is not on line {}", task.line));
            }
            if task.id.phase != phase.id || id.parse() != Ok(task.id) {
                return Err(format!("task {id} is not an id of phase {}", phase.id));
            }
            if !ids.insert(task.id) && faults.is_empty() {
                return Err(format!("task {id} is there twice and nothing is said"));
            }
            if let Some(file) = task.files.iter().find(|file| task.reads.contains(file)) {
                return Err(format!("task {id} both changes and only reads {file}"));
            }
            for sub in &task.subtasks {
                if sub.id.task != task.id || sub.id.to_string().parse().as_ref() != Ok(&sub.id) {
                    return Err(format!("{} is not an id below task {id}", sub.id));
                }
                line(sub.line).ok_or_else(|| format!("no line {} for {}", sub.line, sub.id))?;
            }
        }
    }
    Ok((ids.len(), faults.len()))
}
