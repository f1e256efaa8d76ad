//! Words that say what to do: limits of the servers, rights of the agent's own token, addresses that name something else, and what the
//! agent logs.

use serde_json::json;

use crate::harness::{Cluster, Pass, secs, seen, shared, wait_for};
use crate::stage::Candidate;

fn error_of(candidate: &Candidate, pass: &Pass, status: i32) -> String {
    let said = candidate.said_by(&pass.run(), status);
    assert!(said.starts_with("error: "), "{said}");
    said
}

#[test]
fn a_ttl_below_the_servers_limit_is_an_error_that_names_the_limit_and_the_option() {
    let cluster = Cluster::with(1).config(json!({"session_ttl_min": "30s"})).start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    for _ in 0..2 {
        let said = error_of(&one, &one.pass().args(["--ttl", "10s"]), 1);
        assert!(said.ends_with("; raise --ttl to 30s or more: the servers' session_ttl_min forbids less"), "{said}");
        assert_eq!((one.holds_the_lock(), one.sessions().len()), (false, 0));
    }
    let leads = |ttl| assert!(one.said_by(&one.pass().args(["--ttl", ttl]).run(), 0).starts_with("master on n1"));
    leads("30s");
    // A master keeps its lead, and says what it cannot do.
    let said = error_of(&one, &one.pass().args(["--ttl", "10s"]), 1);
    assert!(said.contains("raise --ttl to 30s"), "{said}");
    assert!(one.holds_the_lock());
    leads("30s");
}

#[test]
fn a_check_that_the_agents_own_token_may_not_register_is_an_error_that_names_the_token_and_the_rule() {
    let cluster = Cluster::with(1).acls().start();
    let node = cluster.nodes::<1>()[0];
    let one = Candidate { node, service: "redis".to_owned(), id: "redis".to_owned() };
    let check = json!({"id": one.ping(), "name": "ping", "ttl": "1h", "status": "passing"});
    let service = json!({"service": {"name": "redis", "port": 6379, "checks": [check]}});
    node.write_config("redis.json", &service);
    node.reload();
    let rules = format!("{}\nnode \"n1\" {{ policy = \"read\" }}", one.rules());
    let pass = one.pass().token(&node.api().token_with(&rules));
    for _ in 0..2 {
        let said = error_of(&one, &pass, 1);
        assert!(said.contains(&format!("Missing check '{}' registration", one.ping())), "{said}");
        let remedy =
            "the agent's token for the check (acl.tokens.default, or token in the definition) needs service:write";
        assert!(said.ends_with(remedy) && said.contains("the next run tries again"), "{said}");
        assert!(said.chars().count() < 300, "{said}");
    }
    // The documented rule, given to the token in the check's definition, is what was missing.
    let token = node.api().token_with("service \"redis\" { policy = \"write\" }");
    let mut service = service;
    service["service"]["token"] = token.into();
    node.write_config("redis.json", &service);
    node.reload();
    // An agent may remember for 30 s that a token is unknown, and tries a failed sync again after 15 to 30 s.
    wait_for("the instance to lead", secs(120), || seen(pass.run(), |outcome| outcome.status == 0).map(drop));
    node.remove_config("redis.json");
}

#[test]
fn an_empty_token_file_is_named_in_the_denial() {
    let cluster = Cluster::with(1).acls().start();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let path = one.node.directory().join("token");
    std::fs::write(&path, "\n").unwrap();
    let file = path.to_str().unwrap();
    for pass in [one.pass().args(["--token-file", file]), one.pass().env("CONSUL_HTTP_TOKEN_FILE", file)] {
        let said = error_of(&one, &pass, 1);
        assert!(said.contains("; needs a token with: service "), "{said}");
        assert!(said.ends_with(&format!("; the token file {file} is empty; write a token there")), "{said}");
    }
    // Another token counts, as documented.
    let both = one.pass().args(["--token-file", file, "--token", &one.node.api().token_with(&one.rules())]);
    assert!(one.said_by(&both.run(), 0).starts_with("master on n1"));
}

#[test]
fn an_address_without_a_port_or_with_one_that_serves_no_http_says_which_to_write() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let ip = one.node.ip();
    let fix = "set --http-addr or CONSUL_HTTP_ADDR to HOST:8500";
    for (address, why) in [
        (format!("http://{ip}"), "the address has no port, which means 80; a Consul agent has 8500"),
        (ip.to_string(), "the address has no port, which means 80; a Consul agent has 8500"),
        (format!("{ip}:8600"), "8600 is an agent's port for DNS, and 8500 the one for HTTP"),
        (format!("http://{ip}:8301"), "8301 is an agent's port for gossip, and 8500 the one for HTTP"),
    ] {
        let said = error_of(&one, &one.pass().at(&address), 1);
        assert!(said.ends_with(&format!("; {why}: {fix}")), "{address}: {said}");
    }
    let server = shared().server();
    assert!(error_of(&one, &one.pass().at(&format!("{}:8300", server.ip())), 1).contains("8300 is an agent's port"));
}

#[test]
fn a_servers_agent_that_has_no_service_is_named_with_the_way_to_name_another() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let server = shared().server();
    let pass = Pass::of(&one.service).on(server);
    let said = error_of(&one, &pass, 1);
    let expected = format!(
        "error: the agent at http://{} has no instance of service {} and no other service; is that the service's agent, \
         and not a server's? name it with --http-addr or CONSUL_HTTP_ADDR, or register the service there",
        server.address(),
        one.service
    );
    assert_eq!(said, expected);
}

#[test]
fn no_promotion_makes_the_agent_log_an_error() {
    let cluster = Cluster::of(2);
    let candidates = Candidate::on_each(cluster.nodes::<2>());
    let [one, two] = &candidates;
    one.leads();
    two.follows(one);
    for (old, new) in [(one, two), (two, one)] {
        old.said_by(&old.resign().args(["--for", "1s"]).run(), 0);
        // It may still stand back itself.
        wait_for("the other to lead", secs(5), || seen(new.run(), |said| said.starts_with("master on ")).map(drop));
    }
    let errors = |node: &crate::harness::Node| {
        let lines: Vec<String> = node.log().lines().filter(|line| line.contains("query")).map(str::to_owned).collect();
        lines.into_iter().filter(|line| line.contains("[ERR")).collect::<Vec<_>>()
    };
    for candidate in &candidates {
        assert_eq!(errors(candidate.node), [] as [&str; 0]);
    }
    assert_eq!(errors(cluster.server()), [] as [&str; 0]);
}
