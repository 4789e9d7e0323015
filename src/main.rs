//! The `orch` program: a thin door into the library.

fn main() {}
