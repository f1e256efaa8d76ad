//! A master asks what its name finds: what the line says is what Consul shows.

use serde_json::{Value, json};

use crate::fence::stage::{MAY_READ, dns, is_fenced, meta};
use crate::harness::{Api, Cluster, Pass, Proxy, secs, seen, shared, unique, wait_for};
use crate::stage::Candidate;

/// A token with the minimal rules of an instance and these.
fn token(one: &Candidate, more: &str) -> String {
    one.node.api().token_with(&format!("{}\n{more}", one.rules()))
}

fn own_node(one: &Candidate) -> String {
    format!("node \"{}\" {{ policy = \"read\" }}", one.node.name())
}

/// Writes the instance into the catalog past its agent.
fn change_in_catalog(one: &Candidate, change: impl FnOnce(&mut Value)) {
    let own = one.node.api().catalog(&one.service).remove(0);
    let mut service = json!({"ID": one.id, "Service": one.service, "Port": 6379, "Tags": own["ServiceTags"],
        "Meta": own["ServiceMeta"]});
    change(&mut service);
    let body = json!({"Node": one.node.name(), "Address": one.node.ip().to_string(), "SkipNodeUpdate": true,
        "Service": service});
    one.node.api().put("/v1/catalog/register", &body).ok();
}

/// Deletes a token, and waits until its agent knows that it is gone.
fn revoke(api: &Api, token: &str) {
    let accessor = api.with_token(token).get("/v1/acl/token/self").ok()["AccessorID"].as_str().unwrap().to_owned();
    api.delete(&format!("/v1/acl/token/{accessor}")).ok();
}

/// Returns the requests of one run that must end with this line.
fn requests(pass: Pass, one: &Candidate, status: i32, said: &str) -> Vec<String> {
    let proxy = Proxy::before(one.node);
    assert_eq!(one.said_by(&pass.through(&proxy).run(), status), said);
    proxy.lines()
}

/// Runs until a run asks what the name finds, which a run in the definition's turn does not, and returns that run's line.
fn said_of_the_name(one: &Candidate, pass: impl Fn() -> Pass, status: i32) -> String {
    let outcome = wait_for("a run that asks for the name", secs(10), || {
        let proxy = Proxy::before(one.node);
        let outcome = pass().through(&proxy).run();
        let asked = |line: &String| line.ends_with("/execute");
        seen((outcome, proxy.lines()), |(_, lines)| lines.iter().any(asked))
    });
    one.said_by(&outcome.0, status)
}

fn query(one: &Candidate) -> Value {
    one.node.api().query(&one.query()).unwrap()
}

/// Changes the definition of the query past the election.
fn change_query(one: &Candidate, change: impl FnOnce(&mut Value)) {
    let mut query = query(one);
    change(&mut query);
    one.node.api().put_query(query["ID"].as_str().unwrap(), &query);
}

type Change = fn(&mut Value);
type Check = fn(&Value) -> bool;

#[test]
fn an_instance_whose_old_token_is_gone_is_brought_back_to_the_catalog_with_the_new_one() {
    let cluster = Cluster::with(1).acls().start();
    let api = cluster.server().api();
    api.allow_anonymous(MAY_READ);
    let changes: [(&str, Change); 5] = [
        ("no tags", |service| service["Tags"] = json!([])),
        ("other tags", |service| service["Tags"] = json!(["v8", "slave"])),
        ("no Meta", |service| service["Meta"] = json!({})),
        ("another port", |service| service["Port"] = json!(1)),
        ("another address", |service| service["Address"] = json!("127.0.0.9")),
    ];
    for fence in [&[][..], &["--no-fence"]] {
        for (what, change) in changes {
            let service = unique("redis");
            let one = Candidate::with(&service, &service, cluster.nodes::<1>()[0], |body| {
                body["Tags"] = json!(["v7"]);
                body["Meta"] = json!({"version": "7"});
            });
            let [old, new] = [0, 1].map(|_| token(&one, &own_node(&one)));
            let led = one.said_by(&one.pass().args(fence.iter().copied()).token(&old).run(), 0);
            revoke(&api, &old);
            change_in_catalog(&one, change);
            let pass = || one.pass().args(fence.iter().copied()).token(&new);
            assert_eq!(said_of_the_name(&one, pass, 0), led, "{what}");
            assert_eq!(dns(&one), [one.node.ip()], "{what}");
            assert_eq!(one.tags(), ["v7", "master"], "{what}: nothing of the change reached the agent");
            assert_eq!(meta(&one)["version"], "7", "{what}");
            let entries = one.rest_of_registration()["Meta"].clone();
            assert_eq!(entries, json!({"version": "7"}), "{what}: no trace is left");
            assert_eq!(requests(pass(), &one, 0, &led).len(), 3, "{what}");
        }
    }
}

#[test]
fn an_instance_that_is_gone_from_the_catalog_is_an_error_until_it_is_back() {
    let cluster = Cluster::with(1).acls().start();
    cluster.server().api().allow_anonymous(MAY_READ);
    // Without a check of its own, so that its session outlives the entry.
    let service = unique("redis");
    let one = Candidate::with(&service, &service, cluster.nodes::<1>()[0], |body| {
        body.as_object_mut().unwrap().remove("Check");
    });
    let rules = format!("{}\nagent_prefix \"\" {{ policy = \"read\" }}", own_node(&one));
    let [old, new] = [0, 1].map(|_| token(&one, &rules));
    let led = one.said_by(&one.pass().token(&old).run(), 0);
    revoke(&cluster.server().api(), &old);
    let entry = json!({"Node": one.node.name(), "ServiceID": one.id});
    one.node.api().put("/v1/catalog/deregister", &entry).ok();
    assert_eq!(dns(&one), [] as [std::net::Ipv4Addr; 0]);
    assert_eq!(said_of_the_name(&one, || one.pass().token(&new), 0), led);
    assert_eq!(dns(&one), [one.node.ip()]);
    is_fenced(&one, "back in the catalog");
}

#[test]
fn a_token_that_may_not_repair_the_catalog_is_named_with_its_rule_in_every_run() {
    let cluster = Cluster::with(1).acls().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let strong = token(&one, &own_node(&one));
    one.said_by(&one.pass().token(&strong).run(), 0);
    // With that token the agent would repair the catalog by itself, sooner or later.
    revoke(&cluster.server().api(), &strong);
    let weak = one.rules().replacen("write", "read", 1);
    let weak = one.node.api().token_with(&format!("{weak}\n{}", own_node(&one)));
    let pass = || one.pass().token(&weak);
    assert!(one.said_by(&pass().run(), 0).starts_with("master on "));
    change_in_catalog(&one, |service| service["Tags"] = json!([]));
    let said = said_of_the_name(&one, pass, 1);
    let rule = format!("service \"{}\" {{ policy = \"write\" }}", one.service);
    assert!(said.starts_with("error: cannot register instance ") && said.contains(&rule), "{said}");
    let said = one.said_by(&pass().run(), 1);
    for _ in 0..20 {
        assert_eq!(one.said_by(&pass().run(), 1), said);
    }
}

#[test]
fn a_token_that_may_not_read_its_node_leads_as_before_for_three_requests_and_sees_the_name_once_it_may() {
    let cluster = Cluster::with(1).acls().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let (blind, seeing) = (token(&one, ""), token(&one, &own_node(&one)));
    let pass = |token: &str| one.pass().token(token);
    let said = one.said_by(&pass(&blind).run(), 0);
    assert_eq!(said, "master on n1 (port 6379), term 1");
    let last = |lines: Vec<String>| {
        assert_eq!(lines.len(), 3, "{lines:?}");
        lines[2].clone()
    };
    let entries = cluster.quiet_raft_entries(|| {
        for _ in 0..5 {
            let asked = last(requests(pass(&blind), &one, 0, &said));
            assert_eq!(asked, format!("GET /v1/query/{}/explain", one.query()));
        }
    });
    assert_eq!(entries, 0);
    change_in_catalog(&one, |service| service["Tags"] = json!([]));
    assert_eq!(one.said_by(&pass(&blind).run(), 0), said, "nothing can be said");
    wait_for("the name to be asked in turn, and the catalog to be repaired", secs(40), || {
        seen((pass(&seeing).run().status, one.tags()), |(_, tags)| tags == &["master"]).map(drop)
    });
    wait_for("the name to be asked", secs(20), || {
        let proxy = Proxy::before(one.node);
        one.said_by(&pass(&seeing).through(&proxy).run(), 0);
        seen(proxy.lines(), |lines| lines.len() == 3 && lines[2].ends_with("/execute")).map(drop)
    });
}

#[test]
fn options_that_change_reach_the_query_in_the_next_run_and_cost_nothing_after_it() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    let steps: [(&[&str], Check); 6] = [
        (&["--query-ttl", "7s"], |query| query["DNS"]["TTL"] == "7s"),
        (&["--query-near", "_agent"], |query| query["Service"]["Near"] == "_agent"),
        (&["--consul-query-tag", "!old"], |query| query["Service"]["Tags"] == json!(["master", "!old"])),
        (&[], |query| query["Service"]["Tags"] == json!(["master"])),
        (&["--no-fence", "--query-failover", "dc2"], |query| {
            query["Service"]["Failover"]["Datacenters"] == json!(["dc2"]) && query["Session"] == ""
        }),
        (&["--master-tag", "leader"], |query| query["Service"]["Tags"] == json!(["leader"]) && query["Session"] != ""),
    ];
    for (options, has_come) in steps {
        let pass = || one.pass().args(options.iter().copied());
        let said = one.said_by(&pass().run(), 0);
        assert!(has_come(&query(&one)), "{options:?}: {}", query(&one));
        assert_eq!(dns(&one), [one.node.ip()], "{options:?}");
        assert_eq!(requests(pass(), &one, 0, &said).len(), 3, "{options:?}");
    }
}

#[test]
fn what_another_program_changes_on_the_query_beside_its_answer_is_set_right_in_a_turn() {
    let candidates: Vec<_> = (0..4).map(|_| Candidate::alone(shared().nodes::<1>()[0])).collect();
    let options = ["--query-near", "_agent"];
    let pass = |one: &Candidate| one.pass().args(options);
    let changes: [Change; 4] = [
        |query| query["Service"]["OnlyPassing"] = json!(true),
        |query| query["Service"]["Near"] = json!("n1"),
        |query| query["Session"] = json!(""),
        |query| {
            query["Session"] = json!("");
            query["Service"]["ServiceMeta"] = json!({});
        },
    ];
    let befores: Vec<Value> = candidates
        .iter()
        .zip(changes)
        .map(|(one, change)| {
            one.said_by(&pass(one).run(), 0);
            let before = query(one);
            change_query(one, change);
            assert_eq!(dns(one), [one.node.ip()], "the answer is right");
            before
        })
        .collect();
    for (one, before) in candidates.iter().zip(befores) {
        wait_for("the definition to be right", secs(40), || {
            one.said_by(&pass(one).run(), 0);
            let fields = |query: &Value| ["ID", "Session", "Service", "DNS"].map(|field| query[field].clone());
            seen(fields(&query(one)), |now| *now == fields(&before)).map(drop)
        });
    }
}

#[test]
fn a_query_tag_that_the_instance_lacks_is_an_error_in_every_run_and_gone_with_its_cause() {
    let cluster = Cluster::of(1);
    for (tag, has, remedy) in [("sensu", vec![], "add the tag"), ("!old", vec!["OLD"], "remove the tag")] {
        let service = unique("redis");
        let one =
            Candidate::with(&service, &service, cluster.nodes::<1>()[0], |body| body["Tags"] = json!(has.clone()));
        let pass = || one.pass().args(["--consul-query-tag", tag]);
        one.said_by(&pass().run(), 1);
        let said = one.said_by(&pass().run(), 1);
        assert!(
            said.starts_with(&format!("error: the prepared query {} never finds this master", one.query())),
            "{said}"
        );
        assert!(said.contains(tag.trim_start_matches('!')) && said.contains(remedy), "{said}");
        assert!(said.contains(&format!("--consul-query-tag {tag}")), "{said}");
        assert!(one.holds_the_lock() && one.is_tagged("master"), "it leads all the same");
        assert_eq!(dns(&one), [] as [std::net::Ipv4Addr; 0]);
        let entries = cluster.quiet_raft_entries(|| assert_eq!(requests(pass(), &one, 1, &said).len(), 3));
        assert_eq!(entries, 0);
        let mut body = one.node.api().local(&one.id);
        body["Tags"] = if has.is_empty() { json!(["sensu", "master"]) } else { json!(["master"]) };
        one.node.api().register(&json!({"Name": one.service, "ID": one.id, "Port": 6379, "Tags": body["Tags"],
            "Meta": body["Meta"]}));
        assert!(one.said_by(&pass().run(), 0).starts_with("master on "));
        assert_eq!(dns(&one), [one.node.ip()]);
    }
}

#[test]
fn filters_that_an_operator_sets_on_the_query_end_the_line_while_they_hide_the_master() {
    let cluster = Cluster::of(1);
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    one.leads();
    let plain = one.run();
    change_query(&one, |query| query["Service"]["NodeMeta"] = json!({"rack": "b"}));
    let said = said_of_the_name(&one, || one.pass(), 0);
    let expected = format!(
        "{plain}; warning: the prepared query {} does not find it, because it also asks for NodeMeta rack=b",
        one.query()
    );
    assert_eq!(said, expected);
    let entries = cluster.quiet_raft_entries(|| {
        for _ in 0..20 {
            assert_eq!(one.run(), said);
        }
    });
    assert_eq!(entries, 0);
    change_query(&one, |query| query["Service"]["NodeMeta"] = json!({}));
    assert_eq!(one.run(), plain);
    assert_eq!(requests(one.pass(), &one, 0, &plain).len(), 3);
}

#[test]
fn without_a_fence_a_second_instance_that_the_name_finds_is_in_the_line() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let pass = || one.pass().arg("--no-fence");
    let plain = one.said_by(&pass().run(), 0);
    two.node.api().register(&json!({"Name": two.service, "ID": two.id, "Port": 6379, "Tags": ["master"]}));
    let expected = format!("{plain}; warning: the prepared query {} also finds {}", one.query(), two.node.name());
    assert_eq!(said_of_the_name(&one, pass, 0), expected);
    for _ in 0..3 {
        assert_eq!(one.said_by(&pass().run(), 0), expected);
    }
    two.said_by(&two.pass().arg("--no-fence").run(), 0);
    assert_eq!(one.said_by(&pass().run(), 0), plain);
}

#[test]
fn the_first_run_of_a_check_leads_without_a_complaint_although_consul_leaves_it_out_of_dns_until_it_ends() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.let_consul_run_it("1s", &one.pass());
    let mut lines = Vec::new();
    wait_for("the name", secs(15), || {
        lines.extend(one.node.api().check(&one.election_check()).map(|(_, line)| line));
        seen(dns(&one), |found| *found == [one.node.ip()]).map(drop)
    });
    assert!(lines.iter().all(|line| !line.contains("error") && !line.contains("warning")), "{lines:?}");
}
