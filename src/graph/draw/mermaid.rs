//! The graph as a Mermaid flowchart (<https://mermaid.js.org/syntax/flowchart.html>), which many sites render inline.

use std::fmt::Write;

use crate::plan::is_unprintable;

use super::picture::{NodeKind, NodeShape, Picture};
use super::text::caption;

/// Draws the flowchart, with one subgraph per plan.
pub fn mermaid(picture: &Picture) -> String {
    let mut out = String::from("flowchart LR\n");
    for (number, lane) in picture.lanes.iter().enumerate() {
        let label = format!("{}: {}", lane.name, lane.title);
        let _ = writeln!(out, "  subgraph p{number} [{}]", quoted(&label));
        for (place, shape) in picture.shapes.iter().enumerate() {
            if shape.lane == number {
                let _ = writeln!(out, "    n{place}{}", form(shape));
            }
        }
        out.push_str("  end\n");
    }
    for link in &picture.links {
        let arrow = if link.settled { "-.->" } else { "-->" };
        let label = if picture.shapes[link.to].kind == NodeKind::Joint {
            String::new()
        } else {
            format!("|{}|", quoted(&link.why.join(", ")))
        };
        let _ = writeln!(out, "  n{} {arrow}{label} n{}", link.from, link.to);
    }
    out.push_str("  classDef critical fill:#ffedd5,stroke:#c2410c,stroke-width:2px,color:#111827\n");
    out.push_str("  classDef done fill:#e2e8f0,stroke:#64748b,color:#111827\n");
    let of_class = |class: &dyn Fn(&NodeShape) -> bool| {
        let members = picture
            .shapes
            .iter()
            .enumerate()
            .filter(|(_, shape)| class(shape));
        let members: Vec<String> = members.map(|(place, _)| format!("n{place}")).collect();
        members.join(",")
    };
    let critical = of_class(&|shape| shape.critical);
    let done = of_class(&|shape| shape.done && !shape.critical);
    for (members, class) in [(critical, "critical"), (done, "done")] {
        if !members.is_empty() {
            let _ = writeln!(out, "  class {members} {class}");
        }
    }
    let links = picture.links.iter().enumerate().filter(|(_, link)| link.critical);
    let links: Vec<String> = links.map(|(place, _)| place.to_string()).collect();
    if !links.is_empty() {
        let _ = writeln!(
            out,
            "  linkStyle {} stroke:#c2410c,stroke-width:2px",
            links.join(",")
        );
    }
    out
}

fn form(shape: &NodeShape) -> String {
    let text = quoted(&caption(shape));
    match shape.kind {
        NodeKind::Plan => format!("([{text}])"),
        NodeKind::Merge => format!("{{{text}}}"),
        NodeKind::Verify => format!("{{{{{text}}}}}"),
        NodeKind::Joint => format!("(({text}))"),
        NodeKind::Phase | NodeKind::Task => format!("[{text}]"),
    }
}

/// Quotes a string. Characters that mean something to Mermaid or HTML become character codes.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '#' | '<' | '>' | '&' | '`' | '\\' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            c if is_unprintable(c) => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
