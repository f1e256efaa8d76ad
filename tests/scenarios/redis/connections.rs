//! Clients that keep their connection while another redis takes over.

use std::time::Instant;

use super::PORT;
use super::server::Client;
use super::stage::{Form, Stage};
use crate::harness::{secs, seen, wait_for};

/// The master's agent dies without redis noticing: nobody can report the new master to it.
#[test]
fn a_master_whose_agent_is_dead_takes_no_writes_once_another_leads_and_sends_its_clients_away_when_it_is_told() {
    let stage = Stage::set(Form::Hooks);
    let old = stage.settled();
    let mut kept = stage.redis[old].connect().unwrap();
    kept.tell("SET before 1").unwrap();
    assert_eq!(kept.tell("WAIT 2 5000").unwrap(), "2");
    stage.node(old).kill();
    let mut safe = 0;
    let refused = wait_for("the old master to refuse a write", secs(60), || {
        let Err(refused) = kept.tell(&format!("SET kept:{safe} 1")) else {
            // Only what two replicas have counts.
            safe += u32::from(kept.tell("WAIT 2 20").unwrap() == "2");
            return Err(format!("{safe} writes, redis {:?}", stage.roles()));
        };
        Ok(refused)
    });
    assert!(refused.starts_with("NOREPLICAS"), "{refused}");
    let new = stage.moved_from(old);
    assert_eq!(stage.redis[old].role(), "master", "nobody has told it yet");
    wait_for("the new one to accept a write", secs(20), || stage.redis[new].tell("SET after 1").map(drop));
    assert!(kept.tell("SET late 1").unwrap_err().starts_with("NOREPLICAS"));
    stage.node(old).start_again();
    wait_for("the kept connection to end", secs(60), || {
        seen(kept.tell("GET before"), |answer| answer.as_ref().is_err_and(|error| error.starts_with("GET before: ")))
            .map(drop)
    });
    assert_eq!(stage.settled(), new);
    assert_eq!(stage.redis[old].tell("GET after").unwrap(), "1");
    for number in 0..safe {
        assert_eq!(stage.redis[new].tell(&format!("GET kept:{number}")).unwrap(), "1", "kept:{number}");
    }
}

/// A master that the network has cut off together with its clients.
#[test]
fn a_master_that_no_replica_hears_stops_taking_writes() {
    let stage = Stage::set(Form::Hooks);
    let master = stage.settled();
    let mut client = Client::to(stage.redis[master].ip, PORT).unwrap();
    client.tell("SET a 1").unwrap();
    for (_, replica) in stage.redis.iter().enumerate().filter(|(index, _)| *index != master) {
        replica.pause();
    }
    let begin = Instant::now();
    let refused = wait_for("a write to be refused", secs(20), || match client.tell("SET a 2") {
        Ok(_) => Err("it was taken".to_owned()),
        Err(refused) => Ok(refused),
    });
    println!("refused after {:?}", begin.elapsed());
    assert!(refused.starts_with("NOREPLICAS"), "{refused}");
    for (_, replica) in stage.redis.iter().enumerate().filter(|(index, _)| *index != master) {
        replica.resume();
    }
    stage.settled();
}
