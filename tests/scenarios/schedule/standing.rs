//! Who stands for a schedule's lead.

use serde_json::json;

use super::{Job, RARE, Said};
use crate::harness::{holds_for, secs, seen, shared, wait_for};
use crate::run::{stop, wait_for_holder};

#[test]
fn a_candidate_with_another_schedule_or_zone_says_so_and_does_not_stand() {
    let [n1, n2, _] = shared().nodes();
    let one = Job::alone(n1, RARE, &[]);
    let api = n1.api();
    let first = one.script("true").spawn();
    wait_for_holder(&api, &one.key());
    for other in ["0 0 28 2 *", "CRON_TZ=Europe/Berlin 0 0 29 2 *"] {
        let two = Job::of(&one.runner.name, &one.file, n2, other, &[]);
        let said = Said::of(&two);
        let second = said.by(two.script("true")).spawn();
        let words = said.wait_for("is not the recorded one '0 0 29 2 *' in UTC");
        assert!(words.contains(&format!("consul kv delete {}", one.key())), "{words}");
        holds_for("another schedule leads nobody", secs(2), || {
            let node = api.lock(&one.key()).map(|key| key.value["node"].clone()).unwrap_or_default();
            if node == "n1" { Ok(()) } else { Err(node.to_string()) }
        });
        stop(second);
    }
    stop(first);
    // Neither does it when nobody leads, until the key is deleted.
    let two = Job::of(&one.runner.name, &one.file, n2, "0 0 28 2 *", &[]);
    let said = Said::of(&two);
    let second = said.by(two.script("true")).spawn();
    said.wait_for("is not the recorded one");
    holds_for("nobody leads", secs(3), || seen(api.holder(&one.key()), Option::is_none).map(drop));
    api.delete_key(&one.key());
    wait_for("the new schedule", secs(60), || seen(two.record(&api), |record| record["schedule"] == "0 0 28 2 *"));
    stop(second);
}

#[test]
fn a_record_that_cannot_be_read_is_nobodys() {
    let [n1] = shared().nodes();
    let (job, api) = (Job::alone(n1, RARE, &[]), n1.api());
    api.put_key(&job.key(), &json!({"carried": {"schedule": RARE, "zone": "UTC", "settled": "soon"}}).to_string());
    let said = Said::of(&job);
    let running = said.by(job.script("true")).spawn();
    said.wait_for("cannot be read");
    holds_for("nobody leads", secs(2), || seen(api.holder(&job.key()), Option::is_none).map(drop));
    // What no run has written hides which tick was the last.
    api.put_key(&job.key(), "a note by hand");
    said.wait_for("is not an election's");
    holds_for("nobody leads", secs(2), || seen(api.holder(&job.key()), Option::is_none).map(drop));
    api.put_key(&job.key(), "");
    wait_for_holder(&api, &job.key());
    stop(running);
}
