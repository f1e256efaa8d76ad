//! What ncode/ballot does to Consul for one instance in one iteration of its loop, so that its traces are real. Knows
//! nothing of the program under test.

use serde_json::{Value, json};

use crate::harness::{Node, text, texts};

/// Its configured key here; there is no default.
pub const KEY: &str = "service/redis";

/// Its configured tag here.
pub const TAG: &str = "primary";

/// The daemon on one node for the instance `redis`, with its defaults: a session of 10 s with a lock-delay of 3 s.
pub struct Ballot<'a> {
    pub node: &'a Node,
    session: Option<String>,
    leads: bool,
}

impl<'a> Ballot<'a> {
    pub fn on(node: &'a Node) -> Ballot<'a> {
        Ballot { node, session: None, leads: false }
    }

    /// Runs one iteration: a session, the lock unless it leads, and the tag that the lock's value asks for. It leads if
    /// that value has its session, no matter which session holds the key. Before that, a critical check of the service, on any node,
    /// ends its session and its lead. Later versions look only at the checks of its service ID, which is the same here,
    /// and at those in its configuration, if any.
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
        // It renews the session in the background all the time.
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
        // It reads the value with field names in any case, as Go does; a value that is not JSON would be an error.
        if let Some(lock) = api.lock(KEY) {
            let fields = lock.value.as_object().unwrap();
            let named = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("sessionid")).map(|(_, value)| value);
            self.leads = named == Some(&Value::String(session.clone()));
            self.tag(&service);
        }
        self.session = Some(session);
        self.leads
    }

    /// Returns its session, which a stopped daemon may leave behind, as it leaves the tag.
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
