//! A fleet for tests.

use jiff::{Timestamp, tz::TimeZone};

use crate::plan::{Currency, PlanState};

use super::model::{
    HappenedRow, LogPiece, NeedRow, Seen, TopEvent, TopModel, TopRow, TrainRow, WorkSpan, update,
};

/// The moment this many seconds after the beginning.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn row(name: &str, state: PlanState, place: usize) -> TopRow {
    let begun = matches!(
        state,
        PlanState::Running | PlanState::Held | PlanState::Failed | PlanState::Finished | PlanState::Landed
    );
    let (from, to) = (
        60 * i64::try_from(place).unwrap(),
        60 * i64::try_from(place).unwrap() + 600,
    );
    let span = WorkSpan {
        id: format!("{name}-1"),
        from: Some(at(from)),
        to: (state != PlanState::Running).then(|| at(to)),
        failed: state == PlanState::Failed,
    };
    TopRow {
        name: name.to_owned(),
        state,
        need: None,
        paused: state == PlanState::Paused,
        asks: Vec::new(),
        phase: if begun {
            "2: Interfaces and tests".to_owned()
        } else {
            String::new()
        },
        done: place % 7,
        all: 8,
        agent: if begun {
            "claude opus".to_owned()
        } else {
            String::new()
        },
        heard: (state == PlanState::Running).then(|| at(3590 - 40 * i64::try_from(place).unwrap())),
        said: match state {
            PlanState::Running => "cargo test: 12 passed; now the other half".to_owned(),
            state => format!("why it is {state}"),
        },
        lines: begun.then_some((120 * place + 1, 7 * place)),
        head: begun.then(|| format!("{place:040x}")),
        conflicts: if place == 7 {
            "plan09, main".to_owned()
        } else {
            String::new()
        },
        waits: if state == PlanState::Blocked {
            "plan03.2".to_owned()
        } else {
            String::new()
        },
        remaining_s: (!begun || state == PlanState::Running).then_some(600 + 90 * place as u64),
        cost: begun.then_some(place as f64 * 0.37),
        attempts: if begun { vec![span] } else { Vec::new() },
        behind: Vec::new(),
    }
}

/// Thirty plans in all states; the first waits for an answer, the second for an approval.
pub(super) fn seen() -> Seen {
    let states = PlanState::ALL.iter().copied().cycle();
    let mut plans: Vec<TopRow> = states
        .take(30)
        .enumerate()
        .map(|(place, state)| row(&format!("plan{place:02}"), state, place))
        .collect();
    plans[4].name = "payments-service-checkout-api-of-the-shop".to_owned();
    plans[15].name = "計画計画計画計画計画計画計画".to_owned();
    plans[15].said = "検証に失敗しました 🚀 and so on".to_owned();
    plans[2].behind = vec!["plan05".to_owned(), "plan11".to_owned()];
    plans[5].behind = vec!["plan12".to_owned()];
    plans[15].need = Some(0);
    plans[4].need = Some(1);
    let need = |place: usize, kind, text: &str, command: &str| NeedRow {
        plan: Some(plans[place].name.clone()),
        kind,
        text: text.to_owned(),
        since: Some(at(3000)),
        holds_up_s: 4800,
        command: Some(format!("orch {command} {}", plans[place].name)),
    };
    let needs = vec![
        need(15, "question", "asks “Red or green?”", "answer"),
        need(4, "approval", "waits for a person to approve it", "approve"),
    ];
    Seen {
        counts: "30 plans: 2 need you, 3 running, 3 ready, 3 blocked".to_owned(),
        figures: " · done in about 1h 40m · $14.20".to_owned(),
        standing: Some("no supervisor: stopped; `orch up` continues".to_owned()),
        target: "main".to_owned(),
        plans,
        needs,
        currency: Currency::default(),
    }
}

/// The model of the fleet as it is first shown.
pub(super) fn model(columns: u16, rows: u16) -> TopModel {
    let mut model = TopModel::new(at(3600), TimeZone::UTC, (columns, rows));
    let train = ["verifying", "waiting", "red"].into_iter().enumerate();
    let train = train.map(|(place, state)| TrainRow {
        plan: format!("plan{:02}", place + 6),
        place: place as u64 + 1,
        state: state.to_owned(),
        on: "main, plan06".to_owned(),
        elapsed_s: Some(75),
        remaining_s: Some(300),
        why: "its verification runs".to_owned(),
    });
    let happened = (1..=40).map(|seq| HappenedRow {
        seq,
        at: at(seq * 30),
        plan: format!("plan{:02}", seq % 30),
        event: "task.done".to_owned(),
        text: format!("{seq}.1"),
    });
    let lines = (1..=100)
        .map(|line| format!("{line} reads `src/lib.rs` and thinks about what the next step could be"));
    for event in [
        TopEvent::Seen(Box::new(seen())),
        TopEvent::Train(Ok(train.collect())),
        TopEvent::Happened(happened.collect()),
    ] {
        update(&mut model, event);
    }
    model.log = model.log.of("plan02", false);
    update(
        &mut model,
        TopEvent::Log(LogPiece {
            plan: "plan02".to_owned(),
            attempt: "plan02-1".to_owned(),
            anew: true,
            lines: lines.collect(),
            ..LogPiece::default()
        }),
    );
    model
}
