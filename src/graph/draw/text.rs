//! The graph as one tree per plan. Each entry lists its dependencies.

use std::fmt::Write;

use super::picture::{Edge, NodeKind, NodeShape, Picture};
use super::words::span;

/// Maximum width of a title in columns.
const TITLE: usize = 44;

/// Draws the tree. `*` marks the critical path.
pub fn text(picture: &Picture) -> String {
    let mut out = String::new();
    let incoming = picture.incoming();
    for (number, lane) in picture.lanes.iter().enumerate() {
        if number > 0 {
            out.push('\n');
        }
        let title = if lane.title.is_empty() || lane.title == lane.name {
            String::new()
        } else {
            format!(" {}", cut(&lane.title, TITLE))
        };
        let _ = writeln!(
            out,
            "{}{title}  ({}, {} of work)",
            lane.name,
            lane.about,
            span(lane.work)
        );
        let own = |shape: &NodeShape| shape.lane == number && shape.kind != NodeKind::Joint;
        let shapes = || picture.shapes.iter().enumerate().filter(|(_, shape)| own(shape));
        // A phase's end comes behind its tasks in the graph, but above them in a tree.
        let mut printed: Vec<crate::plan::PhaseId> = Vec::new();
        for (place, shape) in shapes() {
            match (shape.phase, shape.kind) {
                (Some(phase), _) if !printed.contains(&phase) => {
                    printed.push(phase);
                    let head = shapes()
                        .find(|(_, other)| other.kind == NodeKind::Phase && other.phase == Some(phase));
                    if let Some((head, _)) = head {
                        line(&mut out, picture, &incoming, head, 2);
                    }
                    for (part, _) in shapes()
                        .filter(|(_, other)| other.phase == Some(phase) && other.kind != NodeKind::Phase)
                    {
                        line(&mut out, picture, &incoming, part, 4);
                    }
                }
                (Some(_), _) => {}
                (None, _) => line(&mut out, picture, &incoming, place, 2),
            }
        }
    }
    if !picture.path.is_empty() {
        let _ = writeln!(
            out,
            "\ncritical path (*), {}: {}",
            span(picture.length),
            picture.path.join(" → ")
        );
    }
    out
}

fn line(out: &mut String, picture: &Picture, incoming: &[Vec<&Edge>], place: usize, indent: usize) {
    let shape = &picture.shapes[place];
    let name = match shape.kind == NodeKind::Plan {
        true => "finished",
        false => &shape.label,
    };
    let title = match shape.kind {
        NodeKind::Plan => shape.check.as_ref().map_or_else(String::new, |check| {
            format!("verified by {}", cut(check, TITLE - 12))
        }),
        NodeKind::Merge => String::new(),
        NodeKind::Verify if shape.phase.is_some() => String::new(),
        NodeKind::Phase | NodeKind::Task | NodeKind::Verify | NodeKind::Joint => cut(&shape.title, TITLE),
    };
    let mark = if shape.critical { '*' } else { ' ' };
    let tick = if shape.done { " done" } else { "" };
    let is_end = matches!(shape.kind, NodeKind::Plan | NodeKind::Merge);
    let took = match is_end || shape.done || shape.work == 0 {
        true => String::new(),
        false => span(shape.work),
    };
    let head = format!("{mark}{:indent$}{name:<5} {title}{tick}", "", indent = indent - 1);
    let waits: Vec<String> = waits(picture, incoming, place);
    let waits = if waits.is_empty() {
        String::new()
    } else {
        format!("after {}", waits.join(", "))
    };
    let _ = writeln!(out, "{}", format!("{head:<58} {took:>8}  {waits}").trim_end());
}

/// Returns the dependencies of an entry, without its parts and, for a landing, its own plan's work.
fn waits(picture: &Picture, incoming: &[Vec<&Edge>], place: usize) -> Vec<String> {
    let own = &picture.shapes[place];
    let mut waits = Vec::new();
    for link in &incoming[place] {
        let from = &picture.shapes[link.from];
        let why: Vec<&str> = link
            .why
            .iter()
            .map(String::as_str)
            .filter(|why| *why != "part of")
            .collect();
        if why.is_empty() || own.kind == NodeKind::Merge && from.lane == own.lane {
            continue;
        }
        let name = if from.lane == own.lane {
            &from.label
        } else {
            &from.id
        };
        waits.push(match from.kind {
            NodeKind::Joint => {
                let members = incoming[link.from].iter().map(|link| &picture.shapes[link.from]);
                let members: Vec<&str> = members.map(|shape| shape.label.as_str()).collect();
                if from.label.contains(" of ") {
                    from.label.clone()
                } else {
                    format!("{} ({})", members.join(" "), from.label)
                }
            }
            NodeKind::Phase if from.lane == own.lane => format!("phase {name} ({})", why.join(", ")),
            _ => format!("{name} ({})", why.join(", ")),
        });
    }
    waits
}

/// Returns the text inside a shape.
pub(super) fn caption(shape: &NodeShape) -> String {
    match shape.kind {
        NodeKind::Plan => "finished".to_owned(),
        NodeKind::Merge => "landed".to_owned(),
        NodeKind::Phase | NodeKind::Task | NodeKind::Verify if !shape.title.is_empty() => {
            format!("{} {}", shape.label, cut(&shape.title, 40))
        }
        NodeKind::Phase | NodeKind::Task | NodeKind::Verify | NodeKind::Joint => shape.label.clone(),
    }
}

/// At most so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let head: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", head.trim_end())
}
