//! Tokens that may not read or write the former master's entry: the lock is taken alone, and its value says why.

use serde_json::Value;

use crate::harness::{Cluster, Fault, Pass, Proxy, Request, shared};
use crate::stage::{Candidate, tries_the_lock};
use crate::takeover::{alone, end_the_lead};

/// Returns a pass with the minimal rules and these.
fn pass_with(one: &Candidate, more: &str) -> Pass {
    one.pass().token(&one.node.api().token_with(&format!("{}\n{more}", one.rules())))
}

/// Lets the first lead and the second follow, with rights to read all nodes.
fn first_leads(one: &Candidate, two: &Candidate) {
    let all = "node_prefix \"\" { policy = \"read\" }";
    assert!(one.said_by(&pass_with(one, all).run(), 0).starts_with("master on n1"));
    assert!(two.said_by(&pass_with(two, all).run(), 0).starts_with("slave of n1"));
    assert!(one.is_tagged("master") && two.is_tagged("slave"));
}

#[test]
fn without_rights_to_see_the_former_master_the_lock_is_taken_alone_and_its_value_says_which_rule_is_missing() {
    let cluster = Cluster::with(2).acls().start();
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    let node = |name: &str| format!("node \"{name}\" {{ policy = \"read\" }}");
    first_leads(&one, &two);
    for (more, reason, was_stripped) in [
        (String::new(), "the token cannot read the instances: needs node_prefix \"\" { policy = \"read\" }", false),
        (node("n2"), &*format!("{} on n1 is gone, or the token needs {}", one.id, node("n1")), false),
        (format!("{}\n{}", node("n1"), node("n2")), "", true),
    ] {
        end_the_lead(&one);
        let proxy = Proxy::before(two.node);
        let pass = pass_with(&two, &more);
        assert!(two.said_by(&pass.clone().through(&proxy).run(), 0).starts_with("master on n2"), "{more}");
        let expected = if reason.is_empty() { Value::Null } else { reason.into() };
        assert_eq!(alone(&two), expected, "{more}");
        // The former master's agent may have written its tag back since.
        let strips = |request: &Request| request.path == "/v1/txn" && request.body.contains(r#""Node":"n1""#);
        assert_eq!(proxy.requests().iter().any(strips), was_stripped, "{more}");
        assert!(two.is_tagged("master"));
        let before = two.node.api().lock(&two.key());
        assert!(two.said_by(&pass.run(), 0).starts_with("master on n2"));
        assert_eq!(two.node.api().lock(&two.key()), before, "the reason stays, and costs nothing");
        end_the_lead(&two);
        first_leads(&one, &two);
    }
}

#[test]
fn a_denied_transaction_is_followed_by_the_lock_alone_and_its_value_has_consuls_words() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    one.leads();
    two.follows(&one);
    end_the_lead(&one);
    let proxy = Proxy::before(two.node);
    proxy.fail(|request, _| {
        let denial = r#"{"Results":null,"Errors":[{"OpIndex":1,"What":"Permission denied"}]}"#;
        (tries_the_lock(request) && request.path == "/v1/txn").then_some(Fault::Status(409, denial))
    });
    assert!(two.said_by(&two.pass().through(&proxy).run(), 0).starts_with("master on n2"));
    let reason = alone(&two);
    let rule = format!("needs a token with: service \"{}\" {{ policy = \"write\" }}", one.service);
    assert!(
        reason.as_str().unwrap().contains("403 Permission denied") && reason.as_str().unwrap().contains(&rule),
        "{reason}"
    );
    let tries = proxy.requests().iter().filter(|request| tries_the_lock(request)).count();
    assert_eq!(tries, 2, "one of them alone");
    assert!(one.is_tagged("master") && two.is_tagged("master"), "as without a transaction");
    one.follows(&two);
}

#[test]
fn a_transaction_that_is_denied_by_a_real_agent_names_the_rule_of_the_service() {
    let cluster = Cluster::with(2).acls().start();
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    first_leads(&one, &two);
    end_the_lead(&one);
    let rules = two.rules().replace(
        &format!("service \"{}\" {{ policy = \"write\" }}", two.service),
        &format!("service \"{}\" {{ policy = \"read\" }}", two.service),
    );
    let token = two.node.api().token_with(&format!("{rules}\nnode_prefix \"\" {{ policy = \"read\" }}"));
    let before = two.tags();
    let said = two.said_by(&two.pass().token(&token).run(), 1);
    assert!(said.contains(&format!("service \"{}\" {{ policy = \"write\" }}", two.service)), "{said}");
    assert_eq!((one.is_tagged("master"), two.tags()), (true, before), "{said}");
}
