use super::*;
use crate::election::Config;

#[test]
fn a_role_replaces_the_other_and_leaves_the_rest_in_order() {
    let Config { names, policy, .. } = Config::for_tests();
    for (before, master, slave) in [
        ("", "master", "slave"),
        ("a b", "a b master", "a b slave"),
        ("a slave b", "a master b", "a slave b"),
        ("a master b", "a master b", "a slave b"),
        ("slave a master", "master a", "slave a"),
        ("MASTER a", "master a", "slave a"),
        ("master master", "master", "slave"),
        ("mastery slaves", "mastery slaves master", "mastery slaves slave"),
    ] {
        let tags = before.split_whitespace().map(str::to_owned).collect();
        let marks = Marks { tags, ..Marks::default() };
        assert_eq!(of_master(&marks, ("s", ""), &Mark::default(), &names, &policy).tags.join(" "), master, "{before}");
        assert_eq!(of_slave(&marks, &Mark::default(), &names, &policy).tags.join(" "), slave, "{before}");
    }
}

#[test]
fn the_session_is_in_a_masters_meta_alone_under_a_key_that_consul_takes() {
    let Config { names, policy, .. } = Config::for_tests();
    let names = Names { query: "redis.v7-master".to_owned(), ..names };
    let before = Marks { tags: Vec::new(), meta: [("version".to_owned(), "7".to_owned())].into() };
    let master = of_master(&before, ("9a1a", ""), &Mark::default(), &names, &policy);
    assert_eq!(master.meta["election-redis_v7-master-session"], "9a1a");
    assert_eq!(master.meta["version"], "7");
    assert_eq!(of_slave(&master, &Mark::default(), &names, &policy).meta.get("election-redis_v7-master-session"), None);
}

#[test]
fn the_keys_of_a_long_name_fit_and_differ() {
    let Config { names, .. } = Config::for_tests();
    let long = |end: &str| names.clone().with_query(&format!("{}{end}", "a".repeat(150)));
    let (one, two) = (session_key(&long("1")), session_key(&long("2")));
    assert!(one != two && one.len() <= 128, "{one} and {two}");
}

#[test]
fn the_tags_of_an_earlier_run_with_other_options_go() {
    let Config { names, policy, .. } = Config::for_tests();
    let before = Mark { tags: ("primary".to_owned(), "replica".to_owned()), ..Mark::default() };
    let tags = vec!["a".to_owned(), "Primary".to_owned()];
    let mut marks = Marks { tags, ..Marks::default() };
    set_mark(&mut marks, &before, &names);
    assert_eq!(of_slave(&marks, &Mark::default(), &names, &policy).tags, ["a", "slave"]);
}

#[test]
fn an_instance_names_the_other_elections_that_have_marked_it() {
    let Config { names, .. } = Config::for_tests();
    let mut marks = Marks::default();
    marks.meta.insert("election-x-session".to_owned(), "s".to_owned());
    set_mark(&mut marks, &Mark::default(), &names);
    set_mark(&mut marks, &Mark::default(), &names.clone().with_query("Other"));
    assert_eq!(Mark::others(&marks, &names), ["other"]);
}

#[test]
fn an_instance_that_takes_no_part_keeps_what_is_not_of_this_election() {
    let Config { names, policy, .. } = Config::typed("--priority 7 --on-demote true");
    let meta = [("version", "7"), ("election-redis-master-b-session", "9a1a"), ("election-redis-master-b-hook", "x")];
    let meta = meta.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let before = Marks { tags: vec!["v7".to_owned(), "masters".to_owned()], meta };
    let slave = with_hook_done(&of_slave(&before, &Mark::default(), &names, &policy), SlaveHook::Demote, None, &names);
    for marks in [of_master(&before, ("9a1a", ""), &Mark::default(), &names, &policy), slave.clone()] {
        assert_ne!(marks, before);
        assert_eq!(of_nobody(&marks, false, &names), before);
    }
    let noted = of_nobody(&slave, true, &names);
    assert_eq!((noted.tags, noted.meta.len()), (before.tags, before.meta.len() + 1));
}
