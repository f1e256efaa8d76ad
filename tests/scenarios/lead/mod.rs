//! The lead as a Rust program has it: `consul_master_election_tagger::lead` on real agents.

mod example;
mod losses;

use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::harness::{Health, Node, secs, shared, unique};
use crate::stage::Candidate;
use consul_master_election_tagger::lead::{
    Builder, Client, Election, Event, FencingToken, Loss, Outage, Pause, Stopper,
};
use consul_master_election_tagger::{Access, Address, ConsulError};

/// A client of a node's agent.
pub fn client(node: &Node) -> Client {
    Client::from(&Access { address: Address::parse(&node.address(), false).unwrap(), ..Access::default() })
}

/// An election whose events another thread takes.
pub struct Program {
    pub events: Receiver<Result<Event, ConsulError>>,
    pub stopper: Stopper,
    pub key: String,
    thread: Option<JoinHandle<()>>,
}

impl Program {
    pub fn start(builder: Builder, node: &Node) -> Program {
        let election = builder.build(client(node)).expect("safe timings");
        let (stopper, key) = (election.stopper(), election.key().to_owned());
        let (send, events) = channel();
        let thread = thread::spawn(move || {
            for event in election.events() {
                if send.send(event).is_err() {
                    break;
                }
            }
        });
        Program { events, stopper, key, thread: Some(thread) }
    }

    /// Returns the first event that is good, and ignores others.
    pub fn wait<T>(&self, what: &str, mut good: impl FnMut(Event) -> Option<T>) -> T {
        loop {
            let event = self.events.recv_timeout(secs(60)).unwrap_or_else(|_| panic!("no event: {what}"));
            if let Some(found) = good(event.expect("no mistake")) {
                return found;
            }
        }
    }

    pub fn leads(&self) -> consul_master_election_tagger::lead::Lead {
        self.wait("leading", |event| if let Event::Leading(lead) = event { Some(lead) } else { None })
    }

    pub fn follows(&self) -> String {
        self.wait("following", |event| if let Event::Following(leader) = event { Some(leader.node) } else { None })
    }

    pub fn loses(&self) -> Loss {
        self.wait("lost", |event| if let Event::Lost(loss) = event { Some(loss) } else { None })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stopper.stop();
        // Drops the leads that nobody has taken, for which the thread waits.
        while self.events.recv_timeout(Duration::from_secs(20)).is_ok() {}
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[test]
fn one_leads_and_the_next_leads_when_the_lead_is_dropped_with_a_greater_token() {
    let [n1, n2, _] = shared().nodes();
    let name = unique("lead");
    let one = Program::start(Election::builder(&name), n1);
    let lead = one.leads();
    let two = Program::start(Election::builder(&name), n2);
    assert_eq!(two.follows(), "n1");
    assert!(lead.is_valid() && !lead.valid_until().has_come());
    let first: FencingToken = lead.token();
    let key = n1.api().lock(&one.key).unwrap();
    assert_eq!((first.create_index, first.lock_index), (key.create_index, key.lock_index));
    assert_eq!(key.value["node"], "n1");
    assert_eq!(key.session.as_deref(), Some(lead.session()));
    drop(lead);
    let lead = two.leads();
    assert!(lead.token() > first);
    assert_eq!(one.follows(), "n2");
}

#[test]
fn a_stop_raises_the_signal_and_ends_the_events_once_the_lead_is_dropped() {
    let [n1] = shared().nodes();
    let one = Program::start(Election::builder(&unique("lead")), n1);
    let lead = one.leads();
    one.stopper.stop();
    assert_eq!(lead.lost().wait(secs(30)), Some(Loss::Stopped));
    assert!(!lead.is_valid());
    assert_eq!(one.loses(), Loss::Stopped);
    drop(lead);
    assert!(one.events.recv_timeout(secs(60)).is_err(), "the iterator goes on");
    assert_eq!(n1.api().holder(&one.key), None);
}

#[test]
fn a_process_that_resigns_stands_back_so_that_another_leads() {
    let [n1, n2, _] = shared().nodes();
    let name = unique("lead");
    let one = Program::start(Election::builder(&name).stand_back(secs(60)), n1);
    let lead = one.leads();
    let two = Program::start(Election::builder(&name), n2);
    two.follows();
    lead.resign("for a test").unwrap();
    let lead = two.leads();
    drop(lead);
    // The other one leads again, because this one still stands back.
    drop(two.leads());
}

#[test]
fn a_lead_that_lasts_for_as_long_as_it_may_is_relinquished() {
    let [n1] = shared().nodes();
    for builder in [
        Election::builder(&unique("lead")).relinquish_after(secs(1)),
        Election::builder(&unique("lead")).relinquish_every(secs(2)),
    ] {
        let one = Program::start(builder.stand_back(secs(1)), n1);
        let lead = one.leads();
        assert_eq!(lead.lost().wait(secs(30)), Some(Loss::Relinquished));
        drop(lead);
        one.wait("standing back", |event| matches!(event, Event::Waiting(Pause::StandsBack)).then_some(()));
        drop(one.leads());
    }
}

#[test]
fn only_a_process_with_healthy_services_leads_and_it_loses_the_lead_with_their_checks() {
    let [n1] = shared().nodes();
    let service = Candidate::alone(n1);
    service.turn(Health::Critical);
    let builder = Election::builder(&unique("lead")).service(&service.service).grace(secs(0)).lock_delay(secs(7));
    let one = Program::start(builder, n1);
    let why = one.wait("not healthy", |event| match event {
        Event::Waiting(Pause::NotHealthy(why)) => Some(why),
        _ => None,
    });
    assert_eq!(why, format!("check {} of service {} is critical", service.ping(), service.service));
    service.turn(Health::Passing);
    let lead = one.leads();
    service.turn(Health::Critical);
    assert!(matches!(lead.lost().wait(secs(30)), Some(Loss::Gone(_))));
}

#[test]
fn timings_that_cannot_be_safe_are_refused() {
    let [n1] = shared().nodes();
    for builder in [
        Election::builder("a b"),
        Election::builder("x").lock_delay(secs(11)),
        Election::builder("x").grace(secs(60)),
        Election::builder("x").ttl(secs(9)),
        Election::builder("x").relinquish_after(secs(0)),
    ] {
        assert!(builder.build(client(n1)).is_err());
    }
    let election = Election::builder("x").lock_delay(secs(60)).on_outage(Outage::Keep).build(client(n1)).unwrap();
    assert_eq!(election.rides_out(), secs(52));
    assert_eq!(election.key(), "service/x/leader");
}

#[test]
fn an_election_is_alive_while_consul_answers() {
    let [n1] = shared().nodes();
    let nobody = Client::from(&Access {
        address: Address::parse(crate::harness::NOBODY_LISTENS, false).unwrap(),
        ..Access::default()
    });
    let election = Election::builder(&unique("lead")).build(nobody).unwrap();
    let event = election.events().next().unwrap().unwrap();
    assert!(matches!(event, Event::Unreachable { .. }), "{event:?}");
    assert!(election.unreachable_since().is_some());
    let silent = election.health(Duration::ZERO).unwrap_err();
    assert!(silent.to_string().contains("no connection"), "{silent}");
    let election = Election::builder(&unique("lead")).build(client(n1)).unwrap();
    let event = election.events().next().unwrap().unwrap();
    assert!(matches!(event, Event::Leading(_)), "{event:?}");
    election.health(secs(60)).unwrap();
}

#[test]
fn a_mistake_is_an_error_and_the_next_call_tries_again() {
    let cluster = crate::harness::Cluster::with(1).acls().start();
    let [n1] = cluster.nodes();
    // Without a token.
    let election = Election::builder(&unique("lead")).build(client(n1)).unwrap();
    let mut events = election.events();
    for _ in 0..2 {
        let error = events.next().unwrap().unwrap_err();
        assert!(error.is_denied(), "{error:#}");
    }
    let name = unique("lead");
    let rules =
        format!("key \"service/{name}/leader\" {{ policy = \"write\" }} session \"n1\" {{ policy = \"write\" }}");
    let token = n1.api().token_with(&rules);
    let access = Access {
        address: Address::parse(&n1.address(), false).unwrap(),
        token: Some(consul_master_election_tagger::Secret::of(token)),
        ..Access::default()
    };
    let election = Election::builder(&name).build(Client::from(&access)).unwrap();
    let lead = election.events().find_map(|event| match event.unwrap() {
        Event::Leading(lead) => Some(lead),
        _ => None,
    });
    assert!(lead.unwrap().is_valid(), "write on the key and on the node's sessions is enough");
}
