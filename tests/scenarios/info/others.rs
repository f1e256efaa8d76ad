//! What is no part of an election, or belongs to another one, is not taken for it, and is named.

use serde_json::json;

use crate::harness::{Node, shared};
use crate::stage::Candidate;

use super::stage::{Told, command, told};
use super::watch::Watching;

fn told_on(node: &Node, one: &Candidate) -> Told {
    told(&command(node, ["--consul-service-name", &one.service]))
}

#[test]
fn a_session_of_another_program_on_the_lock_key_is_no_leader() {
    let [one, two] = Candidate::on_each(shared().nodes::<2>());
    one.leads();
    two.follows(&one);
    let outcome = one.resign().run();
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let api = one.node.api();
    let session = api.create_session(&json!({"Name": "Consul API Lock", "LockDelay": "0s"}));
    assert!(api.acquire(&one.key(), &session, "x"));
    let node = one.node.name();
    for asked_on in [two.node, shared().server()] {
        let told = told_on(asked_on, &one);
        let taken =
            format!("nobody leads; session {session} of node {node}, named 'Consul API Lock', holds the lock, ");
        assert!(told.code == 2 && told.leader().is_none() && told.problems()[0].starts_with(&taken), "{told:?}");
        assert_eq!(told.info["lock"]["session"], session, "{told:?}");
    }
    let options = ["--consul-service-name", &one.service, "--format", "table", "--until", "leader"];
    let mut watching = Watching::start(two.node, &options);
    watching.says(&format!("nobody leads: session {session} of node {node}, named 'Consul API Lock', holds the lock"));
    api.destroy_session(&session);
    watching.says("nobody leads: ");
    two.leads();
    watching.says(&format!("{} leads, term ", two.node.name()));
    assert_eq!(watching.ends(), 0);
}

#[test]
fn two_masters_of_one_service_by_different_query_names_are_named_with_their_elections() {
    let [one, two] = Candidate::on_each(shared().nodes::<2>());
    one.leads();
    let main = format!("{}-main", one.service);
    let outcome = two.pass().args(["--consul-query-name", &main]).run();
    assert!(outcome.line.contains(": master on "), "{outcome:?}");
    let [first, second] = [one.node.name(), two.node.name()];
    let told = one.told();
    let several = format!(
        "one service has several elections, each with a master: {first} takes part in election {}; {second} takes part in election \
         {main}; give all the same --consul-query-name",
        one.query()
    );
    let both = format!("{first} and {second} are both tagged master");
    assert_eq!((told.code, told.problems()), (1, vec![several, both]), "{told:?}");
}
