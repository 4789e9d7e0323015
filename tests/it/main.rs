//! All integration tests, in one binary so that they are linked once.

// Plan documents: real ones, large ones.
mod plan_documents;
