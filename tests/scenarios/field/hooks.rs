//! Hooks in the field: what was promoted is known per term, and a hook that touches Consul still runs once.

use serde_json::{Value, json};

use crate::harness::{
    Cluster, Fault, Node, Pass, Proxy, Scripts, consul, holds_for, millis, secs, seen, shared, unique, wait_for,
};
use crate::stage::Candidate;

/// The value of one of the instance's own keys in Meta, as its agent has it.
fn mark(one: &Candidate, name: &str) -> Option<String> {
    let meta = &one.node.api().local(&one.id)["Meta"];
    meta[format!("election-{}-{name}", one.query())].as_str().map(str::to_owned)
}

fn is_master(one: &Candidate, pass: &Pass) {
    let said = one.said_by(&pass.run(), 0);
    assert!(said.starts_with("master on "), "{said}");
    assert!(one.is_tagged("master") && !one.is_tagged("slave"), "{:?}", one.tags());
}

fn since(one: &Candidate) -> Value {
    one.node.api().lock(&one.key()).unwrap().value["since"].clone()
}

#[test]
fn a_promote_hook_that_is_given_later_runs_in_a_term_that_a_run_without_it_has_won() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let scripts = Scripts::on(one.node);
    one.leads();
    let lock = one.node.api().lock(&one.key()).unwrap();
    let hooked = one.pass().args(["--on-promote", &scripts.gate("promote")]);
    let running = hooked.spawn();
    scripts.wait_for_runs("promote", 1);
    assert!(one.holds_the_lock());
    assert!(one.is_tagged("slave") && !one.is_tagged("master"), "not promoted, so not tagged: {:?}", one.tags());
    scripts.open("promote");
    assert!(one.said_by(&running.wait(), 0).starts_with("master on "));
    // Neither a run with the hook nor one without it makes it run again.
    for pass in [&hooked, &one.pass(), &hooked] {
        is_master(&one, pass);
    }
    assert_eq!(scripts.count("promote"), 1);
    let now = one.node.api().lock(&one.key()).unwrap();
    assert_eq!((&now.session, now.lock_index), (&lock.session, lock.lock_index), "the same term");
    assert_eq!(mark(&one, "promoted").map(Value::from), Some(since(&one)));
}

#[test]
fn a_promotion_that_a_snapshot_restore_brings_back_does_not_count() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    let scripts = Scripts::on(one.node);
    let pass = one.pass().args(["--on-promote", &scripts.noting("promote")]);
    is_master(&one, &pass);
    let api = one.node.api();
    let mut restored = api.lock(&one.key()).unwrap().value;
    assert_eq!(restored["promoted"], true);
    let mut session = api.session(&one.sessions()[0]).unwrap();
    api.service_maintenance(&one.id, true);
    one.run();
    api.service_maintenance(&one.id, false);
    two.leads();
    // The snapshot has the lock's value and a session that holds it; what the instance is now stands with its agent alone.
    api.destroy_session(&two.sessions()[0]);
    for field in ["ID", "CreateIndex", "ModifyIndex", "Checks", "Namespace", "Partition"] {
        session.as_object_mut().unwrap().remove(field);
    }
    session["LockDelay"] = "0s".into();
    let id = api.create_session(&session);
    restored["session"] = id.clone().into();
    assert!(api.acquire(&one.key(), &id, &restored.to_string()));
    is_master(&one, &pass);
    is_master(&one, &pass);
    assert_eq!(scripts.count("promote"), 2);
    assert_eq!(mark(&one, "promoted").map(Value::from), Some(since(&one)));
}

#[test]
fn a_promotion_whose_note_in_the_lock_is_lost_does_not_count() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let scripts = Scripts::on(one.node);
    let pass = one.pass().args(["--on-promote", &scripts.noting("promote")]);
    is_master(&one, &pass);
    one.node.api().put_key(&one.key(), "maintenance tonight");
    for _ in 0..3 {
        is_master(&one, &pass);
    }
    assert_eq!(scripts.count("promote"), 2);
    // An older value of the same shape, without the beginning of the term.
    let mut value = one.node.api().lock(&one.key()).unwrap().value;
    value.as_object_mut().unwrap().remove("since");
    assert!(one.node.api().acquire(&one.key(), &one.sessions()[0], &value.to_string()));
    for _ in 0..3 {
        is_master(&one, &pass);
    }
    assert_eq!(scripts.count("promote"), 3);
}

#[test]
fn a_run_that_is_killed_between_the_promote_hook_and_its_note_has_the_next_one_run_it_once_more() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let (scripts, proxy) = (Scripts::on(one.node), Proxy::before(one.node));
    let pass = one.pass().args(["--on-promote", &scripts.noting("promote")]);
    proxy.fail(|request, _| {
        (request.path.ends_with("/register") && request.body.contains("\"master\"")).then_some(Fault::Hang)
    });
    let running = pass.clone().through(&proxy).spawn();
    wait_for("the tag", secs(20), || {
        let sent = |line: &&String| line.ends_with("/register");
        seen(proxy.lines().iter().filter(sent).count(), |count| *count > 1).map(drop)
    });
    running.kill();
    assert_eq!(one.node.api().lock(&one.key()).unwrap().value["promoted"], true);
    assert_eq!((one.is_tagged("master"), mark(&one, "promoted")), (false, None));
    for _ in 0..3 {
        is_master(&one, &pass);
    }
    assert_eq!(scripts.count("promote"), 2);
}

#[test]
fn a_promotion_writes_no_more_than_the_same_one_without_its_mark() {
    let cluster = Cluster::of(2);
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    for candidate in [&one, &two] {
        candidate.run();
    }
    cluster.settle();
    let entries = |arguments: &[&str]| {
        one.node.api().service_maintenance(&one.id, true);
        one.said_by(&one.pass().args(arguments.iter().copied()).run(), 0);
        one.node.api().service_maintenance(&one.id, false);
        let leader = cluster.leader().api();
        let before = leader.last_raft_index();
        one.said_by(&one.pass().args(arguments.iter().copied()).run(), 0);
        assert!(one.is_tagged("master"));
        leader.last_raft_index() - before
    };
    // An idle server writes an entry of its own about once a minute.
    let fewest = |arguments: &[&str]| (0..3).map(|_| entries(arguments)).min().unwrap();
    assert_eq!(fewest(&["--on-promote", "true"]), fewest(&[]) + 1, "the note in the lock's value");
}

/// Lets Consul run the check with `--on-outage demote` and both hooks, stops or pauses the server, and starts it again.
fn outage(stop: impl Fn(&Node), start: impl Fn(&Node), timeout: &str) {
    let cluster = Cluster::with(1).durable_server().start();
    cluster.settle();
    let one = Candidate::alone(cluster.nodes::<1>()[0]);
    let (api, scripts) = (one.node.api(), Scripts::on(one.node));
    let hooks = ["promote", "demote"].map(|name| (format!("--on-{name}"), scripts.gate(name)));
    scripts.open("promote");
    scripts.open("demote");
    let pass = Pass::of(&one.service).on(one.node).args(["--on-outage", "demote", "--timeout", timeout]);
    let pass = pass.args(hooks.iter().flat_map(|(option, command)| [option.as_str(), command]));
    one.let_consul_run_it("1s", &pass);
    let leads = || seen(one.tags_now(), |tags| tags == &["master"]).map(drop);
    wait_for("the lead", secs(40), leads);
    let counts = || ["promote", "demote"].map(|name| scripts.count(name));
    assert_eq!(counts(), [1, 1], "a new instance is demoted first");
    let lock = api.lock(&one.key()).unwrap();
    stop(cluster.server());
    // An agent that tries to tell the servers of a check answers nothing meanwhile, which takes up to half a minute (1.21.0).
    wait_for("the demote hook", secs(90), || seen(counts(), |counts| counts[1] > 1).map(drop));
    let noted = || {
        let answer = api.request("GET", &format!("/v1/agent/service/{}", one.id), None)?.json();
        let note = answer["Meta"][format!("election-{}-hook", one.query())].clone();
        seen((answer["Tags"].clone(), note), |(tags, note)| *tags == json!(["slave"]) && note == "demoted").map(drop)
    };
    wait_for("the agent to have tag and note", secs(60), noted);
    holds_for("the demotion", secs(5), || seen(counts(), |counts| counts == &[1, 2]).map(drop));
    std::fs::remove_file(scripts.path("promote.open")).unwrap();
    start(cluster.server());
    cluster.wait_for_members();
    wait_for("the promote hook", secs(60), || seen(counts(), |counts| counts[0] > 1).map(drop));
    assert!(!one.is_tagged("master"), "the tag comes after the hook: {:?}", one.tags());
    scripts.open("promote");
    wait_for("the tag", secs(40), leads);
    holds_for("the promotion", secs(3), || seen(counts(), |counts| counts == &[2, 2]).map(drop));
    let now = api.lock(&one.key()).unwrap();
    assert_eq!((&now.session, now.lock_index), (&lock.session, lock.lock_index), "the lock was held all the time");
}

#[test]
fn a_master_that_an_outage_demotes_runs_its_demote_hook_and_is_promoted_before_the_tag_returns() {
    outage(Node::stop, Node::start_again, "20s");
}

#[test]
fn servers_that_hang_leave_time_for_the_demote_hook_of_an_outage_and_its_note() {
    outage(Node::pause, Node::resume, "6s");
}

/// An instance that a file defines, with hooks that write the file again and let the agent reload.
struct Defined<'a> {
    one: Candidate<'a>,
    scripts: Scripts,
    /// Whether the hooks only send a signal: on a busy machine that reload can come later than the run looks for it.
    is_by_signal: bool,
}

impl<'a> Defined<'a> {
    /// `reload` is the last line of each hook; `$RELOAD` reloads the agent.
    fn on(node: &'a Node, service: &str, hooks: &[&str], options: &[&str], reload: &str) -> Defined<'a> {
        let (one, scripts) =
            (Candidate { node, service: service.to_owned(), id: service.to_owned() }, Scripts::on(node));
        let file = format!("{service}.json");
        let path = node.directory().join("config.d").join(&file);
        let binary = consul().binary.display().to_string();
        let script = format!(
            "RELOAD='{binary} reload -http-addr={}'\nsed -i \"s/\\\"rev\\\":\\\"[^\\\"]*\\\"/\\\"rev\\\":\\\"$ELECTION_TERM-$ELECTION_ROLE\\\"/\" \
             '{}'\n{reload}",
            node.address(),
            path.display()
        );
        let hooks: Vec<_> = hooks.iter().map(|name| (format!("--on-{name}"), scripts.command(name, &script))).collect();
        let pass = Pass::of(service).on(node).args(["--lock-delay", "0s"]).args(options.iter().copied());
        let pass = pass.args(hooks.iter().flat_map(|(option, command)| [option.as_str(), command]));
        let checks = json!([
            {"id": one.ping(), "name": "ping", "ttl": "1h", "status": "passing"},
            {"id": one.election_check(), "name": "election", "args": pass.check_args(), "interval": "1s", "timeout": "40s"},
        ]);
        let definition = json!({"service":
            {"name": service, "id": service, "port": 6379, "meta": {"rev": "0"}, "checks": checks}});
        node.write_config(&file, definition);
        node.reload();
        Defined { one, scripts, is_by_signal: reload == BY_SIGNAL }
    }

    /// Waits until it has this tag and its check shows this role, and stays so, and each hook has run this often. A late reload may
    /// have a hook run again, or be undone by a registration that was under way.
    fn settles(&self, tag: &str, role: &str, counts: &[(&str, usize)]) {
        let what = || {
            let tags: Vec<_> = self.one.node.api().tags(&self.one.service);
            let own = tags.into_iter().find(|(node, ..)| node == self.one.node.name()).map(|(.., tags)| tags);
            let shown = self.one.node.api().check(&self.one.election_check()).unwrap_or_default();
            let runs: Vec<_> = counts.iter().map(|(name, _)| (*name, self.scripts.count(name))).collect();
            (own, shown, runs)
        };
        wait_for(role, secs(90), || {
            seen(what(), |(tags, (status, line), runs)| {
                let is_tagged = tags.as_deref() == Some(&[tag.to_owned()]);
                is_tagged && status == "passing" && line.contains(role) && *runs >= counts.to_vec()
            })
            .map(drop)
        });
        if self.is_by_signal {
            return;
        }
        holds_for("the hooks", secs(5), || seen(what(), |(.., runs)| runs == counts).map(drop));
        let meta = self.one.node.api().local(&self.one.id)["Meta"].clone();
        assert_ne!(meta["rev"], "0", "the hook has written the file, and the instance is what it says: {meta}");
    }
}

/// Hooks that end after the reload; hooks that work on after it, while the agent starts the check's next run; and hooks that only send the agent a signal, as `systemctl reload` does. The agent is the parent of the
/// program.
const RELOADS: [&str; 3] = ["$RELOAD", "$RELOAD; sleep 2", BY_SIGNAL];
const BY_SIGNAL: &str = "kill -HUP \"$(cut -d' ' -f4 /proc/$PPID/stat)\"";

fn a_follow_hook_that_reloads(options: &[&str]) {
    let cluster = Cluster::of(4);
    cluster.settle();
    let [leader, followers @ ..] = cluster.nodes::<4>();
    let service = unique("redis");
    let leader = Candidate::of(&service, leader);
    leader.leads();
    let mut nodes = followers.into_iter();
    let options = [options, &["--priority", "0"]].concat();
    let followers = RELOADS.map(|reload| Defined::on(nodes.next().unwrap(), &service, &["follow"], &options, reload));
    for follower in &followers {
        follower.settles("slave", ": slave of ", &[("follow", 1)]);
    }
    leader.node.api().destroy_session(&leader.sessions()[0]);
    leader.leads();
    for follower in &followers {
        follower.settles("slave", ": slave of ", &[("follow", 2)]);
    }
}

#[test]
fn a_follow_hook_that_writes_the_service_file_and_reloads_runs_once_for_every_new_master() {
    a_follow_hook_that_reloads(&[]);
}

#[test]
fn a_follow_hook_that_reloads_runs_once_for_every_new_master_of_a_waiting_run() {
    a_follow_hook_that_reloads(&["--wait", "20s"]);
}

fn promote_and_demote_hooks_that_reload(options: &[&str]) {
    let cluster = Cluster::of(3);
    cluster.settle();
    let mut nodes = cluster.nodes::<3>().into_iter();
    let hooks = ["promote", "demote"];
    let instances = RELOADS.map(|reload| Defined::on(nodes.next().unwrap(), &unique("redis"), &hooks, options, reload));
    for it in &instances {
        it.settles("master", ": master on ", &[("promote", 1), ("demote", 1)]);
        it.one.node.api().service_maintenance(&it.one.id, true);
    }
    for it in &instances {
        it.settles("slave", "in maintenance", &[("promote", 1), ("demote", 2)]);
        it.one.node.api().service_maintenance(&it.one.id, false);
    }
    for it in &instances {
        it.settles("master", ": master on ", &[("promote", 2), ("demote", 2)]);
        assert_eq!(it.one.node.api().lock(&it.one.key()).unwrap().value["promoted"], true);
    }
}

#[test]
fn promote_and_demote_hooks_that_reload_the_agent_run_once_for_every_term() {
    promote_and_demote_hooks_that_reload(&[]);
}

#[test]
fn promote_and_demote_hooks_that_reload_the_agent_run_once_for_every_term_of_a_waiting_run() {
    promote_and_demote_hooks_that_reload(&["--wait", "20s"]);
}

#[test]
fn a_hook_that_registers_the_service_anew_runs_once() {
    let [one, two, _] = Candidate::on_each(shared().nodes::<3>());
    one.leads();
    let scripts = Scripts::on(two.node);
    let body = json!({"service": {"name": two.service, "id": two.id, "port": 7000}});
    std::fs::write(scripts.path("body.json"), body.to_string()).unwrap();
    let (binary, address) = (consul().binary.display(), two.node.address());
    let script = format!("'{binary}' services register -http-addr={address} \"$D/body.json\"");
    let pass = two.pass().args(["--on-follow", &scripts.command("follow", &script)]);
    for _ in 0..3 {
        assert!(two.said_by(&pass.run(), 0).starts_with("slave of n1"));
        assert_eq!(two.tags(), ["slave"]);
    }
    assert_eq!((scripts.count("follow"), two.node.api().local(&two.id)["Port"].clone()), (1, json!(7000)));
}

#[test]
fn a_reload_under_a_waiting_run_makes_no_hook_run_again() {
    let cluster = Cluster::of(1);
    cluster.settle();
    let node = cluster.nodes::<1>()[0];
    let hooks = ["promote", "demote"];
    let it = Defined::on(node, &unique("redis"), &hooks, &["--wait", "25s"], "");
    wait_for("the lead", secs(40), || {
        let shown = it.one.node.api().check(&it.one.election_check()).unwrap_or_default();
        seen((it.one.tags_now(), shown), |(tags, (_, line))| tags == &["master"] && line.contains(": master on "))
            .map(drop)
    });
    // A run waits once the session is bound to the election's check and nothing has changed for longer than runs take.
    let state = || {
        let lock = it.one.node.api().lock(&it.one.key()).map(|lock| (lock.lock_index, lock.value["checks"].clone()));
        (lock, it.one.node.api().check(&it.one.election_check()))
    };
    wait_for("a run that waits", secs(60), || {
        let before = state();
        std::thread::sleep(secs(3));
        let is_bound =
            before.0.as_ref().is_some_and(|(_, checks)| checks.to_string().contains(&it.one.election_check()));
        if is_bound && state() == before { Ok(()) } else { Err(format!("{before:?}")) }
    });
    for _ in 0..3 {
        node.reload();
        wait_for("the tag", secs(5), || seen(it.one.tags_now(), |tags| tags == &["master"]).map(drop));
        holds_for("the hooks", millis(1_200), || {
            seen(hooks.map(|name| it.scripts.count(name)), |counts| counts == &[1, 1]).map(drop)
        });
    }
}
