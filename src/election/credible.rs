//! What of the lock's value is believed: its form and its lengths. Pure; does not know what follows from it.
//!
//! A token with `key:write` can write the value, and what it says reaches lines, hooks and Meta. So each text must look like what this program
//! writes there, and a part that does not is empty.

use serde::de::DeserializeOwned;

use super::history::{MOST_CHANGES, Past};
use super::identity::Identity;
use super::value::{Holder, Notes};
use super::whole::Whole;
use crate::bounds;
use crate::text::{capped, one_line};

/// The most bytes of a value. A holder's entry and its notes take one or two thousand, with a thousand checks 50,000.
const LONGEST_VALUE: usize = 256 * 1024;

/// The most characters of a name.
const LONGEST_NAME: usize = 1024;

/// The most notes of one kind.
const MOST_NOTES: usize = 64;

/// The most named candidates.
const MOST_NAMED: usize = 8;

/// The most checks of an instance.
const MOST_CHECKS: usize = 2048;

/// The longest host name, by the rules of DNS.
const LONGEST_HOST: usize = 253;

/// The longest time in RFC 3339.
const LONGEST_TIME: usize = 40;

/// The holder's entry in the value, as far as it has the right form; `None` if nobody holds the lock, or something else wrote the value.
pub fn holder(value: &[u8]) -> Option<Holder> {
    checked_holder(read(value)?)
}

/// The holder's entry and the notes, each as far as it has the right form.
pub fn parts(value: &[u8]) -> (Option<Holder>, Notes) {
    match read::<Whole>(value).map(Whole::parts) {
        Some((holder, notes)) => (checked_holder(holder), checked_notes(notes)),
        // One part of it may have the right form.
        None => (holder(value), notes(value)),
    }
}

fn checked_holder(mut holder: Holder) -> Option<Holder> {
    if !is_identity(&holder.instance) || !is_name(&holder.session) {
        return None;
    }
    clear_unless(&mut holder.address, |address| address.chars().count() <= LONGEST_NAME);
    clear_unless(&mut holder.since, is_time);
    clear_unless(&mut holder.election, is_name);
    clear_unless(&mut holder.service, is_name);
    clear_unless(&mut holder.tag, is_name);
    if holder.checks.len() > MOST_CHECKS || !holder.checks.iter().all(|id| is_name(id)) {
        holder.checks.clear();
    }
    holder.check_id = holder.check_id.filter(|id| is_name(id));
    holder.challenger = holder.challenger.filter(|challenger| is_identity(&challenger.sighting.instance));
    Some(holder)
}

/// The notes in the value, as far as they have the right form.
pub fn notes(value: &[u8]) -> Notes {
    checked_notes(read(value).unwrap_or_default())
}

fn checked_notes(mut notes: Notes) -> Notes {
    notes.standing_back.retain(|note| is_identity(&note.instance) && is_length(note.end.seconds));
    notes.standing_back.truncate(MOST_NOTES);
    for failure in notes.standing_back.iter_mut().filter_map(|note| note.failure.as_mut()) {
        failure.error = one_line(&capped(&failure.error, bounds::QUOTE));
    }
    notes.successors.next.retain(is_identity);
    notes.successors.next.truncate(MOST_NAMED);
    notes.handed_to = notes.handed_to.filter(|note| is_identity(&note.instance) && is_length(note.end.seconds));
    notes
}

/// What the value says of the past, as far as it has the right form.
pub fn past(value: &[u8]) -> Past {
    let mut past: Past = read(value).unwrap_or_default();
    let printable = |text: &str| one_line(&capped(text, bounds::QUOTE));
    past.left = past.left.filter(|left| is_identity(&left.instance));
    if let Some(left) = &mut past.left {
        left.reason = printable(&left.reason);
    }
    past.history.retain(|change| is_name(&change.node) && is_time(&change.since));
    past.history.truncate(MOST_CHANGES);
    for change in &mut past.history {
        change.reason = printable(&change.reason);
    }
    past
}

fn read<T: DeserializeOwned>(value: &[u8]) -> Option<T> {
    if value.len() > LONGEST_VALUE { None } else { serde_json::from_slice(value).ok() }
}

fn clear_unless(text: &mut String, is_right: impl Fn(&str) -> bool) {
    if !is_right(text) {
        text.clear();
    }
}

fn is_identity(Identity { node, service_id }: &Identity) -> bool {
    is_name(node) && is_name(service_id)
}

fn is_name(text: &str) -> bool {
    text.chars().count() <= LONGEST_NAME && one_line(text) == text
}

/// The address if it is the name or the address of a host, otherwise nothing. A hook gets it in its environment.
pub fn host(address: &str) -> &str {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
    let is_host = address.len() <= LONGEST_HOST && address.chars().all(is_part) && !address.starts_with('-');
    if is_host { address } else { "" }
}

fn is_time(text: &str) -> bool {
    text.len() <= LONGEST_TIME && humantime::parse_rfc3339(text).is_ok()
}

fn is_length(seconds: u64) -> bool {
    seconds <= bounds::DURATION.as_secs()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(change: impl FnOnce(&mut Value)) -> Option<Holder> {
        let mut written = json!({"node": "n1", "service_id": "redis", "address": "10.0.0.1", "port": 6379,
            "session": "9a1a3d22-6dbe-4c6c-9c1e-000000000001", "since": "2026-01-01T00:00:00.000Z", "checks": ["ping"]});
        change(&mut written);
        holder(written.to_string().as_bytes())
    }

    #[test]
    fn an_address_and_a_time_are_believed_only_if_they_look_like_one() {
        for address in ["", "10.0.0.1", "fd00::1", "fe80::1%eth0", "redis-1.example.org", "my_host"] {
            assert_eq!(host(&read(|v| v["address"] = json!(address)).unwrap().address), address);
        }
        let long = "a".repeat(4_000);
        for address in ["\0", "$(reboot)", "a b", "-h", "a\nb", "`x`", "a;b", "a/b", "\u{202e}a", long.as_str()] {
            assert_eq!(host(&read(|v| v["address"] = json!(address)).unwrap().address), "", "{address:.20}");
        }
        for since in ["", "now", "2026-01-01", "2026-01-01T00:00:00Z\n", long.as_str()] {
            assert_eq!(read(|v| v["since"] = json!(since)).unwrap().since, "", "{since:.20}");
        }
    }

    #[test]
    fn of_the_past_five_changes_are_believed_and_each_is_printable_and_short() {
        let change = |node: &str, since: &str| json!({"term": 7, "node": node, "since": since, "reason": "a\u{202e}\nb".repeat(999)});
        let good = change("n1", "2026-01-01T00:00:00.000Z");
        let mut all = vec![change("n\n1", "2026-01-01T00:00:00.000Z"), change("n1", "soon")];
        all.extend(vec![good; 9]);
        let left = json!({"node": "n1", "service_id": "redis", "reason": "\u{1b}[31m"});
        let past = past(json!({"history": all, "left": left}).to_string().as_bytes());
        assert_eq!(past.history.len(), 5);
        for change in &past.history {
            assert!(change.reason.starts_with("a  ba  b") && change.reason.chars().count() <= bounds::QUOTE + 1);
        }
        assert_eq!(past.left.unwrap().reason, " [31m");
        assert_eq!(super::past(b"[]"), Past::default());
        assert_eq!(super::past(json!({"history": 1}).to_string().as_bytes()), Past::default());
    }

    #[test]
    fn of_the_named_candidates_those_with_a_name_are_believed_and_few() {
        let one = |node: &str| json!({"node": node, "service_id": "redis"});
        let read = |successors: Value| notes(json!({"successors": successors}).to_string().as_bytes()).successors;
        let mut next = vec![one("n\n1"), one(&"n".repeat(5000)), json!({"node": "n1", "service_id": "a\u{202e}b"})];
        next.extend(vec![one("n1"); 99]);
        let believed = read(json!({"candidates": 20, "next": next}));
        assert_eq!((believed.candidates, believed.next.len()), (20, MOST_NAMED));
        assert!(believed.next.iter().all(|named| named.node == "n1" && named.service_id == "redis"));
        for odd in
            [json!(null), json!(7), json!({"candidates": -1}), json!({"candidates": "many"}), json!({"next": [1]})]
        {
            assert!(read(odd.clone()).is_empty(), "{odd}");
        }
    }

    #[test]
    fn an_entry_that_names_no_instance_is_none_and_lists_are_short() {
        assert_eq!(read(|v| v["node"] = json!("n\n1")), None);
        assert_eq!(read(|v| v["service_id"] = json!("a".repeat(9999))), None);
        assert_eq!(read(|v| v["port"] = json!(65536)), None);
        assert_eq!(read(|v| v["x"] = json!("a".repeat(300_000))), None);
        assert_eq!(read(|v| v["checks"] = json!(vec!["a"; 9999])).unwrap().checks, [] as [&str; 0]);
    }
}
