//! Refs of the hub with real git: of two writers of a ref that must not be there, one succeeds; work and report arrive together.

use std::fs;
use std::thread;

use orch::git::hub::{
    Channel, Swap, Workplace, identity, own_marker, read_record, repository_id, work_of, write_record,
};
use orch::git::refs::made_in;
use orch::git::{LaneMoved, move_lane, put_snapshot, snapshot};
use orch::plan::CommitId;

use crate::support::{Scratch, campaign};

/// A repository and its hub.
fn hub() -> (Scratch, Channel) {
    let repo = Scratch::new();
    let hub = repo.beside("hub.git").to_str().unwrap().to_owned();
    repo.git_args(["init", "-q", "--bare", &hub]);
    let channel = Channel {
        git_dir: repo.join(".git"),
        hub,
        repository: "r".to_owned(),
        marker: None,
    };
    channel.put_back(&[]).unwrap();
    (repo, channel)
}

fn head(repo: &Scratch) -> CommitId {
    repo.head()
}

fn record(channel: &Channel, parent: &CommitId, text: &str) -> CommitId {
    write_record(
        &channel.git_dir,
        &[parent],
        &[("who", text.as_bytes().to_vec())],
        text,
    )
    .unwrap()
}

#[test]
fn a_hub_that_lost_its_refs_gets_them_back_and_until_then_no_node_writes_there() {
    let (repo, channel) = hub();
    let node = Channel {
        marker: Some(own_marker(&channel.git_dir).unwrap()),
        ..channel.clone()
    };
    let [claim, news, fate] = ["claim", "news", "fate"].map(|what| record(&channel, &head(&repo), what));
    assert_eq!(node.swap("p-1.t", "claim", &claim).unwrap(), Swap::Won);
    node.write("p-1.t", "news", &news).unwrap();
    channel.fetch_all().unwrap();
    fs::remove_dir_all(&channel.hub).unwrap();
    repo.git_args(["init", "-q", "--bare", &channel.hub]);
    assert!(node.write("p-1.t", "news", &news).is_err());
    assert!(node.swap("p-1.t", "fate", &fate).is_err());
    assert!(node.all().unwrap().is_empty());
    assert!(channel.fetch_all().is_err());
    assert!(!channel.is_marked().unwrap());
    assert_eq!(
        channel
            .put_back(&["p-1.t".to_owned(), "q-1.t".to_owned()])
            .unwrap(),
        2
    );
    assert!(channel.is_marked().unwrap());
    assert_eq!(node.swap("p-1.t", "claim", &fate).unwrap(), Swap::Lost);
    assert_eq!(node.swap("p-1.t", "fate", &fate).unwrap(), Swap::Won);
    assert_eq!(channel.put_back(&["p-1.t".to_owned()]).unwrap(), 0);
}

#[test]
fn only_old_ends_of_attempts_that_left_nothing_else_are_removed() {
    let (repo, channel) = hub();
    let head = head(&repo);
    for (key, what) in [
        ("p-1.t", "claim"),
        ("p-1.t", "fate"),
        ("q-1.t", "fate"),
        ("q-1.t", "news"),
        ("r-1.t", "claim"),
    ] {
        channel.write(key, what, &record(&channel, &head, what)).unwrap();
    }
    assert_eq!(channel.remove_old_ends(0).unwrap(), 0);
    assert_eq!(channel.remove_old_ends(i64::MAX).unwrap(), 1);
    let left: Vec<String> = channel.all().unwrap().into_keys().collect();
    assert_eq!(left, ["q-1.t", "r-1.t"]);
}

#[test]
fn of_two_writers_of_a_ref_that_must_be_new_exactly_one_succeeds() {
    let (repo, channel) = hub();
    let head = head(&repo);
    for race in 0..campaign("ORCH_RACES", 40).max(10) {
        let key = format!("p-{race}.t");
        let both = ["node", "here"].map(|who| record(&channel, &head, &format!("{who} {race}")));
        let swapped = thread::scope(|scope| {
            let writers = both.each_ref().map(|own| {
                let (channel, key) = (&channel, &key);
                scope.spawn(move || channel.swap(key, "fate", own).unwrap())
            });
            writers.map(|writer| writer.join().unwrap())
        });
        let won = swapped.iter().filter(|swap| **swap == Swap::Won).count();
        assert_eq!(won, 1, "race {race}: {swapped:?}");
        let there = channel.look(&key).unwrap().fate.unwrap();
        let winner = swapped.iter().position(|swap| *swap == Swap::Won).unwrap();
        assert_eq!(there, both[winner]);
        // Whose answer was lost and who tries again is still the one.
        assert_eq!(channel.swap(&key, "fate", &both[winner]).unwrap(), Swap::Won);
        assert_eq!(channel.swap(&key, "fate", &both[1 - winner]).unwrap(), Swap::Lost);
    }
}

#[test]
fn a_hub_that_is_not_there_is_no_answer() {
    let (repo, channel) = hub();
    let commit = record(&channel, &head(&repo), "x");
    fs::rename(&channel.hub, repo.beside("away")).unwrap();
    assert!(channel.fetch_all().is_err());
    assert!(channel.look("p-1.t").is_err());
    assert!(channel.swap("p-1.t", "fate", &commit).is_err());
}

#[test]
fn what_was_written_is_fetched_and_tidied_but_for_what_decides() {
    let (repo, channel) = hub();
    let head = head(&repo);
    let (news, end) = (record(&channel, &head, "news"), record(&channel, &head, "end"));
    channel.write("p-1.t", "from", &head).unwrap();
    channel.write("p-1.t", "news", &head).unwrap();
    channel.write("p-1.t", "news", &news).unwrap();
    assert_eq!(channel.swap("p-1.t", "fate", &end).unwrap(), Swap::Won);
    channel.fetch_all().unwrap();
    let fetched = channel.fetched().unwrap().remove("p-1.t").unwrap();
    assert_eq!(
        (fetched.news, fetched.fate, fetched.claim),
        (Some(news.clone()), Some(end.clone()), None)
    );
    assert_eq!(work_of(&channel.git_dir, &end).unwrap(), head);
    let file = |name| read_record(&channel.git_dir, &end, name).unwrap();
    assert_eq!(file("who").as_deref(), Some(&b"end"[..]));
    assert_eq!(file("none"), None);
    channel.tidy("p-1.t").unwrap();
    channel.tidy_here("p-1.t").unwrap();
    let left = channel.look("p-1.t").unwrap();
    assert_eq!((left.from, left.news, left.fate), (None, None, Some(end)));
    assert!(channel.fetched().unwrap().is_empty());
}

#[test]
fn a_repository_has_one_name_however_many_ask_at_once() {
    let repo = Scratch::new();
    let common_dir = repo.join(".git");
    let names: Vec<String> = thread::scope(|scope| {
        let asking: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| repository_id(&common_dir).unwrap()))
            .collect();
        asking.into_iter().map(|asks| asks.join().unwrap()).collect()
    });
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
}

#[test]
fn a_nodes_work_comes_to_the_lane_with_who_made_it_and_what_was_not_committed() {
    let (repo, channel) = hub();
    let began = head(&repo);
    channel.write("p-1.t", "from", &began).unwrap();
    let node = Workplace {
        mirror: repo.beside("node/mirror.git"),
        tree: repo.beside("node/tree"),
    };
    node.fill_mirror(&node.channel(&channel.hub, "r"), "p-1.t")
        .unwrap();
    let who = identity(&repo.join("")).unwrap();
    node.clone_at("orch/p", &began, &who, &["litter".to_owned()])
        .unwrap();
    let tree = node.tree.to_str().unwrap();
    for file in ["a", "b"] {
        fs::write(node.tree.join(file), file).unwrap();
        repo.git_args(["-C", tree, "add", file]);
        repo.git_args(["-C", tree, "commit", "-q", "-m", file]);
    }
    for file in ["left", "litter"] {
        fs::write(node.tree.join(file), file).unwrap();
    }
    let (at, tip) = node.tips("orch/p").unwrap();
    assert_eq!(at, tip);
    let made = made_in(&node.git_dir());
    assert_eq!(made.len(), 2, "{made:?}");
    let left = snapshot(&node.tree, "left").unwrap();
    let end = write_record(&node.git_dir(), &[&tip, &left], &[], "end").unwrap();
    let there = Channel {
        git_dir: node.git_dir(),
        ..channel.clone()
    };
    assert_eq!(there.swap("p-1.t", "fate", &end).unwrap(), Swap::Won);
    channel.fetch_all().unwrap();
    repo.git("worktree add -q -b orch/p ../lane");
    let lane = repo.beside("lane");
    assert_eq!(move_lane(&lane, &tip, &made).unwrap(), LaneMoved::Done);
    assert_eq!(made_in(&repo.join(".git/worktrees/lane")), made);
    for _ in 0..2 {
        put_snapshot(&lane, &left).unwrap();
        assert_eq!(
            repo.git_args(["-C", lane.to_str().unwrap(), "status", "--porcelain"]),
            "?? left"
        );
    }
    // What stands in the way is not overwritten.
    fs::write(lane.join("b"), "mine").unwrap();
    let moved = move_lane(&lane, &made[0], &[]).unwrap();
    assert!(matches!(moved, LaneMoved::Refused(_)), "{moved:?}");
    assert_eq!(fs::read_to_string(lane.join("b")).unwrap(), "mine");
}
