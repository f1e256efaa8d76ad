//! How the script `redis-role` rates a redis's data: who may lead, who only if nobody better can, and who must not.

use super::beside::{Beside, now};

fn of(master: &Beside) -> String {
    format!("{}:{}", master.redis.ip, master.redis.port)
}

#[test]
fn only_a_redis_that_is_or_was_in_sync_with_its_master_may_lead_before_others() {
    let (one, two, three) = (Beside::a_redis(), Beside::a_redis(), Beside::a_redis());
    one.leads();
    // After a restart it learns of a master, and waits for its data for as long as it takes.
    one.redis.pause();
    two.apply(&format!("replica {}", one.address()));
    two.says(2, &format!("restarted, and not in sync with {} yet", of(&one)));
    one.redis.resume();
    two.says(0, &format!("replica of {}", of(&one)));
    one.redis.kill();
    two.says(0, &format!("was in sync with {}, which is gone", of(&one)));
    // Another is elected instead that is not a master yet: this one's data comes from an earlier master.
    two.apply(&format!("replica {}", three.address()));
    two.says(1, &format!("not in sync with {}; has the data of an earlier time", of(&three)));
    three.leads();
    two.says(0, &format!("replica of {}", of(&three)));
}

#[test]
fn a_replica_that_has_lost_its_master_may_not_lead_before_others_while_that_one_lives() {
    let (one, two) = (Beside::a_redis(), Beside::a_redis());
    one.leads();
    two.apply(&format!("replica {}", one.address()));
    two.says(0, &format!("replica of {}", of(&one)));
    two.redis.lose_link();
    let stale = format!("not in sync with {}; has the data of an earlier time", of(&one));
    assert_eq!(two.check(), (1, stale.clone()));
    // The same when that one goes: others may have what it wrote meanwhile.
    one.redis.kill();
    assert_eq!(two.check(), (1, stale.clone()));
    one.redis.start();
    two.redis.tell("CONFIG SET masterauth \"\"").unwrap();
    assert_eq!(two.check(), (1, stale));
}

/// Half a minute is ample for Consul to elect another. The lone master's file is as old as after the death of its
/// consul-template.
#[test]
fn a_replica_without_its_master_and_a_master_without_a_replica_do_not_pass_for_long() {
    let (one, two, alone) = (Beside::a_redis(), Beside::a_redis(), Beside::a_redis());
    one.leads();
    alone.leads();
    assert_eq!(alone.check(), (0, "master".to_owned()));
    two.apply(&format!("replica {}", one.address()));
    two.says(0, &format!("replica of {}", of(&one)));
    // It does not answer, and so cannot claim to lead.
    one.redis.pause();
    two.redis.tell("CLIENT KILL TYPE master").unwrap();
    two.says(0, &format!("was in sync with {}, which is gone", of(&one)));
    let down = || two.redis.info()["master_link_down_since_seconds"].parse::<u64>().unwrap();
    assert!(down() < 30);
    two.says(1, &format!("not in sync with {}; has the data of an earlier time", of(&one)));
    assert!(down() >= 30);
    one.redis.resume();
    two.says(0, &format!("replica of {}", of(&one)));
    alone.says(1, "master without a replica, takes no writes");
    two.apply(&format!("replica {}", alone.address()));
    alone.says(0, "master");
}

#[test]
fn after_a_restart_of_all_only_the_last_master_may_begin() {
    let (one, two, new) = (Beside::a_redis(), Beside::a_redis(), Beside::a_redis());
    one.leads();
    two.apply(&format!("replica {}", one.address()));
    two.says(0, &format!("replica of {}", of(&one)));
    for redis in [&one, &two, &new] {
        redis.redis.kill();
        redis.redis.start();
    }
    one.is("none");
    two.is("none");
    one.has_run_for(12);
    two.has_run_for(12);
    assert_eq!(two.check(), (2, "restarted, and waits for the last master, which it was not".to_owned()));
    // Another was elected that is not a master, so this one's data belongs to nobody.
    let last = (1, "was the last master; has the data that it has started with".to_owned());
    assert_eq!(one.check(), last);
    for redis in [&one, &new] {
        redis.apply(&format!("replica {}", two.address()));
    }
    assert_eq!(one.check(), last);
    assert_eq!(new.check(), (2, format!("restarted, and not in sync with {} yet", of(&two))));
    one.apply(&format!("master {}", now()));
    assert_eq!(one.redis.role(), "master");
}

#[test]
fn a_redis_that_sees_another_lead_is_no_longer_the_last_master() {
    let (one, two) = (Beside::a_redis(), Beside::a_redis());
    one.leads();
    two.leads();
    one.redis.kill();
    one.redis.start();
    one.redis.tell("CONFIG SET masterauth wrong").unwrap();
    one.apply(&format!("replica {}", two.address()));
    assert_eq!(one.check(), (2, format!("restarted, and not in sync with {} yet", of(&two))));
    two.redis.kill();
    one.has_run_for(12);
    assert_eq!(one.check().0, 2);
    one.is("none");
    assert_eq!(one.check(), (2, "restarted, and waits for the last master, which it was not".to_owned()));
}
