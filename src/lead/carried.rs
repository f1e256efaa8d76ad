//! What one lead hands on to the next in the lock's value, and who must not lead because of it. Must never know what it says.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::value::Note;

/// Makes what a new holder writes from what it read, or says why this process must not lead.
type Carry = dyn Fn(Option<&Value>) -> Result<Value, String> + Send + Sync;

/// Such a function, shared by the threads of an election.
#[derive(Clone)]
pub(super) struct Carrier(Arc<Carry>);

impl fmt::Debug for Carrier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Carrier")
    }
}

impl Carrier {
    pub fn new(carry: impl Fn(Option<&Value>) -> Result<Value, String> + Send + Sync + 'static) -> Carrier {
        Carrier(Arc::new(carry))
    }

    /// Returns what a new holder of `key` with this value writes.
    ///
    /// # Errors
    /// Says why this process must not hold it. A value that no holder has written is a reason: what it replaced is unknown.
    pub fn carry(&self, key: &str, value: Option<&[u8]>) -> Result<Value, String> {
        let Some(value) = value.filter(|value| !value.is_empty()) else { return self.0(None) };
        match Note::read(value) {
            Some(note) if note != Note::default() => self.0(note.carried.as_ref()),
            _ => Err(format!("the value of {key} is not an election's; if nobody needs it, consul kv delete {key}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_carried_is_found_and_a_value_that_no_holder_wrote_is_refused() {
        let carrier = Carrier::new(|known| Ok(known.cloned().unwrap_or_default()));
        for (value, expected) in [
            (&b"{\"node\":\"n1\",\"carried\":{\"a\":7}}"[..], json!({"a": 7})),
            (b"{\"carried\":1}", json!(1)),
            (b"{\"session\":\"s1\",\"carried\":null}", Value::Null),
            (b"{\"released\":true}", Value::Null),
            (b"", Value::Null),
        ] {
            assert_eq!(carrier.carry("k", Some(value)), Ok(expected));
        }
        let words = "the value of k is not an election's; if nobody needs it, consul kv delete k";
        for value in [&b"{}"[..], b"[]", b"{\"a\":7}", b"null", b"nonsense", b"\xff", b"{\"node\":7}"] {
            assert_eq!(carrier.carry("k", Some(value)), Err(words.to_owned()));
        }
        let carrier = Carrier::new(|known| known.cloned().ok_or_else(|| "unknown".to_owned()));
        assert_eq!(carrier.carry("k", None), Err("unknown".to_owned()));
    }
}
