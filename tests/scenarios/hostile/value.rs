//! The lock's value, written by someone who has `key:write` and nothing else: it makes nobody master, and nobody waits for what it says.

use serde_json::{Value, json};

use crate::fence::stage::dns;
use crate::harness::{Cluster, Node, Scripts, secs, seen, wait_for};
use crate::stage::Candidate;

/// What an enemy writes; `n3` is another candidate, `session` the one that holds the lock.
fn values(session: &str, one: &Candidate, other: &Candidate) -> Vec<(&'static str, Value)> {
    let entry = |node: &str, id: &str| {
        json!({"node": node, "service_id": id, "address": "10.9.9.9", "port": 1, "session": session, "election": one.query(),
            "service": one.service, "tag": "master", "since": "2026-01-01T00:00:00.000Z", "checks": [one.ping()]})
    };
    let with = |change: &dyn Fn(&mut Value)| {
        let mut value = entry("n1", &one.id);
        change(&mut value);
        value
    };
    let back = |id: &str, error: Option<&str>| {
        let mut note =
            json!({"node": id, "service_id": one.id, "until": "9999-01-01T00:00:00Z", "seconds": 253_402_300_799_u64});
        if let Some(error) = error {
            note["failure"] = json!({"error": error, "for_good": true});
        }
        note
    };
    let all_back = |error| json!([back("n1", error), back("n2", error), back("n3", error)]);
    let many: Vec<Value> = (0..2_500).map(|n| back(&format!("x{n}"), Some("why"))).collect();
    vec![
        ("another candidate", entry("n3", &other.id)),
        ("a stranger", entry("nobody", "nothing")),
        ("another election", with(&|value| value["election"] = json!("elsewhere"))),
        ("everyone stands back", json!({"standing_back": all_back(None)})),
        ("everyone has failed", json!({"standing_back": all_back(Some("said by an enemy"))})),
        ("many notes", json!({"standing_back": many})),
        ("handed to nobody", json!({"handed_to": back("nobody", None)})),
        ("handed to another", json!({"handed_to": back("n2", None)})),
        ("an address with a command", with(&|value| value["address"] = json!("$(reboot)\u{0}\n"))),
        ("no time", with(&|value| value["since"] = json!("\u{0}".repeat(4000)))),
        ("a huge text", json!("a".repeat(400_000))),
        ("no JSON", json!(null)),
    ]
}

fn holder(one: &Candidate) -> Option<String> {
    one.node.api().holder(&one.key())
}

#[test]
fn whoever_holds_the_lock_stays_the_only_master_whatever_is_written_into_its_value() {
    let cluster = Cluster::of(3);
    let [one, two, three] = Candidate::on_each(cluster.nodes::<3>());
    one.leads();
    for other in [&two, &three] {
        other.follows(&one);
    }
    let api = cluster.server().api();
    for (what, value) in values(&holder(&one).unwrap(), &one, &three) {
        api.put_key(&one.key(), &value.to_string());
        // The others look first, while the value is as the enemy left it.
        for other in [&two, &three, &one, &two, &three] {
            let said = other.said_by(&other.pass().run(), 0);
            assert!(!said.contains("enemy"), "{what}: {said}");
            assert_eq!(said.starts_with("master on n1"), other.node.name() == "n1", "{what}: {said}");
            let masters = api.passing_nodes_tagged(&one.service, "master");
            assert_eq!(masters, ["n1"], "{what}");
        }
        assert_eq!(dns(&one), [one.node.ip()], "{what}");
        assert!(one.holds_the_lock(), "{what}");
        assert_eq!(one.sessions().len() + two.sessions().len() + three.sessions().len(), 1, "{what}");
    }
}

#[test]
fn a_free_lock_is_taken_whatever_is_written_into_its_value() {
    let cluster = Cluster::of(3);
    let [one, two, three] = Candidate::on_each(cluster.nodes::<3>());
    let run = |it: &Candidate| it.said_by(&it.pass().run(), 0);
    assert!(run(&one).starts_with("master on n1"));
    let api = cluster.server().api();
    let session = holder(&one).unwrap();
    for (what, value) in values(&session, &one, &three) {
        let leader = [&one, &two, &three].into_iter().find(|it| it.holds_the_lock()).expect("somebody leads");
        leader.node.api().destroy_session(&holder(leader).unwrap());
        api.put_key(&one.key(), &value.to_string());
        let said = run(&two);
        assert!(said.starts_with("master on n2"), "{what}: {said}");
        assert!(run(&one).starts_with("slave of n2") && run(&three).starts_with("slave of n2"), "{what}");
        assert_eq!(dns(&two), [two.node.ip()], "{what}");
    }
}

#[test]
fn hooks_never_see_what_is_written_there_and_a_deposed_master_is_demoted() {
    let cluster = Cluster::of(2);
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    let scripts = [&one, &two].map(|it| Scripts::on(it.node));
    let pass = |it: &Candidate, scripts: &Scripts| {
        let (follow, demote) = (scripts.noting("follow"), scripts.noting("demote"));
        let hooks = ["--on-follow", &follow, "--on-demote", &demote];
        it.said_by(&it.pass().args(hooks).run(), 0)
    };
    assert!(pass(&one, &scripts[0]).starts_with("master on n1"));
    pass(&two, &scripts[1]);
    assert_eq!((scripts[0].count("demote"), scripts[1].count("follow")), (1, 1));
    let api = cluster.server().api();
    let session = holder(&one).unwrap();
    for (what, value) in values(&session, &one, &two) {
        api.put_key(&one.key(), &value.to_string());
        pass(&two, &scripts[1]);
        pass(&one, &scripts[0]);
        pass(&two, &scripts[1]);
        for run in scripts[1].runs("follow") {
            let (address, port) = (run["MASTER_ADDRESS"].as_str(), run["MASTER_PORT"].as_str());
            assert_eq!((address, port), (one.node.ip().to_string().as_str(), "6379"), "{what}");
        }
    }
    // The next master: the deposed one runs its hook whatever the value says of it.
    one.node.api().destroy_session(&holder(&one).unwrap());
    let hostile = json!({"node": "n2", "service_id": two.id, "address": "\u{0}", "session": "x", "since": "\u{0}"});
    api.put_key(&one.key(), &hostile.to_string());
    assert!(pass(&two, &scripts[1]).starts_with("master on n2"));
    pass(&one, &scripts[0]);
    assert_eq!(scripts[0].count("demote"), 2);
}

fn tick(node: &Node) -> u64 {
    node.api().last_raft_index()
}

#[test]
fn a_writer_who_never_stops_keeps_the_lead_where_it_is_and_the_name_answers_as_soon_as_he_stops() {
    let cluster = Cluster::of(3);
    let [one, two, three] = Candidate::on_each(cluster.nodes::<3>());
    one.leads();
    let api = cluster.server().api();
    let all = values(&holder(&one).unwrap(), &one, &three);
    let before = tick(cluster.server());
    for (_, value) in all.iter().cycle().take(36) {
        api.put_key(&one.key(), &value.to_string());
        for it in [&three, &one, &two] {
            it.said_by(&it.pass().run(), 0);
            assert_eq!(api.passing_nodes_tagged(&one.service, "master"), ["n1"]);
        }
    }
    assert!(tick(cluster.server()) > before);
    wait_for("one settled election", secs(5), || {
        let said = [&one, &two, &three].map(|it| it.said_by(&it.pass().run(), 0));
        seen(said, |said| said[0].starts_with("master on n1") && said[1..].iter().all(|s| s.starts_with("slave of n1")))
            .map(drop)
    });
    assert_eq!(dns(&one), [one.node.ip()]);
}
