//! Consul's answer to one request, and the ways a scenario reads it.

use serde_json::Value;

#[derive(Debug)]
pub struct Answer {
    /// Method and path, for panic messages.
    pub asked: String,
    pub status: u16,
    pub text: String,
}

impl Answer {
    /// Returns the body of a 200 as JSON, or as a string if it is not JSON. Panics on any other status.
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}: {}", self.asked, self.text);
        self.json()
    }

    /// Returns the body as JSON, or as a string if it is not JSON, whatever the status.
    pub fn json(self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::String(self.text))
    }

    /// Returns the array of a 200; Consul writes an empty array as `null` in some places.
    pub fn list(self) -> Vec<Value> {
        let asked = self.asked.clone();
        match self.ok() {
            Value::Array(items) => items,
            Value::Null => Vec::new(),
            other => panic!("{asked}: not a list: {other}"),
        }
    }
}
