//! The graph as text, DOT, Mermaid, JSON and SVG. All functions are pure: they return strings and values and write nothing.

mod dot;
mod draft;
mod json;
mod layout;
mod legend;
mod measure;
mod mermaid;
mod picture;
mod reduce;
mod route;
mod svg;
mod svg_text;
mod text;
mod words;

pub use dot::dot;
pub use json::{GraphDocument, document};
pub use mermaid::mermaid;
pub use picture::{Edge, Lane, NodeKind, NodeShape, Picture, View};
pub use svg::svg;
pub use text::text;
pub use words::why as why_words;

#[cfg(test)]
mod tests;
