//! `cargo bench --bench NAME [-- --rounds N --part PART]`

/// What was asked for.
#[derive(Debug, Clone)]
pub struct Options {
    rounds: Option<usize>,
    part: Option<String>,
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
        let value = |name: &str| {
            let mut pairs = arguments.windows(2);
            pairs.find(|pair| pair[0] == name).map(|pair| pair[1].clone())
        };
        let rounds = value("--rounds").map(|rounds| rounds.parse().expect("--rounds takes a number"));
        let part = value("--part");
        Some(Self { rounds, part })
    }

    /// How many rounds to measure: as asked for, else `usual`; at least one.
    pub fn rounds(&self, usual: usize) -> usize {
        self.rounds.unwrap_or(usual).max(1)
    }

    /// True unless another part of the benchmark was asked for.
    pub fn wants(&self, part: &str) -> bool {
        self.part.as_deref().is_none_or(|wanted| wanted == part)
    }
}
