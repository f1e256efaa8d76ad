//! ACLs that deny by default: the documented policy is sufficient, and each missing rule has its own error.

use crate::harness::{Cluster, Pass, secs, seen, wait_for};
use crate::stage::Candidate;

/// The minimal rules of an instance on node n1, one by one.
fn rules(one: &Candidate) -> [String; 4] {
    [
        format!("service \"{}\" {{ policy = \"write\" }}", one.service),
        format!("session \"{}\" {{ policy = \"write\" }}", one.node.name()),
        format!("key \"{}\" {{ policy = \"write\" }}", one.key()),
        format!("query \"{}\" {{ policy = \"write\" }}", one.query()),
    ]
}

fn pass_with(one: &Candidate, rules: &[String]) -> Pass {
    one.pass().token(&one.node.api().token_with(&rules.join("\n")))
}

#[test]
fn the_least_privilege_policy_is_enough_to_lead_to_follow_and_to_step_down() {
    let cluster = Cluster::with(2).acls().start();
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    let first = pass_with(&one, &rules(&one));
    // The instance is registered without an address, which the catalog shows only to a token that may read the node.
    assert_eq!(one.said_by(&first.run(), 0), "master on n1 (port 6379), term 1");
    assert!(one.is_tagged("master") && one.holds_the_lock());
    let second = pass_with(&two, &rules(&two));
    assert_eq!(two.said_by(&second.run(), 0), "slave of n1 (port 6379)");
    // Another check, which the session is bound to from now on.
    let check =
        serde_json::json!({"ID": "late", "Name": "late", "ServiceID": one.id, "TTL": "1h", "Status": "passing"});
    one.node.api().register_check(&check);
    assert_eq!(one.said_by(&first.run(), 0), "master on n1 (port 6379), term 2");
    assert_eq!(one.said_by(&first.run(), 0), "master on n1 (port 6379), term 2", "no new term");
    assert_eq!(one.sessions().len(), 1);
    one.node.api().service_maintenance(&one.id, true);
    assert_eq!(one.said_by(&first.run(), 0), "slave, no master: the instance is in maintenance");
    assert!(two.said_by(&second.run(), 0).starts_with("master on n2"));
    assert!(one.is_tagged("slave") && two.is_tagged("master"));
}

#[test]
fn a_token_that_may_read_the_node_learns_its_address() {
    let cluster = Cluster::with(1).acls().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let node_rule = "node \"n1\" { policy = \"read\" }".to_owned();
    let pass = pass_with(&one, &[&rules(&one)[..], &[node_rule]].concat());
    assert_eq!(one.said_by(&pass.run(), 0), format!("master on n1 ({}:6379), term 1", one.node.ip()));
}

#[test]
fn each_missing_rule_has_its_own_error_and_nothing_is_left_over() {
    let cluster = Cluster::with(1).acls().start();
    let node = cluster.nodes::<1>()[0];
    for (missing, purpose) in [
        (0, "cannot read the health of instance "),
        (1, "cannot create a session at "),
        (2, "cannot read key "),
        (3, "cannot create prepared query "),
    ] {
        let one = Candidate::alone(node);
        let all = rules(&one);
        let most: Vec<String> =
            all.iter().enumerate().filter(|(i, _)| *i != missing).map(|(_, rule)| rule.clone()).collect();
        let pass = pass_with(&one, &most);
        let first = one.said_by(&pass.run(), 2);
        for _ in 0..2 {
            let said = one.said_by(&pass.run(), 2);
            assert_eq!(said, first, "the same state prints the same line");
            assert!(said.starts_with(&format!("error: {purpose}")), "{said}");
            assert!(
                said.contains(": 403 ") && said.ends_with(&format!("; the token needs: {}", all[missing])),
                "{said}"
            );
            assert_eq!((one.holds_the_lock(), one.sessions().len()), (false, 0), "{said}");
            assert!(!one.is_tagged("master"));
        }
        leads_with(&one, &all);
    }
}

/// With all rules it leads, at the latest when it no longer stands back because of the failure.
fn leads_with(one: &Candidate, rules: &[String]) {
    let pass = pass_with(one, rules);
    wait_for("the instance to lead", secs(30), || {
        seen(pass.run(), |outcome| outcome.status == 0 && outcome.line.contains(": master on ")).map(drop)
    });
}

#[test]
fn a_rule_that_only_reads_where_it_must_write_has_its_own_error_and_nothing_is_left_over() {
    let cluster = Cluster::with(1).acls().start();
    let node = cluster.nodes::<1>()[0];
    for (weak, purpose) in [
        (0, "cannot register instance "),
        (1, "cannot create a session at "),
        (2, "cannot acquire lock "),
        (3, "cannot create prepared query "),
    ] {
        let one = Candidate::alone(node);
        let mut some = rules(&one);
        let full = some[weak].clone();
        some[weak] = full.replace("write", "read");
        let pass = pass_with(&one, &some);
        let said = one.said_by(&pass.run(), 2);
        assert_eq!(one.said_by(&pass.run(), 2), said, "the same state prints the same line");
        assert!(said.starts_with(&format!("error: {purpose}")), "{said}");
        assert!(said.ends_with(&format!("; the token needs: {full}")), "{said}");
        assert_eq!((one.holds_the_lock(), one.sessions().len()), (false, 0), "{said}");
        assert!(!one.is_tagged("master"));
    }
}

#[test]
fn a_template_that_answers_for_every_name_is_not_in_the_way_of_a_token_that_may_not_read_it() {
    let cluster = Cluster::with(1).acls().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let template = serde_json::json!({"Name": "", "Template": {"Type": "name_prefix_match"}, "Service": {"Service": "${name.full}"}});
    one.node.api().create_query(&template);
    let pass = pass_with(&one, &rules(&one));
    for _ in 0..2 {
        assert!(one.said_by(&pass.run(), 0).starts_with("master on "));
    }
    assert_eq!(one.node.api().query(&one.query()).unwrap()["Service"]["Tags"], serde_json::json!(["master"]));
}

#[test]
fn a_lock_that_may_not_be_moved_any_more_is_a_denial_that_names_the_rule() {
    let cluster = Cluster::with(1).acls().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let mut some = rules(&one);
    one.said_by(&pass_with(&one, &some).run(), 0);
    let check =
        serde_json::json!({"ID": "late", "Name": "late", "ServiceID": one.id, "TTL": "1h", "Status": "passing"});
    one.node.api().register_check(&check);
    let full = some[2].clone();
    some[2] = full.replace("write", "read");
    let pass = pass_with(&one, &some);
    let said = one.said_by(&pass.run(), 2);
    assert!(
        said.starts_with("error: cannot move lock ") && said.ends_with(&format!("the token needs: {full}")),
        "{said}"
    );
    assert_eq!(one.said_by(&pass.run(), 2), said);
    assert_eq!((one.holds_the_lock(), one.sessions().len()), (true, 1));
}

#[test]
fn a_slave_that_may_not_be_tagged_any_more_leaves_the_lock_to_others() {
    let cluster = Cluster::with(2).acls().start();
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    one.node.api().service_maintenance(&one.id, true);
    one.said_by(&pass_with(&one, &rules(&one)).run(), 0);
    one.node.api().service_maintenance(&one.id, false);
    assert!(one.is_tagged("slave"));
    let mut weak = rules(&one);
    weak[0] = weak[0].replace("write", "read");
    let said = one.said_by(&pass_with(&one, &weak).run(), 2);
    assert!(said.starts_with("error: cannot register instance "), "{said}");
    assert_eq!((one.holds_the_lock(), one.sessions().len()), (false, 0));
    assert!(two.said_by(&pass_with(&two, &rules(&two)).run(), 0).starts_with("master on n2"), "without lock-delay");
}

#[test]
fn a_token_that_does_not_exist_is_named_without_being_shown() {
    let cluster = Cluster::with(1).acls().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let token = "5ec2e700-0000-4000-8000-00000000beef";
    let outcome = one.pass().token(token).args(["--log-level", "trace"]).env("RUST_LOG", "trace").run();
    let said = one.said_by(&outcome, 2);
    assert!(said.contains("; this token does not exist; "), "{said}");
    for log in ["trace", "ureq=trace,ureq_proto=trace"] {
        let outcome = one.pass().token(token).env("RUST_LOG", log).run();
        assert!(outcome.stderr.contains("GET"), "the log was on");
        assert!(!outcome.stderr.contains(token) && !outcome.line.contains(token), "a token shows nowhere");
    }
}

#[test]
fn a_query_with_a_token_that_cannot_be_seen_is_left_alone_while_it_is_right() {
    let cluster = Cluster::with(1).acls().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let pass = pass_with(&one, &rules(&one));
    one.said_by(&pass.run(), 0);
    let api = one.node.api();
    let mut query = api.query(&one.query()).unwrap();
    let id = query["ID"].as_str().unwrap().to_owned();
    query["Token"] = api.token_with("service_prefix \"\" { policy = \"read\" }").into();
    api.put_query(&id, &query);
    assert!(one.said_by(&pass.run(), 0).starts_with("master on "));
    query["Service"]["Tags"] = serde_json::json!(["other"]);
    api.put_query(&id, &query);
    let said = one.said_by(&pass.run(), 2);
    assert!(said.contains("would lose its token"), "{said}");
    assert_eq!(api.query(&one.query()).unwrap()["Token"], query["Token"]);
}
