//! The stream as JSON, one object a line.

use std::io::Write;

use crate::journal::Record;
use crate::schedule::Scheduler;
use crate::supervisor::Observer;

/// Prints every record to standard output.
#[derive(Debug, Default)]
pub struct JsonLines;

impl Observer for JsonLines {
    fn recorded(&mut self, records: &[Record], _: &Scheduler) {
        let mut out = std::io::stdout().lock();
        for record in records {
            // A reader that has closed the output must not stop the run.
            let _ = writeln!(out, "{}", record.to_json());
        }
        let _ = out.flush();
    }
}
