//! Reads damaged plan documents until it finds one that breaks a rule of the reader, or the time is over:
//!
//! `cargo run --release --example fuzz_reader -- [--seconds 60] [--iterations N] [--seed N]`
//!
//! `ORCH_CORPUS` may name a folder of Markdown documents to start from, besides those of the project. An input that
//! breaks a rule is written to the folder for temporary files, and the exit code is then 1.

#![allow(clippy::disallowed_methods, reason = "a program meets the world")]

#[path = "../tests/it/support/reading.rs"]
mod reading;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use orch::plan::markdown::read_document;

fn option(name: &str) -> Option<u64> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let pair = arguments.windows(2).find(|pair| pair[0] == name)?;
    Some(
        pair[1]
            .parse()
            .unwrap_or_else(|_| panic!("{name} takes a number")),
    )
}

fn main() -> ExitCode {
    let seconds = Duration::from_secs(option("--seconds").unwrap_or(60));
    let most = option("--iterations").unwrap_or(u64::MAX);
    let seed = option("--seed").unwrap_or(1);
    let samples = reading::samples();
    println!("seed {seed}, {} documents to start from", samples.len());
    let mut mutator = reading::Mutator::new(samples, seed);
    let start = Instant::now();
    let (mut inputs, mut bytes, mut tasks, mut faults, mut slowest) = (0_u64, 0, 0, 0, Duration::ZERO);
    let mut reading_time = Duration::ZERO;
    while inputs < most && start.elapsed() < seconds {
        let text = mutator.next_text();
        let before = Instant::now();
        let found = reading::check(&text);
        let again = Instant::now();
        // Rules hold for the same text again: this reading is for the clock alone.
        if found.is_ok() {
            drop(read_document(&text));
            reading_time += again.elapsed();
        }
        slowest = slowest.max(again - before);
        inputs += 1;
        bytes += text.len();
        match found {
            Ok((its_tasks, its_faults)) => {
                tasks += its_tasks;
                faults += its_faults;
            }
            Err(wrong) => {
                let file = std::env::temp_dir().join(format!("fuzz_reader-{seed}-{inputs}.md"));
                std::fs::write(&file, text).unwrap();
                println!("input {inputs}: {wrong}\nwritten to {}", file.display());
                return ExitCode::FAILURE;
            }
        }
    }
    println!(
        "{inputs} inputs, {:.1} MB, {tasks} tasks, {faults} faults, nothing wrong",
        bytes as f64 / 1e6
    );
    println!(
        "reading alone {:.1} MB/s; slowest check of one input {slowest:.1?}; {:.0?} in all",
        bytes as f64 / 1e6 / reading_time.as_secs_f64(),
        start.elapsed()
    );
    ExitCode::SUCCESS
}
