//! What an agent, a proxy before it, or another instance answers: too much, too often, or with the token in it.

use serde_json::json;

use crate::harness::{Fault, Pass, Proxy, secs, seen, shared, unique, wait_for};
use crate::stage::Candidate;

#[test]
fn an_answer_that_echoes_the_request_shows_no_secret_and_stays_one_line() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let secret = "3b2f6d1e-0000-4000-8000-5ec2e75ec2e7";
    for text in [
        "bad header X-Consul-Token: 3b2f6d1e-0000-4000-8000-5ec2e75ec2e7",
        "Authorization: Basic dXNlcjpodW50ZXIyMg== user:hunter22\r\nelection: master \u{202e}on n9",
    ] {
        for status in [200, 400, 403, 500] {
            for part in ["/v1/agent/health", "/v1/kv/"] {
                let proxy = Proxy::before(one.node);
                proxy.fail(move |request, _| request.path.starts_with(part).then_some(Fault::Status(status, text)));
                let pass = one.pass().env("CONSUL_HTTP_TOKEN", secret).env("CONSUL_HTTP_AUTH", "user:hunter22");
                let output = pass.args(["--log-level", "debug"]).through(&proxy).output();
                let all = format!("{}{}", output.stdout, output.stderr);
                assert!(
                    !all.contains(secret) && !all.contains("hunter22") && !all.contains("dXNlcjpodW50ZXIyMg"),
                    "{all}"
                );
                assert!(!all.contains('\u{202e}'), "{all}");
                assert_eq!((output.status, output.stdout.lines().count()), (1, 1), "{all}");
                let signature = format!("election {}: ", one.query());
                assert!(all.lines().all(|line| line.starts_with(&signature)), "{all}");
            }
        }
    }
}

#[test]
fn a_tag_with_a_line_break_forges_no_line_of_the_log() {
    let service = unique("redis");
    let tag = format!("x\nelection {service}-master: master on n9, term 9");
    let one =
        Candidate::with(&service, &service, shared().nodes::<1>()[0], |body| body["Tags"] = json!([tag.as_str()]));
    let output = one.pass().args(["--log-level", "info"]).output();
    let all = format!("{}{}", output.stdout, output.stderr);
    assert!(output.stderr.contains("tagged"), "{all}");
    assert!(!all.lines().any(|line| line.ends_with("master on n9, term 9") && !line.contains("info")), "{all}");
}

#[test]
fn without_the_header_to_wait_behind_a_waiting_run_asks_a_few_times_a_second_and_still_sees_changes() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    for header in ["X-Consul-ContentHash", "X-Consul-Index"] {
        one.settles_by(&one.pass());
        let proxy = Proxy::before(one.node);
        proxy.fail(move |_, _| Some(Fault::Without(header)));
        let running = one.pass().args(["--wait", "9s"]).through(&proxy).spawn();
        wait_for("the pass to wait", secs(10), || seen(proxy.lines().len(), |lines| *lines > 5).map(drop));
        proxy.clear();
        std::thread::sleep(secs(3));
        let asked = proxy.lines().len();
        assert!(asked < 60, "{header}: {asked} requests in 3 s");
        // A reload that wipes the tag, in effect.
        one.node.api().register(&json!({"Name": one.service, "ID": one.id, "Port": 6379}));
        wait_for("the tag", secs(5), || {
            seen((one.tags_now(), proxy.lines()), |(tags, _)| tags == &["master"]).map(drop)
        });
        running.wait();
    }
}

#[test]
fn an_instance_that_is_too_large_keeps_no_other_from_leading_within_time_and_memory() {
    let [n1, n2, _] = shared().nodes::<3>();
    let service = unique("redis");
    let one = Candidate::of(&service, n1);
    let tags: Vec<String> = (0..900).map(|n| format!("{n}-{}", "x".repeat(10_000))).collect();
    let _huge = Candidate::with(&service, &service, n2, |body| body["Tags"] = json!(tags));
    let outcome = one.pass().args(["--timeout", "5s"]).run();
    assert!(outcome.line.contains(": master on n1"), "{outcome:?}");
    assert!(outcome.took < secs(6), "{:?}", outcome.took);
    assert_eq!(one.tags(), ["master"]);
}

#[test]
fn an_agents_own_instance_with_too_much_in_it_is_an_error_that_names_the_request() {
    let node = shared().nodes::<1>()[0];
    let service = unique("redis");
    let meta: serde_json::Map<_, _> = (0..50).map(|n| (format!("k{n}"), json!("v".repeat(500)))).collect();
    let tags: Vec<String> = (0..300).map(|n| format!("{n}-{}", "x".repeat(5_000))).collect();
    let one = Candidate::with(&service, &service, node, |body| {
        body["Tags"] = json!(tags);
        body["Meta"] = json!(meta);
    });
    let outcome = Pass::of(&service).on(node).args(["--timeout", "5s"]).run();
    assert_eq!(outcome.status, 1);
    assert!(
        outcome.line.contains("cannot read the health of ") && outcome.line.contains("the answer has more than "),
        "{outcome:?}"
    );
    assert!(outcome.line.len() < 1000 && outcome.took < secs(6));
    drop(one);
}

#[test]
fn a_health_check_that_prints_a_line_of_the_election_before_its_own_check_has_run_stays_a_health_check() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let api = one.node.api();
    // Registered, and without output yet, as before the first run.
    api.register_check(&json!({"ID": one.election_check(), "Name": "election", "ServiceID": one.id, "TTL": "1h",
        "Status": "critical"}));
    api.report_check(&one.ping(), "passing", &format!("ok\nelection {}: slave of n9", one.query()));
    let stay = |status: &str| one.said_by(&one.pass().run(), 0).contains(status);
    stay("");
    one.report(&one.pass());
    one.report(&one.pass());
    assert_eq!(one.mark()["check"], *one.election_check());
    api.report_check(&one.ping(), "critical", &format!("dead\nelection {}: slave of n9", one.query()));
    assert!(stay("-ping is critical"));
    assert!(!one.holds_the_lock());
}
