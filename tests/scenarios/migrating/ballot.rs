//! What ncode/ballot does to Consul for one instance in one round of its loop, so that its footprint is a real one. Knows nothing of the
//! program under test.

use serde_json::{Value, json};

use crate::harness::{Node, text, texts};

/// The key that it is configured with here, since it has no default.
pub const KEY: &str = "service/redis";

/// The tag that it is configured with here.
pub const TAG: &str = "primary";

/// The daemon on one node, for the instance `redis`, as it is by its defaults: a session of 10 s with a lock-delay of 3 s.
pub struct Ballot<'a> {
    pub node: &'a Node,
    session: Option<String>,
    leads: bool,
}

impl<'a> Ballot<'a> {
    pub fn on(node: &'a Node) -> Ballot<'a> {
        Ballot { node, session: None, leads: false }
    }

    /// One round: a session, the lock unless it leads, and the tag as the lock's value says. It leads when that value has its session,
    /// whoever holds the key. A critical check of the service, on whatever node, ends its session and its lead before that; later
    /// versions look at the checks of its service ID alone, which is the same here, and at those they are given, if any.
    pub fn round(&mut self) -> bool {
        let api = self.node.api();
        if api.get("/v1/health/checks/redis").list().iter().any(|check| check["Status"] == "critical") {
            if let Some(session) = self.session.take() {
                api.destroy_session(&session);
            }
            self.leads = false;
            self.tag(&api.local("redis"));
            return false;
        }
        // It renews the session all the while, in the background.
        let renewed = |session: &String| api.put_nothing(&format!("/v1/session/renew/{session}")).status == 200;
        let session = match self.session.take().filter(renewed) {
            Some(session) => session,
            None => api.create_session(&json!({"Behavior": "delete", "Checks": ["redis-ping", "serfHealth"],
                "TTL": "10s", "LockDelay": 3_000_000_000_u64})),
        };
        let service = api.local("redis");
        if !self.leads {
            let value = json!({"Address": service["Address"], "Port": service["Port"], "SessionID": session});
            api.acquire(KEY, &session, &value.to_string());
        }
        // The value is read by field names of any case, as Go does it; one that is no JSON would be an error.
        if let Some(lock) = api.lock(KEY) {
            let fields = lock.value.as_object().unwrap();
            let named = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("sessionid")).map(|(_, value)| value);
            self.leads = named == Some(&Value::String(session.clone()));
            self.tag(&service);
        }
        self.session = Some(session);
        self.leads
    }

    /// The session that it holds, which a daemon that is stopped may leave behind, as it leaves the tag.
    pub fn session(&self) -> &str {
        self.session.as_deref().unwrap()
    }

    fn tag(&self, service: &Value) {
        let mut tags = texts(service, "Tags");
        let is_tagged = tags.iter().any(|tag| tag == TAG);
        if is_tagged == self.leads {
            return;
        }
        tags.retain(|tag| tag != TAG);
        tags.extend(self.leads.then(|| TAG.to_owned()));
        let field = |name: &str| service[name].clone();
        self.node.api().register(&json!({"ID": field("ID"), "Name": text(service, "Service"), "Tags": tags,
            "Port": field("Port"), "Address": field("Address"), "Weights": field("Weights"), "Meta": field("Meta")}));
    }
}
