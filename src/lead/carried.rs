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

    /// Returns what a new holder of a key with this value writes.
    ///
    /// # Errors
    /// Says why this process must not hold it.
    pub fn carry(&self, value: Option<&[u8]>) -> Result<Value, String> {
        self.0(value.and_then(Note::read).and_then(|note| note.carried).as_ref())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_carried_is_found_and_nonsense_is_nothing() {
        for (value, expected) in [
            (&b"{\"node\":\"n1\",\"carried\":{\"a\":7}}"[..], Some(json!({"a": 7}))),
            (b"{\"carried\":null}", None),
            (b"{}", None),
            (b"[]", None),
            (b"nonsense", None),
            (b"", None),
        ] {
            let carrier = Carrier::new(|known| Ok(known.cloned().unwrap_or_default()));
            assert_eq!(carrier.carry(Some(value)), Ok(expected.unwrap_or_default()));
        }
        let carrier = Carrier::new(|known| known.cloned().ok_or_else(|| "unknown".to_owned()));
        assert_eq!(carrier.carry(Some(b"{\"carried\":1}")), Ok(json!(1)));
        assert_eq!(carrier.carry(None), Err("unknown".to_owned()));
    }
}
