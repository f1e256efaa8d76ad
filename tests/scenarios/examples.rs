//! Loads what the README, `docs/` and `examples/` show into real agents, as written there, and holds it to what they say.

use std::fs;

use serde_json::json;

use crate::harness::{Cluster, Node, Pass, secs, seen, wait_for};

fn read(file: &str) -> String {
    fs::read_to_string(format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The blocks of a document in this language, in their order.
fn blocks_of(document: &str, language: &str) -> Vec<String> {
    let text = read(document);
    let blocks = text.split("\n```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix(&format!("{language}\n"))).map(str::to_owned).collect()
}

/// Replaces a user's paths by the scenario's: this build of the program, with its agent's address in the environment,
/// and a redis-cli that answers while a file exists.
fn at_home(definition: &str, node: &Node) -> String {
    let alive = node.directory().join("redis-lives");
    let redis_cli = node.directory().join("redis-cli");
    fs::write(&alive, "").unwrap();
    fs::write(&redis_cli, format!("test -e {} && echo PONG\n", alive.display())).unwrap();
    let program: Vec<String> = Pass::bare().on(node).check_args().iter().map(|word| json!(word).to_string()).collect();
    let with_program = ["\"/usr/bin/consul-master-election-tagger\"", "\"consul-master-election-tagger\""]
        .iter()
        .fold(definition.to_owned(), |text, name| text.replace(name, &program.join(", ")));
    assert_ne!(with_program, definition, "the program is in it");
    let shell = format!("sh {}", redis_cli.display());
    let with_redis = with_program.replace("/usr/bin/redis-cli", &shell);
    assert_ne!(with_redis, with_program, "redis-cli is in it");
    with_redis
}

#[test]
fn every_service_definition_shown_elects_a_master_and_loses_it_with_redis() {
    let shown = [
        ("service.hcl", read("examples/service.hcl")),
        ("service.json", read("examples/service.json")),
        ("fast.hcl", read("examples/fast.hcl")),
        ("fast.json", read("examples/fast.json")),
        ("readme.hcl", blocks_of("README.md", "hcl").remove(0)),
    ];
    let cluster = Cluster::of(u8::try_from(shown.len()).unwrap());
    cluster.settle();
    let api = cluster.server().api();
    for (node, (file, definition)) in cluster.clients().iter().zip(&shown) {
        node.write_config(file, at_home(definition, node));
        node.reload();
        let master = |expected: &[&str]| {
            wait_for(&format!("the masters of {file} to be {expected:?}"), secs(40), || {
                seen(api.passing_nodes_tagged("redis", "master"), |nodes| *nodes == expected).map(drop)
            });
        };
        master(&[node.name()]);
        wait_for("DNS to agree", secs(10), || {
            seen(node.dns("redis-master.query.consul"), |found| *found == [node.ip()]).map(drop)
        });
        fs::remove_file(node.directory().join("redis-lives")).unwrap();
        master(&[]);
        assert_eq!(api.catalog_check("redis", "redis-ping").as_deref(), Some("critical"), "and not a warning");
        // As docs/operating.md says of taking an instance away.
        node.remove_config(file);
        node.reload();
        node.api().deregister("redis");
        // The next definition must not wait for the lock-delay of this one.
        api.delete_key("service/redis-master/leader");
    }
}

#[test]
fn the_readme_and_the_example_show_the_same_definition() {
    let without_comments = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.split('#').next().unwrap().trim_end());
        lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    let shown = blocks_of("README.md", "hcl").remove(0);
    assert_eq!(without_comments(&shown), without_comments(&read("examples/fast.hcl")));
}

fn policy_of_docs() -> String {
    blocks_of("docs/consul.md", "hcl").into_iter().find(|block| block.contains("policy =")).unwrap()
}

#[test]
fn the_policies_shown_are_enough() {
    let cluster = Cluster::with(1).acls().start();
    let node = cluster.nodes::<1>()[0];
    let check = json!({"Name": "ping", "TTL": "1h", "Status": "passing"});
    node.api().register(&json!({"Name": "redis", "Port": 6379, "Check": check}));
    for policy in [read("examples/policy.hcl"), policy_of_docs()] {
        let token = node.api().token_with(&policy.replace("NODE", node.name()));
        let outcome = Pass::of("redis").on(node).token(&token).run();
        let expected = format!("election redis-master: master on n1 ({}:6379), term 1", node.ip());
        assert_eq!((outcome.status, outcome.line), (0, expected));
    }
}

#[test]
fn the_options_page_names_every_option_with_its_default() {
    let (page, help) = (read("docs/options.md"), read("tests/golden/help.txt"));
    let lines: Vec<&str> = help.lines().collect();
    for pair in lines.windows(2).filter(|pair| pair[0].starts_with("  --")) {
        let name = pair[0].split_whitespace().next().unwrap();
        // Two commands can have options of the same name.
        let is_row = |line: &&str| line.starts_with('|') && line.contains(&format!("`{name}"));
        let rows: Vec<&str> = page.lines().filter(is_row).collect();
        assert!(!rows.is_empty(), "{name} is not in the table of docs/options.md");
        if let Some((_, default)) = pair[1].split_once("[default: ") {
            let default = default.trim_end_matches(']').split([',', ' ']).next().unwrap();
            assert!(rows.iter().any(|row| row.contains(default)), "{name}: {default} is not in {rows:?}");
        }
    }
}

#[test]
fn the_page_about_the_library_shows_the_example_that_runs() {
    assert_eq!(blocks_of("docs/library.md", "rust"), [read("examples/lead.rs").trim_end()]);
}
