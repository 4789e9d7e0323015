//! Floor 0: manifests and plan documents, real, large and random.

mod documents;
mod manifest_schema;
mod reader_properties;
