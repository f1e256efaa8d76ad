//! What the Go tool of 2017 does to Consul in one run, request by request, so that its traces are real. Knows nothing
//! of the program under test.

use serde_json::{Value, json};

use crate::harness::{Api, Node, secs, seen, text, texts, wait_for};

/// Consul's Go client marks lock keys with this flag.
pub const LOCK_FLAG: u64 = 0x2ddc_cbc0_58a5_0c18;

/// The name of the tool's sessions: it sets none, so this is the Go client's default.
const SESSION_NAME: &str = "Consul API Lock";

/// The tool on one node, with its three options.
pub struct Tagger<'a> {
    pub node: &'a Node,
    pub service: &'a str,
    pub query: &'a str,
    /// The tags of the query, which always include `master`.
    pub tags: &'a [&'a str],
}

impl<'a> Tagger<'a> {
    pub fn of_redis(node: &'a Node) -> Tagger<'a> {
        Tagger { node, service: "redis", query: "redis-master", tags: &["master"] }
    }

    /// Returns the lock that it holds while it looks.
    pub fn check_key(&self) -> String {
        format!("check-{}-{}", self.query, self.service)
    }

    /// Returns the lock that it holds while it tags a master.
    pub fn master_key(&self) -> String {
        format!("master-{}-{}", self.query, self.service)
    }

    /// Runs it once. Returns the role that it tagged its instance with, or found.
    pub fn run(&self) -> &'static str {
        let check = self.lock(&self.check_key());
        let found = self.masters();
        let role = if found.is_empty() {
            let master = self.lock(&self.master_key());
            self.tag("master");
            self.unlock(&self.master_key(), &master);
            // The client destroys the session of a released lock in the background, and here it has the time.
            self.node.api().destroy_session(&master);
            "master"
        } else if found == [self.node.name()] {
            "master"
        } else {
            self.tag("slave");
            "slave"
        };
        // Here it has none: the process ends before the session is destroyed.
        self.unlock(&self.check_key(), &check);
        role
    }

    /// Simulates a run that was killed right after it took its first lock.
    pub fn run_and_be_killed(&self) -> String {
        self.lock(&self.check_key())
    }

    /// Returns the sessions that runs on this node have left.
    pub fn sessions(&self) -> Vec<String> {
        let all = self.node.api().sessions_of(self.node.name());
        all.iter().filter(|session| session["Name"] == SESSION_NAME).map(|session| text(session, "ID")).collect()
    }

    fn lock(&self, key: &str) -> String {
        let api = self.node.api();
        let session = api.create_session(&json!({"Name": SESSION_NAME, "TTL": "15s"}));
        wait_for(&format!("the lock {key}"), secs(30), || {
            let found = api.lock(key);
            let fits = found.as_ref().is_none_or(|found| found.flags == LOCK_FLAG);
            assert!(fits, "the client refuses a key that was not made for a lock: {found:?}");
            seen(found.and_then(|found| found.session), Option::is_none)?;
            seen(change(&api, key, "acquire", &session), |got| *got)
        });
        session
    }

    fn unlock(&self, key: &str, session: &str) {
        assert!(change(&self.node.api(), key, "release", session), "{key} was held");
    }

    /// Returns the nodes that the query finds. It deletes and recreates a query of that name with other tags or another
    /// service, and ignores the rest of the query.
    fn masters(&self) -> Vec<String> {
        let api = self.node.api();
        let mut wanted = self.tags.to_vec();
        wanted.sort_unstable();
        let found = api.query(self.query).filter(|query| {
            let mut tags = texts(&query["Service"], "Tags");
            tags.sort();
            let fits = tags == wanted && query["Service"]["Service"] == *self.service;
            if !fits {
                api.delete_query(&text(query, "ID"));
            }
            fits
        });
        if found.is_none() {
            let service = json!({"Service": self.service, "OnlyPassing": true, "Tags": wanted});
            api.create_query(&json!({"Name": self.query, "Service": service}));
        }
        api.execute_query(self.query)
    }

    /// Writes the registration from the few fields that the tool knows, unless the tag is already set.
    fn tag(&self, tag: &str) {
        let api = self.node.api();
        // It looks for an instance whose ID is the service's name.
        let service: Value = api.get("/v1/agent/services").ok()[self.service].take();
        let mut tags = texts(&service, "Tags");
        if tags.iter().any(|own| own == tag) {
            return;
        }
        tags.retain(|own| own != "master" && own != "slave");
        tags.push(tag.to_owned());
        let field = |name: &str| service[name].clone();
        api.register(&json!({"ID": field("ID"), "Name": field("Service"), "Tags": tags, "Port": field("Port"),
            "Address": field("Address"), "EnableTagOverride": field("EnableTagOverride")}));
    }
}

fn change(api: &Api, key: &str, verb: &str, session: &str) -> bool {
    let path = format!("/v1/kv/{key}?{verb}={session}&flags={LOCK_FLAG}");
    api.request("PUT", &path, Some("")).unwrap_or_else(|error| panic!("{error}")).ok() == true
}
