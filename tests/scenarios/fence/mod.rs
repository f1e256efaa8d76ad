//! The fence: a DNS name that exists exactly while its master's session does, and finds only the instance that holds
//! it.

mod moves;
mod name_watch;
mod names;
mod races;
mod returns;
pub mod stage;

use serde_json::{Value, json};

use crate::fence::stage::{dns, is_fenced, meta, meta_key};
use crate::harness::{Health, Proxy, holds_for, millis, secs, seen, shared, unique, wait_for};
use crate::stage::Candidate;

#[test]
fn the_query_has_the_masters_session_and_asks_for_it_in_meta_where_only_the_master_has_it() {
    let service = unique("redis");
    let others = json!({"version": "7.0", "election-other-session": "its own", "rack": "b"});
    let [one, two, _] = shared()
        .nodes::<3>()
        .map(|node| Candidate::with(&service, &service, node, |body| body["Meta"] = others.clone()));
    one.leads();
    two.follows(&one);
    is_fenced(&one, "");
    assert_eq!(meta(&two), others);
    assert_eq!(one.rest_of_registration()["Meta"], others, "everything else is unchanged");
    one.turn(Health::Critical);
    two.leads();
    one.follows(&two);
    is_fenced(&two, "");
    assert_eq!(meta(&one), others);
    two.node.api().service_maintenance(&two.id, true);
    two.run();
    assert_eq!(meta(&two), others, "an instance that steps down loses the key");
}

#[test]
fn the_name_is_gone_the_moment_the_session_ends() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    let gone = |why: &str| {
        // No pass has run since and the test does not wait: one raft entry ends session, lock and query.
        assert_eq!((api.query(&one.query()), dns(&one)), (None, vec![]), "{why}");
        assert!(one.is_tagged("master"), "{why}: only the tag is left");
    };
    one.leads();
    one.turn(Health::Critical);
    gone("its check turned critical");
    one.turn(Health::Passing);
    gone("the check passes again");
    one.leads();
    is_fenced(&one, "");
    api.destroy_session(&one.sessions()[0]);
    gone("the session was destroyed");
    one.leads();
    is_fenced(&one, "");
}

#[test]
fn an_instance_that_is_deregistered_takes_the_name_with_it() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    one.leads();
    api.deregister(&one.encoded_id());
    assert_eq!((api.query(&one.query()), api.holder(&one.key()), dns(&one)), (None, None, vec![]));
}

#[test]
fn a_master_in_warning_is_found_until_it_steps_down_because_of_only_passing() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    one.turn(Health::Warning);
    assert_eq!(dns(&one), [one.node.ip()], "a warning does not end a session");
    assert!(one.said_by(&one.pass().arg("--only-passing").run(), 0).starts_with("slave, no master: "));
    assert_eq!((dns(&one), one.node.api().query(&one.query())), (vec![], None));
}

#[test]
fn an_outage_that_demotes_takes_the_meta_key_with_the_tag_and_the_next_pass_puts_both_back() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    let proxy = Proxy::before(one.node);
    proxy.fail(|request, _| {
        request.path.starts_with("/v1/kv/").then_some(crate::harness::Fault::Status(500, "No cluster leader"))
    });
    one.said_by(&one.pass().args(["--on-outage", "demote"]).through(&proxy).run(), 1);
    assert!(meta(&one).as_object().is_none_or(serde_json::Map::is_empty), "{}", meta(&one));
    assert_eq!(dns(&one), [] as [std::net::Ipv4Addr; 0]);
    one.leads();
    is_fenced(&one, "");
}

#[test]
fn a_plain_query_of_the_same_name_is_fenced_in_place_and_the_name_is_never_without_its_answer() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    one.said_by(&one.pass().arg("--no-fence").run(), 0);
    // As the tool of 2017 created it, with its operator's additions.
    let id = api.query(&one.query()).unwrap()["ID"].as_str().unwrap().to_owned();
    let old = json!({"Name": one.query(), "DNS": {"TTL": "3s"},
        "Service": {"Service": one.service, "Tags": ["master"], "Near": "_agent"}});
    api.put_query(&id, &old);
    let answers = steadily_answered(&one, || one.leads());
    assert!(answers.iter().all(|answer| *answer == [one.node.ip()]), "{answers:?}");
    let query = api.query(&one.query()).unwrap();
    assert_eq!(
        (&query["ID"], &query["DNS"]["TTL"], &query["Service"]["Near"]),
        (&json!(id), &json!("3s"), &json!("_agent"))
    );
    is_fenced(&one, "");
}

/// Returns the name's answers during the work.
fn steadily_answered(one: &Candidate, work: impl FnOnce()) -> Vec<Vec<std::net::Ipv4Addr>> {
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let looks = scope.spawn(|| {
            let mut answers = Vec::new();
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                answers.push(dns(one));
                std::thread::sleep(millis(1));
            }
            answers
        });
        // The watch must also end if this panics.
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        let answers = looks.join().unwrap();
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        answers
    })
}

#[test]
fn going_back_with_no_fence_unfences_in_place_and_takes_the_key_from_master_and_slaves() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let api = one.node.api();
    let plain =
        |candidate: &Candidate| candidate.said_by(&candidate.pass().args(["--no-fence", "--only-passing"]).run(), 0);
    one.leads();
    // A slave that died as master and came back with its old Meta key.
    let stale = json!({"Name": two.service, "ID": two.id, "Port": 6379, "Tags": ["master"],
        "Meta": {meta_key(&two): "12345678-0000-0000-0000-000000000000", "version": "7"}});
    two.node.api().register(&stale);
    let id = api.query(&one.query()).unwrap()["ID"].clone();
    let session = one.sessions();
    assert!(plain(&one).starts_with("master on "));
    assert!(plain(&two).starts_with("slave of "));
    let query = api.query(&one.query()).unwrap();
    assert_eq!((&query["ID"], &query["Session"]), (&id, &json!("")));
    assert_eq!(query["Service"]["Tags"], json!(["master"]));
    assert_eq!(query["Service"]["OnlyPassing"], true);
    assert!(query["Service"]["ServiceMeta"].as_object().is_none_or(serde_json::Map::is_empty), "{query}");
    assert_eq!((meta(&one)[meta_key(&one)].clone(), meta(&two)), (Value::Null, json!({"version": "7"})));
    assert_eq!((one.sessions(), dns(&one)), (session, vec![one.node.ip()]), "the lead is unchanged");
    // A plain query outlives its master.
    one.turn(Health::Critical);
    assert_eq!(api.query(&one.query()).unwrap()["ID"], id);
    assert!(plain(&two).starts_with("master on "));
    assert_eq!(dns(&two), [two.node.ip()]);
    two.leads();
    is_fenced(&two, "");
    assert_eq!(api.query(&two.query()).unwrap()["ID"], id, "and back again");
}

#[test]
fn a_session_that_an_operator_set_on_a_plain_query_stays_without_a_fence() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    let operators = api.create_session(&json!({"Name": unique("operator")}));
    let tags = json!({"Service": one.service, "Tags": ["master"], "OnlyPassing": true});
    api.create_query(&json!({"Name": one.query(), "Session": operators, "Service": tags}));
    for _ in 0..2 {
        one.said_by(&one.pass().args(["--no-fence", "--only-passing"]).run(), 0);
        assert_eq!(api.query(&one.query()).unwrap()["Session"], *operators);
    }
    one.leads();
    is_fenced(&one, "");
    api.destroy_session(&operators);
}

#[test]
fn an_instance_whose_tags_only_the_catalog_knows_is_fenced_as_well() {
    let service = unique("redis");
    let [one, two, _] = shared().nodes::<3>().map(|node| {
        Candidate::with(&service, &service, node, |body| {
            body["EnableTagOverride"] = true.into();
            body["Meta"] = json!({"version": "7"});
        })
    });
    one.leads();
    is_fenced(&one, "");
    one.leads();
    is_fenced(&one, "");
    one.turn(Health::Critical);
    assert_eq!(dns(&one), [] as [std::net::Ipv4Addr; 0]);
    two.leads();
    one.turn(Health::Passing);
    // Both are tagged master in the catalog until the first has run its pass.
    assert_eq!(one.node.api().nodes_tagged(&service, "master").len(), 2);
    holds_for("the name to find only the holder", millis(200), || {
        seen(dns(&two), |found| *found == [two.node.ip()]).map(drop)
    });
    one.follows(&two);
    is_fenced(&two, "");
    assert_eq!(meta(&one), json!({"version": "7"}));
}

#[test]
fn a_reload_that_wipes_tag_and_key_leaves_the_name_unanswered_until_the_next_pass() {
    let node = shared().nodes::<1>()[0];
    let one = Candidate::alone(node);
    let meta_of = json!({"version": "7"});
    one.leads();
    // `consul reload` registers an instance again as its file defines it.
    node.api().register(&json!({"Name": one.service, "ID": one.id, "Port": 6379, "Meta": meta_of, "Tags": ["old"]}));
    assert_eq!(dns(&one), [] as [std::net::Ipv4Addr; 0]);
    one.leads();
    is_fenced(&one, "");
    assert_eq!(meta(&one)["version"], "7");
    wait_for("the name", secs(5), || seen(dns(&one), |found| *found == [node.ip()]).map(drop));
}

#[test]
fn an_instance_with_no_room_left_in_its_meta_does_not_keep_the_lock_from_others() {
    let service = unique("redis");
    let full: serde_json::Map<String, Value> = (0..64).map(|n| (format!("key-{n}"), json!("value"))).collect();
    let [one, two, _] = shared().nodes::<3>();
    let one = Candidate::with(&service, &service, one, |body| body["Meta"] = full.into());
    let two = Candidate::of(&service, two);
    let first = one.pass().run();
    let said = one.said_by(&one.pass().run(), first.status);
    assert!(first.status != 0 && said.contains("Meta"), "{first:?}, then {said}");
    assert!(!one.holds_the_lock(), "{first:?}, then {said}");
    two.leads();
    is_fenced(&two, "");
}
