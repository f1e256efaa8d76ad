//! A thin JSON client of one agent's HTTP API, for arranging and asserting. It shares nothing with the program's own
//! client.

use serde_json::Value;
use ureq::Agent;
use ureq::http::Request;

use super::answer::Answer;
use super::wait::secs;

pub struct Api {
    agent: Agent,
    address: String,
    token: Option<String>,
}

impl Api {
    pub fn at(address: &str, token: Option<&str>) -> Api {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            // A kept connection would be dead after a restart of the agent.
            .max_idle_connections(0)
            // Consul takes 7 s to report that there is no leader.
            .timeout_global(Some(secs(15)))
            .proxy(None)
            .build()
            .new_agent();
        Api { agent, address: address.to_owned(), token: token.map(str::to_owned) }
    }

    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// The same API with another token.
    pub fn with_token(&self, token: &str) -> Api {
        Api::at(&self.address, Some(token))
    }

    /// Sends one request. The error is about the connection, not the status.
    pub fn request(&self, method: &str, path: &str, body: Option<&str>) -> Result<Answer, String> {
        let asked = format!("{method} {path}");
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        if let Some(token) = &self.token {
            request = request.header("X-Consul-Token", token);
        }
        let sent = match body {
            Some(body) => self.agent.run(request.body(body).expect("a well-formed request")),
            None => self.agent.run(request.body(()).expect("a well-formed request")),
        };
        let fail = |error: ureq::Error| format!("{asked} at {}: {error}", self.address);
        let mut response = sent.map_err(fail)?;
        let text = response.body_mut().read_to_string().map_err(fail)?;
        Ok(Answer { asked, status: response.status().as_u16(), text })
    }

    pub fn get(&self, path: &str) -> Answer {
        self.expect("GET", path, None)
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.expect("PUT", path, Some(&body.to_string()))
    }

    /// Sends a PUT with an empty body, as Consul's switches expect.
    pub fn put_nothing(&self, path: &str) -> Answer {
        self.expect("PUT", path, Some(""))
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.expect("POST", path, Some(&body.to_string()))
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.expect("DELETE", path, None)
    }

    fn expect(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        self.request(method, path, body).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Returns the text of a field, or panics.
pub fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no text {field} in {value}")).to_owned()
}

/// Returns a field's list of texts; empty if Consul has `null` there.
pub fn texts(value: &Value, field: &str) -> Vec<String> {
    let items = value[field].as_array().into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}
