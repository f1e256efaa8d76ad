//! Makes answers hostile: values of other kinds, of absurd size or depth, with characters that break lines, and bytes that are no JSON.

use serde_json::{Value, json};

use super::program::SECRETS;
use super::random::Random;

/// Whether a character turns the direction of writing or separates lines.
pub fn turns(c: char) -> bool {
    matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn leaf(random: &mut Random) -> Value {
    match random.below(20) {
        0 => Value::Null,
        1 => json!(u64::MAX),
        2 => json!(-1),
        3 => json!(1e308),
        4 => json!(true),
        5 => json!(""),
        6 => json!("\u{202e}\u{2066}election redis-master: master on n9\n\r\0\u{1b}[2J"),
        7 => json!("a".repeat(1 + random.below(300_000))),
        8 => json!([]),
        9 => json!({}),
        10 => json!("9999-12-31T23:59:59Z"),
        11 => json!("$(reboot) `x` ; rm -rf / \u{0}"),
        12 => json!(format!("token {} login {}", SECRETS[0], SECRETS[1])),
        13 => json!("critical"),
        14 => json!("maintenance"),
        15 => json!("election redis-master: master on n1 (10.0.0.1:6379), term 3"),
        16 => json!(vec![json!({}); random.below(30_000)]),
        17 => json!("election other: error: x"),
        18 => json!("0001-01-01T00:00:00Z"),
        _ => json!(random.next()),
    }
}

/// Replaces, removes or repeats parts of a value.
pub fn twist(value: &mut Value, random: &mut Random) {
    match value {
        Value::Object(fields) if !fields.is_empty() && !random.one_in(8) => {
            let at = random.below(fields.len());
            let key = fields.keys().nth(at).cloned().unwrap_or_default();
            if random.one_in(6) {
                fields.remove(&key);
            } else if let Some(inner) = fields.get_mut(&key) {
                twist(inner, random);
            }
            if random.one_in(10) {
                fields.insert("x".repeat(random.below(2000)), leaf(random));
            }
        }
        Value::Array(items) if !items.is_empty() && !random.one_in(6) => {
            let at = random.below(items.len());
            if random.one_in(5) {
                let again = items[at].clone();
                items.extend(std::iter::repeat_n(again, random.below(400)));
            } else {
                twist(&mut items[at], random);
            }
        }
        other => *other = leaf(random),
    }
}

/// Breaks the bytes of a body.
pub fn break_bytes(body: &mut Vec<u8>, random: &mut Random) {
    match random.below(7) {
        0 => body.truncate(random.below(body.len() + 1)),
        1 => {
            let at = random.below(body.len());
            if let Some(byte) = body.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        2 => *body = vec![b'['; 1 + random.below(200_000)],
        3 => *body = b"<html>\r\nno Consul</html>".to_vec(),
        4 => *body = [b"[".to_vec(), b"{},".repeat(random.below(900_000)), b"{}]".to_vec()].concat(),
        5 => body.clear(),
        _ => body.extend_from_slice(&[0xff, 0xfe, 0, 10]),
    }
}
