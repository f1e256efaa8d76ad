//! A shared token that stops working takes no instance out of its service's DNS, and costs nobody the lead.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::watched::Watched;
use crate::harness::{Api, Cluster, holds_for, secs, seen, text, wait_for};
use crate::stage::{Candidate, let_consul_run_all, wait_for_settled};

/// What DNS needs.
const MAY_READ: &str = "service_prefix \"\" { policy = \"read\" }\nnode_prefix \"\" { policy = \"read\" }";

/// A token that no server knows yet.
const EARLY: &str = "5ec2e700-0000-4000-8000-00000000ea51";

/// Three clients with ACLs. What they know of a token is a second old at most, so that a scenario need not wait for it.
fn cluster() -> Cluster {
    cluster_with(Value::Null)
}

fn cluster_with(client: Value) -> Cluster {
    let cluster = Cluster::with(3).acls().config(json!({"acl": {"token_ttl": "1s"}})).client_config(client).start();
    cluster.server().api().allow_anonymous(MAY_READ);
    cluster
}

/// Three instances whose runs share one token, in a file.
struct Shared<'a> {
    candidates: [Candidate<'a>; 3],
    api: Api,
    file: PathBuf,
    policy: String,
}

impl<'a> Shared<'a> {
    /// Lets Consul run all of them, each with its own more options, and waits for a master.
    fn settle(cluster: &'a Cluster, token: &Value, options: [&[&str]; 3]) -> (Shared<'a>, usize) {
        let candidates = Candidate::on_each(cluster.nodes::<3>());
        let (api, one) = (cluster.server().api(), &candidates[0]);
        let rules = [
            format!("service \"{}\" {{ policy = \"write\" }}", one.service),
            "session_prefix \"\" { policy = \"write\" }".to_owned(),
            format!("key \"{}\" {{ policy = \"write\" }}", one.key()),
            format!("query \"{}\" {{ policy = \"write\" }}", one.query()),
            "node_prefix \"\" { policy = \"read\" }".to_owned(),
        ];
        let policy = format!("{}-election", one.service);
        api.put("/v1/acl/policy", &json!({"Name": policy, "Rules": rules.join("\n")})).ok();
        let file = one.node.directory().join("token");
        let shared = Shared { candidates, api, file, policy };
        let (secret, _) = shared.create(token);
        shared.give(&secret);
        for (candidate, options) in shared.candidates.iter().zip(options) {
            let more = ["--lock-delay", "0s", "--token-file", shared.file.to_str().unwrap()];
            let all = [&more[..], options].concat();
            let_consul_run_all(std::slice::from_ref(candidate), "1s", &all);
        }
        let master = wait_for_settled(&shared.candidates, &shared.api);
        (shared, master)
    }

    /// Creates a token with the election's policy, and returns its secret and the ID to delete it by.
    fn create(&self, token: &Value) -> (String, String) {
        let mut body = token.clone();
        body["Policies"] = json!([{"Name": self.policy}]);
        let made = self.api.put("/v1/acl/token", &body).ok();
        (text(&made, "SecretID"), text(&made, "AccessorID"))
    }

    /// Puts a token into the file, in one step as a rotation does.
    fn give(&self, token: &str) {
        let new = self.file.with_extension("new");
        fs::write(&new, token).unwrap();
        fs::rename(new, &self.file).unwrap();
    }

    /// Deletes the token in the file.
    fn revoke(&self) {
        let secret = fs::read_to_string(&self.file).unwrap();
        let own = self.api.with_token(&secret).get("/v1/acl/token/self").json();
        self.api.delete(&format!("/v1/acl/token/{}", text(&own, "AccessorID"))).ok();
    }

    /// Waits until every instance's check has this status, and a line with these words.
    fn all_say(&self, status: [&str; 3], words: &str) {
        for (candidate, status) in self.candidates.iter().zip(status) {
            wait_for(&format!("{} to say {words}", candidate.node.name()), secs(90), || {
                let check = candidate.node.api().check(&candidate.election_check());
                seen(check, |check| check.as_ref().is_some_and(|(now, line)| now == status && line.contains(words)))
            });
        }
    }
}

const WARNING: [&str; 3] = ["warning"; 3];

#[test]
fn a_shared_token_that_is_revoked_and_replaced_by_one_used_too_early_takes_nothing_away() {
    let cluster = cluster();
    for options in [&[][..], &["--wait", "4s"]] {
        let (shared, master) = Shared::settle(&cluster, &json!({}), [options; 3]);
        let lock = shared.api.lock(&shared.candidates[master].key()).unwrap();
        let names = [Watched::service(&shared.candidates), Watched::master(&shared.candidates[master])];
        shared.revoke();
        shared.all_say(WARNING, "ACL not found; this token does not exist; ");
        // Agents remember that there is no such token.
        shared.give(EARLY);
        holds_for("the lead", secs(3), || seen(shared.candidates[master].holds_the_lock(), |holds| *holds).map(drop));
        shared.all_say(WARNING, "ACL not found; this token does not exist; ");
        let (_, early) = shared.create(&json!({"SecretID": EARLY}));
        assert_eq!(wait_for_settled(&shared.candidates, &shared.api), master);
        for name in names {
            name.kept_its_answer();
        }
        let now = shared.api.lock(&shared.candidates[master].key()).unwrap();
        assert_eq!((now.lock_index, now.session), (lock.lock_index, lock.session), "the same term");
        shared.api.delete(&format!("/v1/acl/token/{early}")).ok();
    }
}

#[test]
fn a_shared_token_that_expires_takes_nothing_away() {
    let cluster = cluster();
    // Consul takes no shorter time.
    let (shared, master) = Shared::settle(&cluster, &json!({"ExpirationTTL": "1m"}), [&["--wait", "4s"]; 3]);
    let names = [Watched::service(&shared.candidates), Watched::master(&shared.candidates[master])];
    shared.all_say(WARNING, "ACL not found; this token does not exist; ");
    assert!(shared.candidates[master].holds_the_lock());
    shared.give(&shared.create(&json!({})).0);
    assert_eq!(wait_for_settled(&shared.candidates, &shared.api), master);
    for name in names {
        name.kept_its_answer();
    }
}

#[test]
fn a_token_file_that_is_empty_or_away_for_a_moment_takes_nothing_away() {
    let cluster = cluster();
    let (shared, master) = Shared::settle(&cluster, &json!({}), [&[]; 3]);
    let names = [Watched::service(&shared.candidates), Watched::master(&shared.candidates[master])];
    let token = fs::read_to_string(&shared.file).unwrap();
    shared.give("");
    shared.all_say(WARNING, "error: cannot ");
    shared.give(&token);
    assert_eq!(wait_for_settled(&shared.candidates, &shared.api), master);
    fs::remove_file(&shared.file).unwrap();
    shared.all_say(WARNING, "error: --token-file: cannot read ");
    shared.give("not\na token");
    shared.all_say(WARNING, "error: --token-file contains a character that no token has");
    shared.give(&token);
    assert_eq!(wait_for_settled(&shared.candidates, &shared.api), master);
    for name in names {
        name.kept_its_answer();
    }
}

#[test]
fn a_policy_that_loses_its_rules_takes_nothing_away_and_the_line_names_the_rule() {
    let cluster = cluster();
    let (shared, master) = Shared::settle(&cluster, &json!({}), [&["--wait", "4s"]; 3]);
    let names = [Watched::service(&shared.candidates), Watched::master(&shared.candidates[master])];
    let found = shared.api.get("/v1/acl/policies").list();
    let mut policy = found.into_iter().find(|policy| policy["Name"] == json!(shared.policy)).unwrap();
    let path = format!("/v1/acl/policy/{}", text(&policy, "ID"));
    let before = shared.api.get(&path).ok();
    policy["Rules"] = "service_prefix \"\" { policy = \"write\" }".into();
    shared.api.put(&path, &policy).ok();
    shared.all_say(WARNING, &format!("the token needs: key \"{}\"", shared.candidates[0].key()));
    shared.api.put(&path, &before).ok();
    assert_eq!(wait_for_settled(&shared.candidates, &shared.api), master);
    for name in names {
        name.kept_its_answer();
    }
}

#[test]
fn the_status_of_an_error_is_what_was_asked_for_and_only_critical_leaves_dns() {
    // The clients' DNS leaves out what is in warning as well; the server's has Consul's default.
    let cluster = cluster_with(json!({"dns_config": {"only_passing": true}}));
    let statuses = ["passing", "warning", "critical"];
    let options = statuses.map(|status| ["--error-status", status]);
    let (shared, _) = Shared::settle(&cluster, &json!({}), [&options[0], &options[1], &options[2]]);
    shared.revoke();
    shared.all_say(statuses, "ACL not found");
    let [n1, n2, _] = cluster.nodes::<3>();
    let service = &shared.candidates[0].service;
    let name = format!("{service}.service.consul");
    // The agents know their checks' states before the catalog does.
    wait_for("the critical one to leave DNS", secs(60), || {
        let mut found = cluster.server().try_dns(&name).unwrap_or_default();
        found.sort();
        seen(found, |found| *found == [n1.ip(), n2.ip()]).map(drop)
    });
    wait_for("the one in warning to leave DNS with only_passing", secs(60), || {
        seen(n1.try_dns(&name), |found| *found == Ok(vec![n1.ip()])).map(drop)
    });
    wait_for("the health API to agree", secs(60), || {
        let passing = shared.api.get(&format!("/v1/health/service/{service}?passing")).list();
        let nodes: Vec<_> = passing.iter().map(|entry| text(&entry["Node"], "Node")).collect();
        seen(nodes, |nodes| *nodes == ["n1"]).map(drop)
    });
    shared.give(&shared.create(&json!({})).0);
    wait_for_settled(&shared.candidates, &shared.api);
}
