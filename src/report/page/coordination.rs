//! The coordination documents of a project: waves, capacity, risks, synchronisation, communication.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::plan::{Dependency, Plan, PlanSet, Waiting, format_duration};
use crate::report::text::clock::day;
use crate::supervisor::Preview;

/// One document, in both of its forms.
#[derive(Debug, Clone, PartialEq)]
pub struct CoordinationDocument {
    /// The name of its files, without what comes behind the dot.
    pub name: &'static str,
    /// For programs, with `"schema": 1`.
    pub json: Value,
    /// For people.
    pub markdown: String,
}

/// The documents of what is left to do.
///
/// # Errors
///
/// When the preview cannot be written as JSON.
pub fn coordination(
    set: &PlanSet,
    preview: &Preview,
) -> Result<Vec<CoordinationDocument>, serde_json::Error> {
    let told = serde_json::to_value(preview)?;
    Ok(vec![
        waves(preview),
        capacity(set, preview, &told),
        risks(preview, &told),
        milestones(preview),
        synchronisation(preview, &told),
        communication(set, preview),
    ])
}

fn waves(preview: &Preview) -> CoordinationDocument {
    let mut text = "# Waves\n\nWork that can go on side by side with unlimited agents. Nothing waits for the end of a wave.\n\n\
                    | wave | at once | work |\n|---|---|---|\n"
        .to_owned();
    let mut waves = Vec::new();
    for (place, wave) in preview.waves.iter().enumerate() {
        let number = place + 1;
        let _ = writeln!(text, "| {number} | {} | {} |", wave.len(), wave.join(", "));
        waves.push(json!({ "wave": number, "at_once": wave.len(), "work": wave }));
    }
    let _ = writeln!(
        text,
        "\nThe longest path: {}",
        match preview.critical_path.as_slice() {
            [] => "nothing is left to do".to_owned(),
            path => path.join(" → "),
        }
    );
    CoordinationDocument {
        name: "waves",
        json: json!({ "schema": preview.schema, "waves": waves, "critical_path": preview.critical_path }),
        markdown: text,
    }
}

fn capacity(set: &PlanSet, preview: &Preview, told: &Value) -> CoordinationDocument {
    let widest = preview.waves.iter().map(Vec::len).max().unwrap_or(0);
    let slots = set.run.max_agents;
    let mut text = format!(
        "# Capacity\n\nUp to {slots} agents work at once (`max_agents`). At most {widest} pieces of work could go on side by side.\n\n\
         | strategy | agents at once | expected time |\n|---|---|---|\n"
    );
    for times in &preview.expected {
        let time = format_duration(std::time::Duration::from_secs(times.seconds.round() as u64));
        let _ = writeln!(text, "| {} | {} | {time} |", times.strategy, times.max_agents);
    }
    text += "\n| agent | at once | plans |\n|---|---|---|\n";
    let mut agents = Vec::new();
    for agent in set.agents.values() {
        let uses = |plan: &&Plan| plan.agent == agent.name;
        let plans: Vec<&str> = set
            .plans
            .iter()
            .filter(uses)
            .map(|plan| plan.name.as_str())
            .collect();
        let most = agent
            .max
            .map_or_else(|| "no limit".to_owned(), |max| max.to_string());
        let _ = writeln!(text, "| {} | {most} | {} |", agent.name, plans.join(", "));
        agents.push(json!({ "agent": agent.name, "max": agent.max, "plans": plans }));
    }
    let (mut resources, mut people) = (Vec::new(), Vec::new());
    for (place, (name, count)) in set.resources.iter().enumerate() {
        if place == 0 {
            text += "\n| resource | tokens | patience |\n|---|---|---|\n";
        }
        let patience = set.patience.get(name).map(|patience| format_duration(*patience));
        let _ = writeln!(
            text,
            "| {name} | {count} | {} |",
            patience.as_deref().unwrap_or("none")
        );
        resources.push(json!({ "resource": name, "tokens": count, "patience": patience }));
    }
    for (place, (name, person)) in set.people.iter().enumerate() {
        if place == 0 {
            text += "\n| person | skills | plans |\n|---|---|---|\n";
        }
        let owns = |plan: &&Plan| plan.milestone.owner.as_ref() == Some(name);
        let plans: Vec<&str> = set
            .plans
            .iter()
            .filter(owns)
            .map(|plan| plan.name.as_str())
            .collect();
        let _ = writeln!(
            text,
            "| {name} | {} | {} |",
            person.skills.join(", "),
            plans.join(", ")
        );
        people.push(json!({ "person": name, "skills": person.skills, "plans": plans }));
    }
    CoordinationDocument {
        name: "capacity",
        json: json!({
            "schema": preview.schema, "max_agents": slots, "most_at_once": widest, "expected": told["expected"],
            "agents": agents, "resources": resources, "people": people,
        }),
        markdown: text,
    }
}

fn milestones(preview: &Preview) -> CoordinationDocument {
    let mut text = "# Milestones\n".to_owned();
    if preview.milestones.is_empty() {
        text += "\nNo open plan has an `owner` or a `due` day.\n";
    }
    for (place, planned) in preview.milestones.iter().enumerate() {
        let own = &planned.milestone;
        if place == 0 {
            text += "\n| plan | owner | due | expected | behind plan by |\n|---|---|---|---|---|\n";
        }
        let expected = own.expected.map_or_else(|| "unknown".to_owned(), day);
        let behind = match (own.is_overdue, own.behind_percent) {
            (true, _) => "overdue".to_owned(),
            (false, Some(behind)) => format!("{behind} %"),
            (false, None) => String::new(),
        };
        let owner = own.owner.as_deref().unwrap_or_default();
        let due = own.due.map(|due| due.to_string()).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} | {owner} | {due} | {expected} | {behind} |",
            planned.plan
        );
    }
    CoordinationDocument {
        name: "milestones",
        json: json!({ "schema": preview.schema, "milestones": preview.milestones }),
        markdown: text,
    }
}

fn risks(preview: &Preview, told: &Value) -> CoordinationDocument {
    let mut text = "# Risks\n\n".to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let (risks, overlaps) = (list(&told["risks"]), list(&told["overlaps"]));
    if risks.is_empty() && overlaps.is_empty() {
        text += "None were found.\n";
    }
    for risk in &risks {
        let part = |key: &str| risk[key].as_str().unwrap_or_default();
        let _ = writeln!(text, "- {}: {}", part("where"), part("what"));
        if !part("advice").is_empty() {
            let _ = writeln!(text, "  - {}", part("advice"));
        }
    }
    let names = |value: &Value| {
        let names = list(value).into_iter();
        let names = names.filter_map(|name| name.as_str().map(str::to_owned));
        names.collect::<Vec<_>>().join(", ")
    };
    for (place, overlap) in overlaps.iter().enumerate() {
        if place == 0 {
            text += "\n| plans | files of all of them |\n|---|---|\n";
        }
        let _ = writeln!(
            text,
            "| {} | {} |",
            names(&overlap["plans"]),
            names(&overlap["files"])
        );
    }
    for (place, risk) in preview.known_risks.iter().enumerate() {
        if place == 0 {
            text += "\n| in earlier runs | plans | likely | sign | remedy |\n|---|---|---|---|---|\n";
        }
        let _ = writeln!(
            text,
            "| {} | {} of {} | {} | {} | {} |",
            risk.kind.words(),
            risk.plans,
            risk.of,
            risk.percent
                .map_or("unknown".to_owned(), |percent| format!("{percent} %")),
            risk.warning,
            risk.contingency
        );
    }
    CoordinationDocument {
        name: "risks",
        json: json!({ "schema": told["schema"], "risks": risks, "known_risks": preview.known_risks, "overlaps": overlaps }),
        markdown: text,
    }
}

fn synchronisation(preview: &Preview, told: &Value) -> CoordinationDocument {
    let mut text = "# Synchronisation\n".to_owned();
    if preview.sync_points.is_empty() && preview.gates.is_empty() && preview.reviews.is_empty() {
        text += "\nNo point is waited for by several plans, and no gate needs a person.\n";
    }
    for (place, point) in preview.sync_points.iter().enumerate() {
        if place == 0 {
            text += "\n| point | reached with | plans |\n|---|---|---|\n";
        }
        let plans: Vec<&str> = point.plans.iter().map(crate::plan::PlanName::as_str).collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            point.id,
            point.points.join(", "),
            plans.join(", ")
        );
    }
    for (place, gate) in preview.gates.iter().enumerate() {
        if place == 0 {
            text += "\nA person has to approve:\n\n";
        }
        let _ = writeln!(text, "- {gate}: `orch approve {gate}`");
    }
    for (place, plan) in preview.reviews.iter().enumerate() {
        if place == 0 {
            text += "\nA person has to review, once finished:\n\n";
        }
        let _ = writeln!(text, "- {plan}: `orch review {plan}`");
    }
    CoordinationDocument {
        name: "synchronisation",
        json: json!({
            "schema": preview.schema, "sync_points": told["sync_points"], "gates": preview.gates,
            "reviews": preview.reviews,
        }),
        markdown: text,
    }
}

/// What each plan waits for.
fn waits(plan: &Plan) -> Vec<Dependency> {
    let mut all: Vec<Dependency> = Vec::new();
    for dependency in plan.all_waits() {
        if !all.contains(&dependency) {
            all.push(dependency);
        }
    }
    all
}

fn communication(set: &PlanSet, preview: &Preview) -> CoordinationDocument {
    const WAITS: [(Waiting, &str); 5] = [
        (Waiting::Conflict, "a conflict holds a plan"),
        (Waiting::Dependency, "a plan waits for another plan"),
        (Waiting::Gate, "a plan waits for a person"),
        (Waiting::Question, "an agent asks a person"),
        (Waiting::Stuck, "an agent is stuck"),
    ];
    let mut text = "# Communication\n\n| what happens | somebody is told |\n|---|---|\n".to_owned();
    let mut escalations = Vec::new();
    for (waiting, words) in WAITS {
        let after = set.escalate.after(waiting);
        let told = match after {
            None => "never".to_owned(),
            Some(after) if after.is_zero() => "at once".to_owned(),
            Some(after) => format!("after {}", format_duration(after)),
        };
        let _ = writeln!(text, "| {words} | {told} |");
        escalations.push(json!({ "waiting": waiting, "after_s": after.map(|after| after.as_secs()) }));
    }
    let mut hand_overs = Vec::new();
    for plan in &set.plans {
        for dependency in waits(plan) {
            if hand_overs.is_empty() {
                text += "\n| from | at | to |\n|---|---|---|\n";
            }
            let _ = writeln!(text, "| {} | {dependency} | {} |", dependency.on.plan, plan.name);
            let at = dependency.to_string();
            hand_overs.push(json!({ "from": dependency.on.plan, "at": at, "to": plan.name }));
        }
    }
    CoordinationDocument {
        name: "communication",
        json: json!({ "schema": preview.schema, "escalations": escalations, "hand_overs": hand_overs }),
        markdown: text,
    }
}
