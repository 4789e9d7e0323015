//! How fast plan documents are read, beside the CommonMark parser alone on the same texts.
//!
//! `ORCH_CORPUS` may name a folder of Markdown documents; without it the documents of the project are read.

#![allow(clippy::disallowed_methods, reason = "a benchmark meets the world")]

mod support;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use orch::plan::markdown::read_document;
use pulldown_cmark::{Options as Markdown, Parser};
use support::{Options, Samples};

const CORPUS: &str = "ORCH_CORPUS";

/// How much text one round reads, so that its time is well above the clock's grain.
const ROUND: usize = 8 << 20;

fn main() {
    let Some(options) = Options::read() else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (kind, documents) = match std::env::var_os(CORPUS) {
        Some(folder) => ("real", documents(Path::new(&folder))),
        None => {
            println!("{CORPUS} names no folder of real documents: those of the project are read");
            let mut own = documents(&root.join("examples/plans"));
            own.extend(documents(&root.join("templates")));
            ("own", own)
        }
    };
    let bytes: usize = documents.iter().map(String::len).sum();
    let times = ROUND.div_ceil(bytes.max(1));
    let rounds = options.rounds(30);
    println!(
        "\nreading {} {kind} documents, {} KiB, {times} times a round, {rounds} rounds, megabytes a second:",
        documents.len(),
        bytes >> 10
    );
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (mut ours, mut peer, mut all) = (Samples::default(), Samples::default(), Samples::default());
    for _ in 0..rounds {
        let speed = |time: Duration| (bytes * times) as f64 / 1e6 / time.as_secs_f64();
        ours.push(speed(round(&documents, times, |text| {
            black_box(read_document(text));
        })));
        peer.push(speed(round(&documents, times, |text| {
            let events = Parser::new_ext(text, Markdown::ENABLE_TASKLISTS).into_offset_iter();
            events.for_each(|event| {
                black_box(event);
            });
        })));
        // As every command reads the documents of a manifest: each core its share.
        let start = Instant::now();
        for _ in 0..times {
            let share = documents.len().div_ceil(cores);
            std::thread::scope(|scope| {
                for chunk in documents.chunks(share) {
                    scope.spawn(move || {
                        for text in chunk {
                            black_box(read_document(text));
                        }
                    });
                }
            });
        }
        all.push(speed(start.elapsed()));
    }
    println!("  all documents, on {cores} cores        {all}");
    println!("  read_document                     {ours}");
    println!("  pulldown-cmark, its events alone  {peer}");
    println!(
        "  time of ours / time of the peer   {:8.2}",
        peer.median() / ours.median()
    );
}

fn round(documents: &[String], times: usize, read: impl Fn(&str)) -> Duration {
    let start = Instant::now();
    for _ in 0..times {
        documents.iter().for_each(|text| read(text));
    }
    start.elapsed()
}

/// The plan documents of a folder, in the order of their names.
fn documents(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .filter(|path| path.file_name().is_some_and(|name| name != "README.md"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect()
}
