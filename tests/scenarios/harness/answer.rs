//! What Consul answered to one request, and the ways a scenario reads it.

use serde_json::Value;

#[derive(Debug)]
pub struct Answer {
    /// Method and path, for the messages of panics.
    pub asked: String,
    pub status: u16,
    pub text: String,
}

impl Answer {
    /// The body of a 200, as JSON, or as a string when it is not JSON; anything but a 200 panics.
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}: {}", self.asked, self.text);
        self.json()
    }

    /// The body whatever the status was, as JSON, or as a string when it is not JSON.
    pub fn json(self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::String(self.text))
    }

    /// The elements of a 200's array; Consul says `null` for none in some places.
    pub fn list(self) -> Vec<Value> {
        let asked = self.asked.clone();
        match self.ok() {
            Value::Array(items) => items,
            Value::Null => Vec::new(),
            other => panic!("{asked}: not a list: {other}"),
        }
    }
}
