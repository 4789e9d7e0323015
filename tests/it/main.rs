//! All integration tests, in one binary so that they are linked once. Each folder has the tests of one room, each module names what
//! it shows.

#![allow(clippy::disallowed_methods, reason = "tests meet the world")]

mod agent;
mod campaigns;
mod cli;
mod docs;
mod executor;
mod git;
mod journal;
mod lsp;
mod plan;
mod report;
mod serve;
mod status;
mod supervisor;
mod support;
