//! Turns a manifest as written and its documents into the plan set, or into all of their diagnostics.

use std::collections::BTreeMap;

use super::agents::Agents;
use super::branches::{self, Branches};
use super::documents::{self, DocumentSource, Loaded};
use super::ledger::Ledger;
use super::waits::{self, WrittenWait};
use super::written::at::Located;
use super::written::parsed::Parsed;
use super::written::raw::{RawManifest, RawPhase, RawPlan};
use super::{budgets, carried, conflicts, cycles, executors, references, settings, syncs};
use crate::plan::text::near_miss::{quoted, suggest};
use crate::plan::{
    AgentName, Dependency, Diagnostics, PhaseId, PhaseSettings, Place, Plan, PlanName, PlanSet, ResourceName,
    SyncPoint, Templates,
};

/// The manifest version that this program reads.
const SCHEMA: i64 = 1;

/// A plan's table with its name.
struct PlanEntry<'m> {
    name: PlanName,
    place: Place,
    raw: &'m RawPlan,
}

/// Checks a manifest with its documents and fills in defaults. `sources` has an entry for each of [`Parsed::documents`].
///
/// # Errors
/// Returns every diagnostic of the manifest and of all documents, sorted by file and position.
pub fn resolve(
    parsed: Parsed,
    mut sources: BTreeMap<PlanName, DocumentSource>,
) -> Result<PlanSet, Diagnostics> {
    let Parsed {
        file,
        manifest,
        diagnostics,
        is_toml,
    } = parsed;
    let mut ledger = Ledger { file, diagnostics };
    let entries = entries(&manifest, &mut ledger);
    let mut loaded = BTreeMap::new();
    // In a text that is not TOML, a key that seems missing may only have been misread, so missing keys are not reported.
    for entry in entries.iter().filter(|entry| is_toml || entry.raw.file.is_some()) {
        let document = documents::load(&entry.name, entry.place, entry.raw, &mut sources, &mut ledger);
        loaded.extend(document.map(|document| (entry.name.clone(), document)));
    }
    if !is_toml {
        return Err(Diagnostics::sorted(ledger.diagnostics));
    }
    check_head(&manifest, &entries, &mut ledger);
    let (waits, syncs) = all_waits(&manifest, &entries, &loaded, &mut ledger);
    let mut depends: BTreeMap<&PlanName, Vec<&Dependency>> = BTreeMap::new();
    for wait in waits.iter().filter(|wait| wait.phase.is_none()) {
        depends.entry(&wait.plan).or_default().push(&wait.dependency);
    }
    let mut agents = Agents::new(&manifest, &mut ledger);
    conflicts::check(&manifest, &mut agents, &mut ledger);
    let mut branches = Branches::new(&manifest, &mut ledger);
    let worktrees = branches::worktrees(&manifest, &mut ledger);
    let mut plans = Vec::new();
    let declared = references::resources(&manifest);
    for entry in &entries {
        let branch = branches.name(&entry.name, entry.place, entry.raw, &mut ledger);
        let agent = plan_agent(entry, &mut agents, &mut ledger);
        let mut phases = phases(
            &manifest,
            entry,
            loaded.get(&entry.name),
            &mut agents,
            &mut ledger,
        );
        for wait in syncs.1.iter().filter(|wait| wait.plan == entry.name) {
            if let Some(id) = wait.phase {
                let depends = &mut phases.entry(id).or_default().depends;
                *depends = unique(depends.drain(..).chain([wait.dependency.clone()]));
            }
        }
        let document = loaded.remove(&entry.name);
        if let Some(loaded) = &document {
            references::check_uses(&declared, loaded, &mut ledger);
            for (id, line) in syncs::verified(&syncs.0, &entry.name, &loaded.document) {
                phases.entry(id).or_default().verify.push(line.to_owned());
            }
        }
        agents.check_list(entry.raw.agent.as_ref(), entry.raw.agents.as_ref(), &mut ledger);
        if let (Some(branch), Some(agent), Some(document)) = (branch, agent, document) {
            let depends = depends.remove(&entry.name).into_iter().flatten().cloned();
            let depends = unique(depends);
            plans.push(plan(&manifest, entry, document, (branch, agent), phases, depends));
        }
    }
    let executors = executors::all(&manifest, &mut ledger);
    branches.check_clashes(&mut ledger);
    budgets::check(&manifest, &plans, &agents.usable, &mut ledger);
    let carried = carried::check(&plans, &waits);
    ledger.diagnostics.extend(carried.diagnostics);
    let people = references::people(&manifest);
    let owned = entries.iter().map(|entry| (&entry.name, entry.raw));
    let mut warnings = carried.warnings;
    warnings.extend(references::check_owners(&people, owned, &mut ledger));
    if !ledger.diagnostics.is_empty() {
        return Err(Diagnostics::sorted(ledger.diagnostics));
    }
    Ok(PlanSet {
        run: settings::run(&manifest, worktrees),
        agents: agents.usable,
        executors,
        resources: references::resources(&manifest),
        patience: references::patience(&manifest),
        merge: settings::merge(&manifest),
        hooks: settings::hooks(&manifest),
        escalate: settings::escalate(&manifest),
        templates: Templates::default(),
        syncs: syncs.0,
        people,
        plans,
        base_place: settings::base_place(&manifest),
        warnings,
    })
}

/// Whom `orch send lead` reaches: the person.
const LEAD: &str = "lead";

fn entries<'m>(manifest: &'m RawManifest, ledger: &mut Ledger) -> Vec<PlanEntry<'m>> {
    let mut entries = Vec::new();
    for (key, plan) in manifest.plans.iter().flat_map(|plans| &plans.value.entries) {
        match key.value.parse::<PlanName>() {
            Ok(name) if name.as_str() == LEAD => ledger.at(
                key.place,
                "no plan can be called `lead`: messages to `lead` are for the person",
                "choose another name".to_owned(),
            ),
            Ok(name) => entries.push(PlanEntry {
                name,
                place: key.place,
                raw: &plan.value,
            }),
            Err(error) => ledger.at(key.place, format!("plan {error}"), None),
        }
    }
    entries
}

fn check_head(manifest: &RawManifest, entries: &[PlanEntry<'_>], ledger: &mut Ledger) {
    if let Some(schema) = manifest.schema.as_ref().filter(|schema| schema.value != SCHEMA) {
        let message = format!("schema {} is not known", schema.value);
        ledger.at(
            schema.place,
            message,
            format!("this program reads schema = {SCHEMA}"),
        );
    }
    if entries.is_empty()
        && manifest
            .plans
            .as_ref()
            .is_none_or(|plans| plans.value.names().next().is_none())
    {
        let place = manifest
            .plans
            .as_ref()
            .map_or(Place { line: 1, column: 1 }, |plans| plans.place);
        let hint =
            "write [plans.NAME] with file = \"plans/NAME.md\"; `orch new NAME` writes a document".to_owned();
        ledger.at(place, "the manifest has no plans", hint);
    }
    for (key, _) in manifest
        .resources
        .iter()
        .flat_map(|resources| &resources.value.entries)
    {
        if let Err(error) = key.value.parse::<ResourceName>() {
            ledger.at(key.place, error.to_string(), None);
        }
    }
}

/// Every wait that can be met, from the manifest, the documents and their upstream lists. The second value has the sync points,
/// and the waits of phases that come only from sync points.
fn all_waits(
    manifest: &RawManifest,
    entries: &[PlanEntry<'_>],
    loaded: &BTreeMap<PlanName, Loaded>,
    ledger: &mut Ledger,
) -> (Vec<WrittenWait>, (Vec<SyncPoint>, Vec<WrittenWait>)) {
    let names: Vec<PlanName> = entries.iter().map(|entry| entry.name.clone()).collect();
    let by_stem: BTreeMap<String, &PlanName> = entries
        .iter()
        .filter_map(|entry| {
            let file = &entry.raw.file.as_ref()?.value;
            Some((file.file_stem()?.to_string_lossy().into_owned(), &entry.name))
        })
        .collect();
    let known: BTreeMap<&str, &PlanName> = names.iter().map(|name| (name.as_str(), name)).collect();
    let plan_named = |text: &str| {
        known
            .get(text)
            .or_else(|| by_stem.get(text))
            .map(|name| (*name).clone())
    };
    let (mut waits, mut beside_a_phase) = (Vec::new(), Vec::new());
    for entry in entries {
        let mut own = waits::of_manifest(&ledger.file, &entry.name, entry.raw);
        if let Some(document) = loaded.get(&entry.name) {
            own.extend(waits::of_document(&entry.name, document));
            let upstream = waits::of_upstream(&entry.name, document, plan_named, &own);
            own.extend(upstream.alone);
            beside_a_phase.extend(upstream.beside_a_phase);
        }
        waits.append(&mut own);
    }
    let mut known = references::Waitable::new(&names, loaded);
    waits.retain(|wait| references::check(wait, &mut known, ledger));
    let syncs = syncs::all(manifest, &mut known, ledger);
    waits.extend(syncs.1.iter().cloned());
    cycles::add_what_closes_none(&names, loaded, &mut waits, beside_a_phase);
    cycles::check(&names, loaded, &waits, ledger);
    (waits, syncs)
}

fn plan_agent(entry: &PlanEntry<'_>, agents: &mut Agents<'_>, ledger: &mut Ledger) -> Option<AgentName> {
    let agent = match &entry.raw.agent {
        Some(agent) => {
            agents.check(agent, ledger);
            agent.value.clone()
        }
        None => match entry.raw.agents.as_ref().and_then(|list| list.value.first()) {
            Some(first) => first.value.clone(),
            None => agents.default_for(entry.name.as_str(), entry.place, ledger)?,
        },
    };
    if let (true, Some(file)) = (agents.runs_prompt(&agent), &entry.raw.file) {
        let message = format!(
            "agent `{agent}` runs a prompt as a shell script, and plan `{}` has a document",
            entry.name
        );
        let hint = "give the plan a `prompt`, or another agent".to_owned();
        ledger.at(file.place, message, hint);
    }
    Some(agent)
}

/// Checks `[plans.NAME.phases]` and merges it with the headings of the document.
fn phases(
    manifest: &RawManifest,
    entry: &PlanEntry<'_>,
    loaded: Option<&Loaded>,
    agents: &mut Agents<'_>,
    ledger: &mut Ledger,
) -> BTreeMap<PhaseId, PhaseSettings> {
    let mut settings: BTreeMap<PhaseId, PhaseSettings> = BTreeMap::new();
    for phase in loaded.iter().flat_map(|loaded| &loaded.document.phases) {
        if !phase.depends.is_empty() {
            let heading = settings.entry(phase.id).or_default();
            heading.depends = unique(phase.depends.iter().cloned());
        }
    }
    for (key, raw) in entry.raw.phases.iter().flat_map(|phases| &phases.value.entries) {
        let Located { value: raw, .. } = raw;
        if let Some(agent) = &raw.agent {
            agents.check(agent, ledger);
        }
        check_uses(manifest, raw, ledger);
        let Some(id) = phase_key(key, entry, loaded, ledger) else {
            continue;
        };
        let joined = settings.entry(id).or_default();
        let manifest_depends = raw.depends.iter().flat_map(|list| &list.value);
        let heading = std::mem::take(&mut joined.depends);
        joined.depends = unique(manifest_depends.map(|at| at.value.clone()).chain(heading));
        joined.uses = unique(
            raw.uses
                .iter()
                .flat_map(|list| &list.value)
                .map(|at| at.value.clone()),
        );
        joined.agent = raw.agent.as_ref().map(|agent| agent.value.clone());
        joined.timeout = raw.timeout.as_ref().map(|timeout| timeout.value.0);
        joined.job = executors::job(raw.job.as_ref());
        joined.gate = raw.gate.is_some();
        joined.verify = raw.verify.iter().map(|line| line.value.0.clone()).collect();
        joined.expected = raw.expected.as_ref().map(|expected| expected.value.0);
    }
    settings
}

fn phase_key(
    key: &Located<String>,
    entry: &PlanEntry<'_>,
    loaded: Option<&Loaded>,
    ledger: &mut Ledger,
) -> Option<PhaseId> {
    let canonical = key.value == "0" || !key.value.starts_with(['0', '+']);
    let Some(id) = key.value.parse().ok().filter(|_| canonical).map(PhaseId) else {
        let message = format!(
            "`{}` is not a phase: expected its number, such as [plans.{}.phases.2]",
            key.value, entry.name
        );
        let number = key
            .value
            .strip_prefix("phase")
            .filter(|rest| rest.parse::<u32>().is_ok());
        ledger.at(
            key.place,
            message,
            number.map(|number| format!("did you mean `{number}`?")),
        );
        return None;
    };
    let document = &loaded?.document;
    if document.phase(id).is_none() {
        let ids: Vec<String> = document.phases.iter().map(|phase| phase.id.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let message = format!("plan `{}` has no phase {id}", entry.name);
        ledger.at(key.place, message, format!("its phases are {}", quoted(&ids)));
    }
    Some(id)
}

fn check_uses(manifest: &RawManifest, phase: &RawPhase, ledger: &mut Ledger) {
    let declared = manifest.resources.as_ref().map(|resources| &resources.value);
    for resource in phase.uses.iter().flat_map(|list| &list.value) {
        let name = resource.value.as_str();
        if declared.is_none_or(|declared| !declared.contains(name)) {
            let names: Vec<&str> = declared.iter().flat_map(|declared| declared.names()).collect();
            let hint =
                suggest(name, names).unwrap_or_else(|| format!("declare it in [resources]: {name} = 1"));
            ledger.at(resource.place, format!("unknown resource `{name}`"), hint);
        }
    }
}

fn unique<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut kept = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

fn plan(
    manifest: &RawManifest,
    entry: &PlanEntry<'_>,
    loaded: Loaded,
    (branch, agent): (String, AgentName),
    phases: BTreeMap<PhaseId, PhaseSettings>,
    depends: Vec<Dependency>,
) -> Plan {
    let raw = entry.raw;
    let own_priority = raw.priority.as_ref().map(|priority| priority.value);
    Plan {
        name: entry.name.clone(),
        file: raw.file.as_ref().map(|file| file.value.clone()),
        branch,
        priority: own_priority.or(loaded.document.priority).unwrap_or_default(),
        depends,
        phases,
        touches: settings::globs(raw.touches.as_ref()),
        outputs: settings::globs(raw.outputs.as_ref()),
        fallback: settings::fallback(manifest, raw),
        agent,
        verify: raw.verify.as_ref().map(|line| line.value.0.clone()),
        success: settings::lines(raw.success.as_ref()),
        carry: raw.carry.as_ref().is_none_or(|carry| carry.value),
        allow_empty: raw.allow_empty.as_ref().is_some_and(|allow| allow.value),
        commit: settings::commit(manifest, raw),
        report: settings::report(raw.report.as_ref()),
        executor: executors::named(raw.executor.as_ref()),
        job: executors::job(raw.job.as_ref()),
        attempts: settings::attempts(manifest, raw),
        arrangement: settings::arrangement(manifest, raw, &loaded.document),
        overlap: settings::overlap(manifest, raw),
        expected: raw.expected.as_ref().map(|expected| expected.value.0),
        merge_strategy: settings::merge_strategy(manifest, raw),
        auto_merge: settings::auto_merge(manifest, raw),
        setup: settings::setup(manifest, raw),
        budget: raw.budget.as_ref().map(|budget| budget.value.0),
        gate: settings::approve(raw),
        review: settings::review(manifest, raw),
        milestone: references::milestone(raw),
        line: entry.place.line,
        document: loaded.document,
    }
}
