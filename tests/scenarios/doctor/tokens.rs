//! What the token lacks, and that asking for it writes nothing.

use serde_json::json;

use crate::doctor::Found;
use crate::harness::{Cluster, Fault, Pass, Proxy, consul, secs, wait_for};
use crate::stage::Candidate;

/// All rules of an instance's token, and those that let `doctor` see everything.
fn all_rules(candidate: &Candidate) -> String {
    let reading = "node_prefix \"\" { policy = \"read\" }\nagent_prefix \"\" { policy = \"read\" }";
    format!("{}\n{reading}", candidate.rules())
}

#[test]
fn a_right_set_up_has_no_finding_and_every_missing_rule_is_named() {
    let cluster = Cluster::with(2).acls().start();
    let anonymous = "service_prefix \"\" { policy = \"read\" }\nnode_prefix \"\" { policy = \"read\" }";
    cluster.server().api().allow_anonymous(anonymous);
    let candidates = Candidate::on_each(cluster.nodes::<2>());
    let one = &candidates[0];
    let api = cluster.server().api();
    for candidate in &candidates {
        let token = api.token_with(&all_rules(candidate));
        candidate.said_by(&candidate.report(&candidate.pass().token(&token)), 0);
        candidate.said_by(&candidate.report(&candidate.pass().token(&token)), 0);
    }
    let doctor = |rules: &str| {
        let token = api.token_with(rules);
        let named = ["--consul-service-name", &one.service];
        let pass = Pass::bare().on(one.node).token(&token).args(named);
        let found = Found::by(&pass);
        assert!(!found.stdout.contains(&token), "{found:?}");
        found
    };
    let right = doctor(&all_rules(one));
    assert_eq!((right.status, right.wrong()), (0, vec![]), "{right:?}");
    for name in ["agent", "rights", "instance", "query", "lock", "candidates", "name"] {
        assert!(right.has(name), "no {name}: {right:?}");
    }
    let all = all_rules(one);
    let lines: Vec<&str> = all.lines().collect();
    for missing in &lines {
        let rest: Vec<&str> = lines.iter().filter(|line| line != &missing).copied().collect();
        let found = doctor(&rest.join("\n"));
        let (name, status) = match missing {
            line if line.starts_with("node_prefix") => ("lacks-optional-rule", 1),
            line if line.starts_with("agent_prefix") => ("settings-hidden", 0),
            _ => ("lacks-rule", 2),
        };
        assert!(found.has(name), "without {missing}: {found:?}");
        assert_eq!(found.status, status, "without {missing}: {found:?}");
        let printed = found.stdout.replace("\\\"", "\"");
        assert!(printed.contains(missing), "the rule is not printed: {missing}: {found:?}");
    }
    let unknown = Pass::bare().on(one.node).token("0f6ad2f0-0000-4000-8000-000000000000");
    Found::by(&unknown.args(["--consul-service-name", &one.service])).shows("no-such-token");
}

#[test]
fn no_token_at_all_and_another_than_the_checks_own_are_named() {
    let cluster = Cluster::with(1).acls().start();
    let node = cluster.nodes::<1>()[0];
    let one = Candidate { node, service: "redis".to_owned(), id: "redis".to_owned() };
    let api = cluster.server().api();
    let (own, other) = (api.token_with(&all_rules(&one)), api.token_with(&all_rules(&one)));
    let args = ["consul-master-election-tagger", "--consul-service-name", "redis", "--token", own.as_str()];
    let check = json!({"id": "redis-election", "name": "election", "args": args, "interval": "5s"});
    let file = json!({"service": {"name": "redis", "port": 6379, "token": own, "checks": [check]}});
    node.write_config("redis.json", file);
    // 1.8.7 shows the definitions that it read when it started.
    node.restart();
    let doctor = |token: &str| {
        let pass = if token.is_empty() { Pass::bare().on(node) } else { Pass::bare().on(node).token(token) };
        Found::by(&pass.args(["--consul-service-name", "redis"]))
    };
    wait_for("the definition to be shown", secs(30), || {
        let found = doctor(&other);
        if found.has("token-in-definition") && found.has("other-token") { Ok(()) } else { Err(format!("{found:?}")) }
    });
    let with_own = doctor(&own);
    assert!(with_own.has("token-in-definition") && !with_own.has("other-token"), "{with_own:?}");
    assert!(!with_own.has("no-token") && !with_own.stdout.contains(&own), "{with_own:?}");
    let found = doctor("").shows("no-token");
    assert!(found.stdout.contains("give the token of the check"), "{found:?}");
    // Nobody should give the anonymous token these rules.
    assert!(!found.has("lacks-rule") && !found.stdout.contains("\"add: "), "{found:?}");
    // 1.8.7 says of the anonymous token that it does not know it.
    let words = if consul().version >= (1, 21, 0) {
        "the anonymous one may not write the lock key; nor tag the instance; nor"
    } else {
        "the rights are those of the anonymous token"
    };
    assert!(found.stdout.contains(words), "{found:?}");
    assert!(!found.has("query"), "a query that the token may not see may be there: {found:?}");
    let unnamed = Found::by(&Pass::bare().on(node));
    assert!(unnamed.has("no-election-named"), "{unnamed:?}");
    assert!(unnamed.stdout.contains("it has no service that the token may see"), "{unnamed:?}");
}

#[test]
fn doctor_writes_no_raft_entry_and_sends_nothing_that_could_change_a_state() {
    let cluster = Cluster::with(1).acls().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let api = cluster.server().api();
    let (full, none) = (api.token_with(&all_rules(&one)), api.token_with(""));
    one.said_by(&one.report(&one.pass().token(&full)), 0);
    let proxy = Proxy::before(one.node);
    let doctor = |token: &str| {
        let named = ["--consul-service-name", &one.service];
        Found::by(&Pass::bare().through(&proxy).token(token).args(named))
    };
    let entries = cluster.quiet_raft_entries(|| {
        for token in [&full, &none] {
            doctor(token);
        }
    });
    assert_eq!(entries, 0);
    for line in proxy.lines() {
        assert!(line.starts_with("GET ") || line == "POST /v1/internal/acl/authorize", "{line}");
    }
    // An agent without that interface: a transaction that cannot succeed shows the rights.
    let forbid = |request: &crate::harness::Request, _| {
        request.path.contains("/acl/authorize").then_some(Fault::Status(404, "no such interface"))
    };
    proxy.fail(forbid);
    let found = doctor(&none);
    assert!(found.has("lacks-rule") && found.stdout.contains("write the lock key"), "{found:?}");
    let found = doctor(&full);
    assert!(!found.has("lacks-rule") && found.has("rights-unknown"), "{found:?}");
    let key = one.node.api().lock(&one.key());
    let denied = cluster.quiet_raft_entries(|| drop(doctor(&none)));
    assert_eq!(denied, 0, "a denied transaction costs nothing");
    let refused = cluster.quiet_raft_entries(|| drop(doctor(&full)));
    assert_eq!(refused, 1, "a transaction that cannot succeed is one entry");
    assert_eq!(one.node.api().lock(&one.key()).map(|key| key.session), key.map(|key| key.session));
    assert_eq!(one.tags(), ["master"]);
}
