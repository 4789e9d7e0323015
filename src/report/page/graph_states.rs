//! The drawing of the graph with the state of each of its parts.

use std::collections::{HashMap, HashSet};

/// The beginning of a shape in the drawing.
const SHAPE: &str = "<g data-id=\"";

/// Gives every shape of a drawing of the graph the class of its state, names the state where one points at it, and links it to the
/// page of its plan where one of `plans` has a page. `states` has the states by the ids of the graph (`auth`, `auth.2`, `auth@landed`).
pub fn with_states(svg: &str, states: &HashMap<String, &str>, plans: &HashSet<&str>) -> String {
    let mut pieces = svg.split(SHAPE);
    let mut drawn = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        // Ids are names, numbers and `@`; a shape has no group inside.
        let (id, rest) = piece.split_once('"').unwrap_or((piece, ""));
        let (shape, behind) = rest.split_once("</g>").unwrap_or((rest, ""));
        let (class, shape) = match states.get(id) {
            Some(state) => (format!(" class=\"is-{state}\""), titled(shape, id, state)),
            None => (String::new(), shape.to_owned()),
        };
        let plan = id.split(['.', '@']).next().filter(|plan| plans.contains(plan));
        drawn += &match plan {
            Some(plan) => format!("<a href=\"/plans/{plan}\">{SHAPE}{id}\"{class}{shape}</g></a>{behind}"),
            None => format!("{SHAPE}{id}\"{class}{shape}</g>{behind}"),
        };
    }
    drawn
}

/// A shape whose title names the state.
fn titled(shape: &str, id: &str, state: &str) -> String {
    match shape.split_once("</title>") {
        Some((before, behind)) => format!("{before}: {state}</title>{behind}"),
        None => match shape.split_once('>') {
            Some((head, body)) => format!("{head}><title>{id}: {state}</title>{body}"),
            None => shape.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_have_their_state_and_lead_to_their_plan() {
        let svg = "<svg><g data-id=\"auth.1\"><rect/></g>\n<path/><g data-id=\"sync.x\"><circle/></g></svg>";
        let known = HashMap::from([("auth.1".to_owned(), "done")]);
        let drawn = with_states(svg, &known, &HashSet::from(["auth"]));
        assert_eq!(
            drawn,
            "<svg><a href=\"/plans/auth\"><g data-id=\"auth.1\" class=\"is-done\"><title>auth.1: done</title><rect/></g></a>\n<path/>\
             <g data-id=\"sync.x\"><circle/></g></svg>"
        );
    }
}
