//! `cargo bench --bench NAME [-- --rounds N]`

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    rounds: Option<usize>,
}

impl Options {
    /// Reads the command line. None when this is not `cargo bench` (such as `cargo test --all-targets`): then nothing
    /// is measured.
    pub fn read() -> Option<Self> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        if !arguments.iter().any(|argument| argument == "--bench") {
            println!("nothing measured: run it with cargo bench");
            return None;
        }
        let rounds = arguments
            .windows(2)
            .find(|pair| pair[0] == "--rounds")
            .map(|pair| pair[1].parse().expect("--rounds takes a number"));
        Some(Self { rounds })
    }

    /// How many rounds to measure: as asked for, else `usual`; at least one.
    pub fn rounds(self, usual: usize) -> usize {
        self.rounds.unwrap_or(usual).max(1)
    }
}
