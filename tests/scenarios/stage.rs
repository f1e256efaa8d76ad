//! What the scenarios share: a candidate whose health check the scenario sets, and helpers to look at it.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};

use crate::harness::{Api, Health, Node, Outcome, Pass, Request, secs, seen, unique, wait_for};

/// Where a scenario's service listens on this machine: not on 127.0.0.1, which a master warns of.
pub const LOCAL: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// An instance on a node, with one TTL check that passes until the scenario sets it. Deregistered when dropped.
pub struct Candidate<'a> {
    pub node: &'a Node,
    pub service: String,
    pub id: String,
}

impl<'a> Candidate<'a> {
    /// Registers an instance of a service that no other scenario has.
    pub fn alone(node: &'a Node) -> Candidate<'a> {
        Candidate::of(&unique("redis"), node)
    }

    /// Registers one instance of the same new service on every node.
    pub fn on_each<const N: usize>(nodes: [&'a Node; N]) -> [Candidate<'a>; N] {
        let service = unique("redis");
        nodes.map(|node| Candidate::of(&service, node))
    }

    /// Registers an instance whose ID is the service's name, as is Consul's default.
    pub fn of(service: &str, node: &'a Node) -> Candidate<'a> {
        Candidate::with(service, service, node, |_| {})
    }

    /// Registers an instance with a registration that the scenario changes.
    pub fn with(service: &str, id: &str, node: &'a Node, change: impl FnOnce(&mut Value)) -> Candidate<'a> {
        let candidate = Candidate { node, service: service.to_owned(), id: id.to_owned() };
        let mut body = json!({
            "Name": service, "ID": id, "Port": 6379,
            "Check": {"CheckID": candidate.ping(), "Name": "ping", "TTL": "1h", "Status": "passing"},
        });
        change(&mut body);
        node.api().register(&body);
        candidate
    }

    /// Returns its ID as part of a path, for an ID with a slash or a space.
    pub fn encoded_id(&self) -> String {
        percent_encoding::utf8_percent_encode(&self.id, percent_encoding::NON_ALPHANUMERIC).to_string()
    }

    /// Returns the ID of its health check.
    pub fn ping(&self) -> String {
        format!("{}-ping", self.id)
    }

    /// Returns the name of the prepared query, which is also the election's name.
    pub fn query(&self) -> String {
        format!("{}-master", self.service)
    }

    /// Returns the lock key.
    pub fn key(&self) -> String {
        format!("service/{}/leader", self.query())
    }

    /// Returns the minimal rules for its token.
    pub fn rules(&self) -> String {
        [
            ("service", &self.service),
            ("session", &self.node.name().to_owned()),
            ("key", &self.key()),
            ("query", &self.query()),
        ]
        .map(|(kind, name)| format!("{kind} \"{name}\" {{ policy = \"write\" }}"))
        .join("\n")
    }

    /// Returns a pass of this instance, without lock-delay so that a scenario need not wait for it.
    pub fn pass(&self) -> Pass {
        Pass::of(&self.service).on(self.node).args(["--consul-service-id", &self.id, "--lock-delay", "0s"])
    }

    /// Runs a pass that must succeed, and returns its line without the election's name.
    pub fn run(&self) -> String {
        self.said_by(&self.pass().run(), 0)
    }

    /// Returns the line of an outcome without the election's name, and checks its exit code.
    pub fn said_by(&self, outcome: &Outcome, status: i32) -> String {
        assert_eq!(outcome.status, status, "{outcome:?}");
        let said = outcome.line.strip_prefix(&format!("election {}: ", self.query()));
        said.unwrap_or_else(|| panic!("no signature: {outcome:?}")).to_owned()
    }

    /// Runs a pass that must end with this instance as master.
    pub fn leads(&self) {
        let said = self.run();
        assert!(said.starts_with(&format!("master on {}", self.node.name())), "{said}");
        assert!(self.is_tagged("master") && !self.is_tagged("slave"), "{:?}", self.tags());
        assert!(self.holds_the_lock());
    }

    /// Runs a pass that must end with this instance as a slave of that one.
    pub fn follows(&self, leader: &Candidate) {
        let said = self.run();
        assert!(said.starts_with(&format!("slave of {}", leader.node.name())), "{said}");
        assert!(self.is_tagged("slave") && !self.is_tagged("master"), "{:?}", self.tags());
    }

    /// Sets its health check.
    pub fn turn(&self, health: Health) {
        self.node.api().set_check(&self.ping(), health);
    }

    /// Returns its tags in the catalog.
    pub fn tags(&self) -> Vec<String> {
        self.find_tags().unwrap_or_else(|| panic!("{} is not in the catalog", self.id))
    }

    /// Returns its tags in the catalog, without a tag while a reload has taken the instance away.
    pub fn tags_now(&self) -> Vec<String> {
        self.find_tags().unwrap_or_default()
    }

    fn find_tags(&self) -> Option<Vec<String>> {
        let all = self.node.api().tags(&self.service);
        let own = all.into_iter().find(|(node, id, _)| node == self.node.name() && *id == self.id);
        own.map(|(_, _, tags)| tags)
    }

    pub fn is_tagged(&self, tag: &str) -> bool {
        self.tags().iter().any(|own| own == tag)
    }

    /// Whether a session of this instance holds the lock.
    pub fn holds_the_lock(&self) -> bool {
        let api = self.node.api();
        let holder = api.holder(&self.key()).and_then(|session| api.session(&session));
        holder.is_some_and(|session| session["Node"] == self.node.name() && session["Name"] == self.session_name())
    }

    fn session_name(&self) -> String {
        format!("election {} of {}", self.query(), self.id)
    }

    /// Returns its sessions, including the lock's holder.
    pub fn sessions(&self) -> Vec<String> {
        let all = self.node.api().sessions_of(self.node.name());
        let own = all.iter().filter(|session| session["Name"] == self.session_name());
        own.map(|session| session["ID"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns the registration without the parts that an election may change (the role tags) and that Consul derives.
    pub fn rest_of_registration(&self) -> Value {
        let mut local = self.node.api().local(&self.encoded_id());
        let fields = local.as_object_mut().unwrap();
        fields.remove("ContentHash");
        let tags = fields["Tags"].as_array_mut().unwrap();
        tags.retain(|tag| tag != "master" && tag != "slave");
        // For an instance registered without Meta, Consul reports an empty one.
        if let Some(meta) = fields["Meta"].as_object_mut() {
            meta.retain(|key, _| !key.starts_with(&format!("election-{}-", self.query())));
        }
        local
    }

    /// Returns the Meta key of the election's mark.
    pub fn mark_key(&self) -> String {
        format!("election-{}-mark", self.query())
    }

    /// Returns the instance's mark with the local agent.
    pub fn mark(&self) -> Value {
        let local = self.node.api().local(&self.encoded_id());
        serde_json::from_str(local["Meta"][self.mark_key()].as_str().unwrap_or("null")).expect("JSON in the mark")
    }

    /// Registers the program as a script check of the instance, as a user would.
    pub fn let_consul_run_it(&self, interval: &str, pass: &Pass) {
        self.node.api().register_check(&json!({
            "ID": self.election_check(), "Name": "election", "ServiceID": self.id,
            "Args": pass.check_args(), "Interval": interval, "Timeout": "30s",
        }));
    }

    /// Returns a `resign` run by hand.
    pub fn resign(&self) -> Pass {
        let options = ["resign", "--consul-service-name", &self.service, "--consul-service-id", &self.id];
        Pass::bare().on(self.node).args(options)
    }

    /// Runs a pass and reports it to the agent as the election's check, as if the agent had run it. So a scenario has
    /// the effects of a check (the others see a candidate, a pass may wait) and still decides when each instance runs.
    pub fn report(&self, pass: &Pass) -> Outcome {
        let outcome = pass.run();
        let (api, check) = (self.node.api(), self.election_check());
        if api.check(&check).is_none() {
            api.register_check(&json!({"ID": check, "Name": "election", "ServiceID": self.id, "TTL": "1h"}));
        }
        let status = ["passing", "warning", "critical"][usize::try_from(outcome.status).unwrap().min(2)];
        let said = (status.to_owned(), format!("{}\n", outcome.line));
        // Consul, too, writes nothing when nothing changed.
        if api.check(&check).as_ref() != Some(&said) {
            api.report_check(&check, &said.0, &said.1);
        }
        outcome
    }

    pub fn election_check(&self) -> String {
        format!("{}-election", self.id)
    }
}

impl Drop for Candidate<'_> {
    fn drop(&mut self) {
        // A scenario may have killed the agent on purpose; the instance then goes with it.
        let _ =
            self.node.api().request("PUT", &format!("/v1/agent/service/deregister/{}", self.encoded_id()), Some(""));
    }
}

/// Lets every candidate's agent run the program as its check.
pub fn let_consul_run_all(candidates: &[Candidate], interval: &str, arguments: &[&str]) {
    for candidate in candidates {
        let pass = Pass::of(&candidate.service).on(candidate.node).args(arguments.iter().copied());
        candidate.let_consul_run_it(interval, &pass);
    }
}

/// Whether a request is an attempt on the lock, alone or in one transaction with tags.
pub fn tries_the_lock(request: &Request) -> bool {
    let in_transaction = request.path == "/v1/txn" && request.body.contains(r#""Verb":"lock""#);
    request.path.contains("?acquire=") || (in_transaction && !request.body.contains(r#""Verb":"unlock""#))
}

/// Waits until exactly one instance is tagged master, the others slave, all of them passing, and DNS answers with the
/// master. Returns the master's index in the slice.
pub fn wait_for_settled(candidates: &[Candidate], api: &Api) -> usize {
    let service = &candidates[0].service;
    wait_for("exactly one passing master, all others slaves, and DNS to agree", secs(60), || {
        let masters = api.passing_nodes_tagged(service, "master");
        let slaves = api.passing_nodes_tagged(service, "slave");
        let found = candidates.iter().position(|candidate| masters == [candidate.node.name()]);
        let dns = candidates[0].node.try_dns(&format!("{}.query.consul", candidates[0].query()));
        let settled = slaves.len() + 1 == candidates.len();
        match found {
            Some(master) if settled && dns == Ok(vec![candidates[master].node.ip()]) => Ok(master),
            _ => Err(format!("masters {masters:?}, slaves {slaves:?}, DNS {dns:?}")),
        }
    })
}

/// Waits until one of the candidates, other than the given one, holds the lock and is tagged master.
pub fn wait_for_another_master(candidates: &[Candidate], old: usize, api: &Api) -> usize {
    let service = &candidates[0].service;
    wait_for("another master", secs(60), || {
        let masters = api.passing_nodes_tagged(service, "master");
        let new = candidates.iter().position(|candidate| masters == [candidate.node.name()]);
        seen(new, |new| new.is_some_and(|new| new != old)).map(Option::unwrap)
    })
}

/// Checks continuously, in its own thread, whether two passing instances are tagged master.
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<(usize, Option<Vec<String>>)>>,
}

impl Watch {
    pub fn over(service: &str, api: Api) -> Watch {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, service) = (Arc::clone(&stop), service.to_owned());
        let thread = thread::spawn(move || {
            let mut looks = 0;
            while !stopped.load(Ordering::Relaxed) {
                let path = format!("/v1/health/service/{service}?passing&tag=master");
                let Ok(answer) = api.request("GET", &path, None) else { continue };
                let Value::Array(found) = answer.json() else { continue };
                looks += 1;
                if found.len() > 1 {
                    let nodes = found.iter().map(|entry| entry["Node"]["Node"].to_string()).collect();
                    return (looks, Some(nodes));
                }
            }
            (looks, None)
        });
        Watch { stop, thread: Some(thread) }
    }

    /// Ends the watch, which must have polled and never seen two masters.
    pub fn saw_never_two_masters(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let (looks, two) = self.thread.take().unwrap().join().unwrap();
        assert!(looks > 10, "the watch polled {looks} times");
        assert_eq!(two, None, "two passing masters after {looks} polls");
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
