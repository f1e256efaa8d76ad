//! Owners of the former master's registration that change it during a takeover: their changes are not overwritten.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::{Api, Fault, Proxy, shared};
use crate::stage::{Candidate, tries_the_lock};
use crate::takeover::{alone, end_the_lead, is_slave, rest_of_entry};

/// Runs a takeover in which the owner of the former master's registration changes it just before every attempt, up to `most`.
fn contested(one: &Candidate, two: &Candidate, most: usize) -> usize {
    let proxy = Proxy::before(two.node);
    let (address, service, ping) = (one.node.address(), one.service.clone(), one.ping());
    let changes = Arc::new(AtomicUsize::new(0));
    let made = Arc::clone(&changes);
    proxy.fail(move |request, _| {
        if tries_the_lock(request) && made.load(Ordering::SeqCst) < most {
            let port = 7000 + made.fetch_add(1, Ordering::SeqCst);
            let api = Api::at(&address, None);
            let mut meta = api.local(&service)["Meta"].take();
            meta["by"] = json!("owner");
            let check = json!({"CheckID": ping, "Name": "ping", "TTL": "1h", "Status": "passing"});
            api.register(
                &json!({"Name": service, "Port": port, "Meta": meta, "Tags": ["v2", "master"], "Check": check}),
            );
        }
        None::<Fault>
    });
    assert!(two.said_by(&two.pass().through(&proxy).run(), 0).starts_with("master on n2"));
    changes.load(Ordering::SeqCst)
}

#[test]
fn a_registration_that_its_owner_changes_during_a_takeover_is_not_overwritten() {
    for most in [1, 2, usize::MAX] {
        let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
        one.leads();
        two.follows(&one);
        end_the_lead(&one);
        let changes = contested(&one, &two, most);
        let entry = rest_of_entry(&one);
        assert_eq!(entry["ServicePort"], 6999 + changes, "{most}");
        assert_eq!((&entry["ServiceTags"], &entry["ServiceMeta"]["by"]), (&json!(["v2"]), &json!("owner")));
        if most == usize::MAX {
            assert!(changes <= 5, "{changes} attempts");
            assert_eq!(alone(&two), "a catalog entry changed again and again");
            assert!(one.is_tagged("master"), "left to its own run");
        } else {
            assert_eq!((changes, alone(&two)), (most, Value::Null));
            is_slave(&one, "contested");
        }
        one.follows(&two);
        assert_eq!(one.tags(), ["v2", "slave"]);
    }
}
