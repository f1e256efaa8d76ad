//! The lock: which instance takes it, which must wait, what its value contains, and what unsuccessful candidates leave
//! behind.

use serde_json::{Value, json};

use crate::harness::{Fault, Health, Pass, Proxy, Random, millis, secs, seen, shared, wait_for};
use crate::stage::{Candidate, tries_the_lock};

#[test]
fn the_lock_is_kept_from_everybody_for_the_lock_delay_and_no_session_is_left_by_those_who_tried() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let pass = Pass::of(&one.service).on(one.node).args(["--lock-delay", "2s"]);
    assert!(one.said_by(&pass.run(), 0).starts_with("master on "));
    one.turn(Health::Critical);
    let lost = std::time::Instant::now();
    assert_eq!(two.run(), "slave, no master: the lock is in its lock-delay");
    assert_eq!(two.sessions(), Vec::<String>::new());
    wait_for("the lock-delay to end", secs(10), || seen(two.run(), |said| said.starts_with("master on ")));
    assert!(lost.elapsed() >= millis(1_900), "taken after {:?}", lost.elapsed());
}

#[test]
fn the_default_lock_delay_is_fifteen_seconds_and_the_session_is_bound_to_node_and_health_check() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    Pass::of(&one.service).on(one.node).run();
    let session = one.node.api().session(&one.sessions()[0]).unwrap();
    assert_eq!(session["LockDelay"], 15_000_000_000_u64);
    assert_eq!(session["Behavior"], "release");
    assert_eq!(session["NodeChecks"], json!(["serfHealth"]));
    assert_eq!(session["ServiceChecks"][0]["ID"], one.ping());
    assert_eq!(session["ServiceChecks"].as_array().unwrap().len(), 1);
}

#[test]
fn a_step_down_leaves_no_lock_delay_no_session_and_no_leader_in_the_value() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let patient = |candidate: &Candidate| Pass::of(&candidate.service).on(candidate.node).run();
    assert!(one.said_by(&patient(&one), 0).starts_with("master on "));
    one.node.api().service_maintenance(&one.id, true);
    assert_eq!(one.said_by(&patient(&one), 0), "slave, no master: the instance is in maintenance");
    assert_eq!(one.sessions(), Vec::<String>::new());
    let value = one.node.api().lock(&one.key()).unwrap().value;
    let fields: Vec<&String> = value.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["history", "left"], "nothing but the past: {value}");
    assert!(two.said_by(&patient(&two), 0).starts_with("master on "), "at once, though the lock-delay is 15s");
    one.node.api().service_maintenance(&one.id, false);
    one.follows(&two);
}

#[test]
fn a_foreign_session_on_the_lock_makes_a_slave_that_names_its_node() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let other = shared().nodes::<2>()[1];
    let session = other.api().create_session(&json!({"Name": "a consul lock command"}));
    assert!(other.api().acquire(&one.key(), &session, "not JSON"));
    assert_eq!(one.run(), format!("slave of {}", other.name()));
    other.api().destroy_session(&session);
}

#[test]
fn a_value_that_someone_else_wrote_does_not_take_the_lock_from_its_holder() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    let api = one.node.api();
    for foreign in ["", "null", "[1]", "not JSON", r#"{"node":"n9","service_id":"x","session":"y"}"#] {
        api.put_key(&one.key(), foreign);
        assert!(one.run().starts_with("master on "), "{foreign}");
        let lock = api.lock(&one.key()).unwrap();
        assert_eq!(lock.value["node"], one.node.name(), "the value is repaired");
        assert_eq!(lock.session.as_ref(), one.sessions().first());
    }
}

#[test]
fn the_value_follows_the_instance_to_another_address() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    let api = one.node.api();
    let since = api.lock(&one.key()).unwrap().value["since"].clone();
    let ping = one.ping();
    api.register(&json!({"Name": one.service, "ID": one.id, "Port": 7000, "Address": "127.0.0.9", "Tags": ["master"],
        "Check": {"CheckID": ping, "Name": "ping", "TTL": "1h", "Status": "passing"}}));
    assert_eq!(one.run(), format!("master on {} (127.0.0.9:7000), term 1", one.node.name()));
    let value = api.lock(&one.key()).unwrap().value;
    assert_eq!((&value["address"], &value["port"], &value["since"]), (&json!("127.0.0.9"), &json!(7000), &since));
    api.register(&json!({"Name": one.service, "ID": one.id, "Port": 7001, "Tags": ["master"],
        "Check": {"CheckID": one.ping(), "Name": "ping", "TTL": "1h", "Status": "passing"}}));
    assert_eq!(one.run(), format!("master on {} ({}:7001), term 1", one.node.name(), one.node.ip()));
}

#[test]
fn a_deleted_lock_key_is_taken_again_and_the_sessions_of_before_are_not_left() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    one.node.api().delete_key(&one.key());
    one.leads();
    assert_eq!(one.sessions().len(), 1);
}

#[test]
fn a_spare_session_of_a_killed_run_is_used_and_unlike_ones_are_destroyed() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    let name = format!("election {} of {}", one.query(), one.id);
    let like = json!({"Name": name, "LockDelay": "0s", "Behavior": "release", "NodeChecks": ["serfHealth"],
        "ServiceChecks": [{"ID": one.ping()}]});
    let unlike = json!({"Name": name, "LockDelay": "3s"});
    let (spare, _, stranger) =
        (api.create_session(&like), api.create_session(&unlike), api.create_session(&json!({"Name": "mine own"})));
    one.leads();
    assert_eq!(one.sessions(), [spare], "used, and the other gone");
    assert!(api.session(&stranger).is_some(), "a session with another name stays");
    api.destroy_session(&stranger);
}

#[test]
fn two_passes_of_one_instance_at_once_end_as_one_master_with_one_session() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    for round in 0..30 {
        let passes: Vec<_> = (0..3).map(|_| one.pass().spawn()).collect();
        for pass in passes {
            let outcome = pass.wait();
            // Two concurrent passes may each take the other's session for lost, but must never fail.
            assert_eq!(outcome.status, 0, "round {round}: {outcome:?}");
        }
        one.leads();
        assert_eq!(one.sessions().len(), 1, "round {round}");
        one.node.api().service_maintenance(&one.id, true);
        let passes: Vec<_> = (0..3).map(|_| one.pass().spawn()).collect();
        for pass in passes {
            let outcome = pass.wait();
            assert_eq!(outcome.status, 0, "round {round}: {outcome:?}");
        }
        assert_eq!((one.holds_the_lock(), one.sessions().len()), (false, 0), "round {round}");
        assert!(one.is_tagged("slave") && !one.is_tagged("master"), "round {round}");
        one.node.api().service_maintenance(&one.id, false);
    }
}

#[test]
fn sigkill_at_a_hundred_random_moments_leaves_one_master_at_most_one_spare_session_and_whole_registrations() {
    let candidates = Candidate::on_each(shared().nodes::<3>());
    let whole: Vec<Value> = candidates.iter().map(Candidate::rest_of_registration).collect();
    let mut random = Random::new();
    let mut killed = 0;
    while killed < 100 {
        let candidate = random.pick(&candidates);
        // In half of the runs there is work: the master fails, and is healthy again at its next turn.
        if random.within(0..2) == 0 {
            for holder in candidates.iter().filter(|holder| holder.holds_the_lock()) {
                holder.turn(Health::Critical);
                holder.turn(Health::Passing);
            }
        }
        let mut pass = candidate.pass().spawn();
        std::thread::sleep(random.duration(millis(1)..millis(30)));
        if pass.has_ended() {
            continue;
        }
        pass.kill();
        killed += 1;
        for (candidate, whole) in candidates.iter().zip(&whole) {
            let spares = candidate.sessions().len() - usize::from(candidate.holds_the_lock());
            assert!(spares <= 1, "{spares} spare sessions after {killed} kills");
            assert_eq!(candidate.rest_of_registration(), *whole);
        }
    }
    for _ in 0..2 {
        for candidate in &candidates {
            candidate.run();
        }
    }
    let masters: Vec<&Candidate> = candidates.iter().filter(|candidate| candidate.is_tagged("master")).collect();
    assert_eq!(masters.len(), 1);
    assert!(masters[0].holds_the_lock());
    masters[0].leads();
    for (candidate, whole) in candidates.iter().zip(&whole) {
        let spares = candidate.sessions().len() - usize::from(candidate.holds_the_lock());
        assert!(spares <= 1);
        assert_eq!(candidate.rest_of_registration(), *whole);
    }
}

#[test]
fn a_lock_lost_between_winning_it_and_the_tag_is_seen_before_the_pass_ends() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.run();
    let api = one.node.api();
    for session in one.sessions() {
        api.destroy_session(&session);
    }
    one.run();
    one.node.api().service_maintenance(&one.id, true);
    one.run();
    one.node.api().service_maintenance(&one.id, false);
    // Just before the master tag is set, the session ends and another instance takes the lock.
    let proxy = Proxy::before(one.node);
    let (address, key) = (one.node.address(), one.key());
    proxy.fail(move |request, _| {
        if request.path == "/v1/agent/service/register" && request.body.contains("\"master\"") {
            let api = crate::harness::Api::at(&address, None);
            if let Some(session) = api.holder(&key) {
                api.destroy_session(&session);
                let rival = api.create_session(&json!({"Name": "rival", "Node": "n2"}));
                assert!(api.acquire(&key, &rival, "{}"));
            }
        }
        None::<Fault>
    });
    let said = one.said_by(&one.pass().through(&proxy).run(), 0);
    assert_eq!(said, "slave of n2");
    assert!(one.is_tagged("slave") && !one.is_tagged("master"));
    let session = api.holder(&one.key()).unwrap();
    api.destroy_session(&session);
}

#[test]
fn a_check_that_is_added_later_ends_the_lead_as_well() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    one.leads();
    let late = format!("{}-late", one.id);
    api.register_check(&json!({"ID": late, "Name": "late", "ServiceID": one.id, "TTL": "1h", "Status": "passing"}));
    let proxy = Proxy::before(one.node);
    assert!(one.said_by(&one.pass().through(&proxy).run(), 0).starts_with("master on "));
    let registered = proxy.requests().into_iter().filter(|request| request.path.ends_with("/register"));
    assert!(registered.into_iter().all(|request| request.body.contains("\"master\"")), "the tag never goes");
    assert_eq!(one.sessions().len(), 1, "the earlier session is gone");
    one.leads();
    api.set_check(&late, Health::Critical);
    assert_eq!(api.holder(&one.key()), None, "Consul itself ends the lead");
}

#[test]
fn a_session_is_bound_to_the_elections_own_check_once_that_is_passing_and_ends_with_it() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    let own = format!("{}-own", one.id);
    api.register_check(&json!({"ID": own, "Name": "own", "ServiceID": one.id, "TTL": "1h"}));
    api.put(&format!("/v1/agent/check/update/{own}"), &json!({"Status": "warning", "Output": ""})).ok();
    let shows = |status: &str| {
        let output = format!("election {}: master on n1, term 1", one.query());
        api.put(&format!("/v1/agent/check/update/{own}"), &json!({"Status": status, "Output": output})).ok();
    };
    let bound = || -> Vec<String> {
        let session = api.session(&one.sessions()[0]).unwrap();
        let checks = session["ServiceChecks"].as_array().unwrap();
        checks.iter().map(|check| check["ID"].as_str().unwrap().to_owned()).collect()
    };
    shows("warning");
    one.leads();
    assert_eq!(bound(), [one.ping()], "its own check may be critical until it has run");
    shows("passing");
    one.leads();
    assert_eq!(bound(), [own.clone(), one.ping()]);
    let session = one.sessions();
    shows("warning");
    one.leads();
    assert_eq!(one.sessions(), session, "an error of the election moves no lead");
    shows("critical");
    wait_for("the end of the lead of a master that cannot run its check", secs(5), || {
        seen(api.holder(&one.key()), Option::is_none).map(drop)
    });
}

#[test]
fn spare_sessions_that_are_of_no_use_go_before_a_new_one_is_made() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    let name = format!("election {} of {}", one.query(), one.id);
    let proxy = Proxy::before(one.node);
    for delay in ["1s", "2s", "3s"] {
        // A run is killed while it acquires, each time with other options.
        proxy.fail(|request, _| tries_the_lock(request).then_some(Fault::Hang));
        one.pass().through(&proxy).args(["--timeout", "300ms"]).output();
        api.create_session(&json!({"Name": name, "LockDelay": delay}));
        proxy.fail(|request, _| tries_the_lock(request).then_some(Fault::Hang));
        one.pass().through(&proxy).args(["--timeout", "300ms"]).output();
        assert_eq!(one.sessions().len(), 1, "after a run with {delay}");
    }
    one.leads();
    assert_eq!(one.sessions().len(), 1);
}

#[test]
fn a_lock_that_is_lost_just_before_its_value_is_mended_is_no_error() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    one.node.api().put_key(&one.key(), "not JSON");
    let proxy = Proxy::before(one.node);
    let (address, key) = (one.node.address(), one.key());
    proxy.fail(move |request, _| {
        if request.path == "/v1/txn" {
            let api = crate::harness::Api::at(&address, None);
            if let Some(session) = api.holder(&key) {
                api.destroy_session(&session);
            }
        }
        None::<Fault>
    });
    let said = one.said_by(&one.pass().through(&proxy).run(), 0);
    assert!(said.starts_with("master on ") || said == "slave, no master: the lock is in its lock-delay", "{said}");
    assert_eq!(one.is_tagged("master"), one.holds_the_lock());
    assert!(one.sessions().len() <= 1);
}
