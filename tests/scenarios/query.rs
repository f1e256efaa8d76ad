//! The prepared query: created, kept correct, never taken from another service, and never stripped of an operator's
//! settings.

use serde_json::json;

use crate::harness::{Cluster, Fault, Proxy, shared};
use crate::stage::Candidate;

#[test]
fn the_query_is_made_with_the_master_tag_and_answers_with_the_master_only() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    one.leads();
    two.follows(&one);
    let query = one.node.api().query(&one.query()).unwrap();
    assert_eq!(query["Service"]["Service"], *one.service);
    assert_eq!(query["Service"]["Tags"], json!(["master"]));
    assert_eq!(
        query["Service"]["OnlyPassing"], false,
        "a master whose election check could not ask Consul is still found"
    );
    assert_eq!(query["Session"], one.sessions()[0]);
    let name = format!("{}.query.consul", one.query());
    assert_eq!(one.node.dns(&name), [one.node.ip()]);
    assert_eq!(two.node.dns_ports(&name), [6379]);
}

#[test]
fn query_tags_are_asked_for_beside_the_master_tag() {
    let service = crate::harness::unique("redis");
    let one = Candidate::with(&service, &service, shared().nodes::<1>()[0], |body| body["Tags"] = json!(["v7"]));
    let pass = one.pass().args(["--consul-query-tag", "v7", "--consul-query-tag", "!old"]);
    one.said_by(&pass.run(), 0);
    assert_eq!(one.node.api().query(&one.query()).unwrap()["Service"]["Tags"], json!(["master", "v7", "!old"]));
    assert_eq!(one.node.dns(&format!("{}.query.consul", one.query())), [one.node.ip()]);
}

#[test]
fn a_query_that_someone_deleted_or_changed_is_set_right_and_keeps_what_an_operator_set_beside() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    one.leads();
    let id = api.query(&one.query()).unwrap()["ID"].as_str().unwrap().to_owned();
    api.delete_query(&id);
    one.leads();
    let id = api.query(&one.query()).unwrap()["ID"].as_str().unwrap().to_owned();
    let operators = json!({
        "Name": one.query(), "DNS": {"TTL": "7s"},
        "Service": {"Service": one.service, "Tags": ["old"], "OnlyPassing": false, "Near": "_agent",
            "Failover": {"NearestN": 2, "Datacenters": ["dc9"]}, "IgnoreCheckIDs": ["noise"],
            "NodeMeta": {"rack": "b"}, "ServiceMeta": {"version": "7.0"}},
    });
    api.put_query(&id, &operators);
    one.leads();
    let query = api.query(&one.query()).unwrap();
    assert_eq!(query["ID"], *id, "updated in place, so that DNS is never without an answer");
    assert_eq!(query["Service"]["Tags"], json!(["master"]));
    assert_eq!(query["Service"]["OnlyPassing"], false);
    assert_eq!(query["Service"]["ServiceMeta"]["version"], "7.0");
    assert_eq!(query["DNS"]["TTL"], "7s");
    for field in ["Near", "IgnoreCheckIDs", "NodeMeta"] {
        assert_eq!(query["Service"][field], operators["Service"][field], "{field}");
    }
    assert_eq!(query["Service"]["Failover"]["NearestN"], 2);
    assert_eq!(query["Service"]["Failover"]["Datacenters"], json!(["dc9"]));
}

#[test]
fn the_query_of_the_old_tool_is_taken_over() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    let body = json!({"Name": one.query(), "Service": {"Service": one.service, "Tags": ["master"]}});
    let id = api.create_query(&body);
    one.leads();
    let query = api.query(&one.query()).unwrap();
    assert_eq!((&query["ID"], &query["Session"]), (&json!(id), &json!(one.sessions()[0])));
}

#[test]
fn a_name_that_a_query_on_another_service_has_is_an_error_and_nobody_takes_the_lock() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    let id = api.create_query(&json!({"Name": one.query(), "Service": {"Service": "postgresql"}}));
    let before = api.query(&one.query());
    let said = one.said_by(&one.pass().run(), 1);
    assert!(said.contains(&format!("the prepared query {} is for service postgresql", one.query())), "{said}");
    assert_eq!((one.holds_the_lock(), one.sessions().len()), (false, 0));
    assert_eq!(api.query(&one.query()), before);
    api.delete_query(&id);
    one.leads();
}

#[test]
fn a_master_whose_query_is_taken_from_it_says_so_and_keeps_lock_and_tag() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    one.leads();
    let id = api.query(&one.query()).unwrap()["ID"].as_str().unwrap().to_owned();
    api.put_query(&id, &json!({"Name": one.query(), "Service": {"Service": "postgresql"}}));
    let said = one.said_by(&one.pass().run(), 1);
    assert!(said.contains("is for service postgresql"), "{said}");
    assert!(one.holds_the_lock() && one.is_tagged("master"));
}

#[test]
fn a_template_of_the_very_name_is_an_error_and_one_that_merely_matches_is_not() {
    // On its own cluster, because a template without a name answers for every name.
    let cluster = Cluster::of(1);
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let api = one.node.api();
    let template = |name: &str| json!({"Name": name, "Template": {"Type": "name_prefix_match"}, "Service": {"Service": "${name.full}"}});
    let in_the_way = api.create_query(&template(&one.query()));
    let said = one.said_by(&one.pass().run(), 1);
    assert!(said.contains(&format!("the prepared query {} is a template", one.query())), "{said}");
    assert_eq!((one.holds_the_lock(), one.sessions().len()), (false, 0));
    api.delete_query(&in_the_way);
    api.create_query(&template(""));
    api.create_query(&template("redis"));
    one.leads();
    let query = api.query(&one.query()).unwrap();
    assert_eq!(query["Template"]["Type"], "");
    one.leads();
    assert_eq!(one.node.dns(&format!("{}.query.consul", one.query())), [one.node.ip()]);
}

#[test]
fn several_instances_that_find_no_query_at_once_make_one() {
    let candidates = Candidate::on_each(shared().nodes::<3>());
    let passes: Vec<_> = candidates.iter().map(|candidate| candidate.pass().spawn()).collect();
    for pass in passes {
        let outcome = pass.wait();
        assert_eq!(outcome.status, 0, "{outcome:?}");
    }
    let name = candidates[0].query();
    let queries = shared().server().api().get("/v1/query").list();
    assert_eq!(queries.iter().filter(|query| query["Name"] == *name).count(), 1);
    let masters: Vec<_> = candidates.iter().filter(|candidate| candidate.is_tagged("master")).collect();
    assert_eq!(masters.len(), 1);
    assert!(masters[0].holds_the_lock());
}

#[test]
fn a_query_that_cannot_be_read_keeps_no_master_from_stepping_down_and_takes_no_tag() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    let proxy = Proxy::before(one.node);
    proxy.fail(|request, _| request.path.starts_with("/v1/query/").then_some(Fault::Status(500, "No cluster leader")));
    for arguments in [&[][..], &["--on-outage", "demote"]] {
        let pass = one.pass().args(arguments.iter().copied()).through(&proxy);
        let said = one.said_by(&pass.run(), 1);
        assert!(said.starts_with("error: cannot ") && said.contains(" prepared query "), "{said}");
        assert!(one.holds_the_lock() && one.is_tagged("master"), "the lock was read, and is held");
    }
    one.node.api().service_maintenance(&one.id, true);
    let said = one.said_by(&one.pass().through(&proxy).run(), 0);
    assert_eq!(said, "slave, no master: the instance is in maintenance");
    one.node.api().service_maintenance(&one.id, false);
    // A plain query outlives its master, and an instance that cannot update it is not a candidate. A fenced query is
    // gone with the last term.
    one.said_by(&one.pass().arg("--no-fence").through(&proxy).run(), 1);
    assert_eq!((one.holds_the_lock(), one.sessions().len()), (false, 0));
    one.said_by(&one.pass().through(&proxy).run(), 1);
    assert!(one.holds_the_lock() && one.is_tagged("master"));
    one.leads();
    assert_eq!(one.node.dns(&format!("{}.query.consul", one.query())), [one.node.ip()]);
}
