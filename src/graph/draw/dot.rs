//! The graph in the DOT language of Graphviz (<https://graphviz.org/doc/info/lang.html>).

use std::fmt::Write;

use crate::plan::is_unprintable;

use super::picture::{NodeKind, NodeShape, Picture};
use super::text::caption;
use super::words::span;

/// Draws the graph, with one cluster per plan.
pub fn dot(picture: &Picture) -> String {
    let mut out = String::from(
        "digraph orch {\n  rankdir=LR;\n  node [fontname=\"sans-serif\", fontsize=11, shape=box, style=\"rounded,filled\", \
         fillcolor=\"white\"];\n  edge [fontname=\"sans-serif\", fontsize=9, color=\"#64748b\"];\n",
    );
    for (number, lane) in picture.lanes.iter().enumerate() {
        let _ = writeln!(out, "  subgraph cluster_{number} {{");
        let _ = writeln!(
            out,
            "    label={};",
            quoted(&format!("{}: {}", lane.name, lane.title))
        );
        let _ = writeln!(out, "    style=\"rounded\"; color=\"#cbd5e1\";");
        for (place, shape) in picture.shapes.iter().enumerate() {
            if shape.lane == number {
                let _ = writeln!(out, "    n{place} [{}];", attributes(shape));
            }
        }
        out.push_str("  }\n");
    }
    for link in &picture.links {
        let label = if picture.shapes[link.to].kind == NodeKind::Joint {
            String::new()
        } else {
            link.why.join(", ")
        };
        let critical = if link.critical {
            ", color=\"#c2410c\", penwidth=2"
        } else {
            ""
        };
        let dashed = if link.settled { ", style=dashed" } else { "" };
        let _ = writeln!(
            out,
            "  n{} -> n{} [label={}{critical}{dashed}];",
            link.from,
            link.to,
            quoted(&label)
        );
    }
    out.push_str("}\n");
    out
}

fn attributes(shape: &NodeShape) -> String {
    let text = match shape.kind == NodeKind::Joint {
        true => String::new(),
        false => caption(shape),
    };
    let form = match shape.kind {
        NodeKind::Joint => ", shape=point",
        NodeKind::Plan => ", shape=oval",
        NodeKind::Merge => ", shape=diamond",
        NodeKind::Verify => ", shape=hexagon",
        NodeKind::Phase | NodeKind::Task => "",
    };
    let colour = if shape.critical {
        ", color=\"#c2410c\", fillcolor=\"#ffedd5\", penwidth=2"
    } else if shape.done {
        ", fillcolor=\"#e2e8f0\""
    } else {
        ""
    };
    let tip = format!("{}: {} ({})", shape.id, shape.title, span(shape.work));
    format!("label={}, tooltip={}{form}{colour}", quoted(&text), quoted(&tip))
}

/// Quotes a string. Backslashes are escaped because DOT uses them for its own escape sequences.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if is_unprintable(c) => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
