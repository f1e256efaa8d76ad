//! Other programs that write the registration or the catalog at the same time as a pass: neither side's change is lost.

use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::json;

use crate::harness::{Api, Proxy, shared, unique};
use crate::stage::Candidate;

/// A proxy behind which another program writes the catalog, between a tag change and its confirmation.
fn proxy_that_tags_the_catalog(one: &Candidate, tag: &'static str) -> Proxy {
    let proxy = Proxy::before(one.node);
    let (address, service) = (one.node.address(), one.service.clone());
    proxy.fail(move |request, _| {
        if request.path.starts_with("/v1/catalog/node-services/") {
            let api = Api::at(&address, None);
            let entry = api.catalog(&service).remove(0);
            let tagged = json!({"ID": service, "Service": service, "Port": 6379, "Tags": [tag]});
            let (node, ip) = (&entry["Node"], &entry["Address"]);
            let body = json!({"Node": node, "Address": ip, "SkipNodeUpdate": true, "Service": tagged});
            api.put("/v1/catalog/register", &body).ok();
        }
        None
    });
    proxy
}

#[test]
fn a_tag_that_someone_undoes_in_the_catalog_is_reported_and_a_step_down_goes_no_further() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    one.node.api().service_maintenance(&one.id, true);
    let proxy = proxy_that_tags_the_catalog(&one, "master");
    let said = one.said_by(&one.pass().through(&proxy).run(), 1);
    let expected = format!("error: the catalog has instance {} with the tags master, not slave", one.id);
    assert!(said.starts_with(&expected), "{said}");
    assert!(one.holds_the_lock(), "the lock is not released before the tag is gone");
    one.node.api().service_maintenance(&one.id, false);
}

#[test]
fn a_master_tag_that_never_reaches_the_catalog_is_reported_by_every_pass() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.node.api().service_maintenance(&one.id, true);
    one.run();
    one.node.api().service_maintenance(&one.id, false);
    let proxy = proxy_that_tags_the_catalog(&one, "slave");
    for _ in 0..3 {
        let said = one.said_by(&one.pass().through(&proxy).run(), 1);
        assert!(said.contains("with the tags slave, not master"), "{said}");
    }
    proxy.heal();
    one.leads();
}

#[test]
fn a_registration_that_changes_under_a_pass_is_not_overwritten() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let proxy = Proxy::before(one.node);
    let changes = AtomicU16::new(0);
    let (address, service, ping) = (one.node.address(), one.service.clone(), one.ping());
    proxy.fail(move |request, _| {
        // Twice, while the pass reads the lock.
        if request.path.starts_with("/v1/kv/") && request.method == "GET" && changes.fetch_add(1, Ordering::Relaxed) < 2
        {
            let port = 7000 + changes.load(Ordering::Relaxed);
            let check = json!({"CheckID": ping, "Name": "ping", "TTL": "1h", "Status": "passing"});
            Api::at(&address, None)
                .register(&json!({"Name": service, "Port": port, "Meta": {"by": "operator"}, "Check": check}));
        }
        None
    });
    assert!(one.said_by(&one.pass().through(&proxy).run(), 0).ends_with(":7002), term 1"));
    let local = one.node.api().local(&one.id);
    assert_eq!(
        (&local["Port"], &local["Meta"]["by"], &local["Tags"]),
        (&json!(7002), &json!("operator"), &json!(["master"]))
    );
    assert_eq!(one.node.api().lock(&one.key()).unwrap().value["port"], 7002);
}

#[test]
fn a_registration_that_changes_between_tag_and_confirmation_is_not_overwritten_either() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.node.api().service_maintenance(&one.id, true);
    one.run();
    one.node.api().service_maintenance(&one.id, false);
    let proxy = Proxy::before(one.node);
    let (address, service, ping) = (one.node.address(), one.service.clone(), one.ping());
    let changes = AtomicU16::new(0);
    proxy.fail(move |request, _| {
        let tagged = request.path.starts_with("/v1/catalog/node-services/")
            && Api::at(&address, None).local_tags(&service) == ["master"];
        if tagged && changes.fetch_add(1, Ordering::Relaxed) == 0 {
            let check = json!({"CheckID": ping, "Name": "ping", "TTL": "1h", "Status": "passing"});
            let body = json!({"Name": service, "Port": 7777, "Meta": {"v": "2"}, "Tags": ["new"], "Check": check});
            Api::at(&address, None).register(&body);
        }
        None
    });
    assert!(one.said_by(&one.pass().through(&proxy).run(), 0).starts_with("master on "));
    let local = one.node.api().local(&one.id);
    assert_eq!(
        (&local["Port"], &local["Meta"]["v"], &local["Tags"]),
        (&json!(7777), &json!("2"), &json!(["new", "master"]))
    );
}

#[test]
fn an_instance_that_is_deregistered_under_a_pass_is_not_brought_back() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let proxy = Proxy::before(one.node);
    let (address, id) = (one.node.address(), one.id.clone());
    proxy.fail(move |request, _| {
        if request.path.starts_with("/v1/kv/") {
            let _ = Api::at(&address, None).request("PUT", &format!("/v1/agent/service/deregister/{id}"), Some(""));
        }
        None
    });
    let said = one.said_by(&one.pass().through(&proxy).run(), 1);
    assert!(said.contains("no instance"), "{said}");
    assert_eq!(one.node.api().tags(&one.service), []);
}

#[test]
fn tags_that_an_operator_overrides_in_the_catalog_are_kept_and_role_tags_put_right_there() {
    let service = unique("redis");
    let one = Candidate::with(&service, &service, shared().nodes::<1>()[0], |body| {
        body["EnableTagOverride"] = json!(true);
        body["Tags"] = json!(["from-agent"]);
    });
    one.leads();
    // As a tool does that knows only the catalog: it sets other tags and drops the role's tag.
    let mut entry = one.node.api().catalog(&service).remove(0);
    let catalog = json!({"Node": entry["Node"], "Address": entry["Address"], "SkipNodeUpdate": true, "Service": {
        "ID": one.id, "Service": service, "Port": 6379, "EnableTagOverride": true, "Tags": ["from-catalog", "slave"],
        "Weights": entry["ServiceWeights"].take()}});
    one.node.api().put("/v1/catalog/register", &catalog).ok();
    one.leads();
    assert_eq!(one.tags(), ["from-catalog", "master"]);
}
