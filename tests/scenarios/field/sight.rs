//! A token that may not see the other instances: what no rule about them can do is said, and which ACL rule is missing.

use crate::harness::{Cluster, secs, seen, wait_for};
use crate::stage::Candidate;

const EVERY_NODE: &str = "node_prefix \"\" { policy = \"read\" }";

#[test]
fn priorities_that_cannot_count_end_the_masters_line_with_the_missing_rule_until_the_token_has_it() {
    let cluster = Cluster::with(2).acls().start();
    for options in [&["--priority", "200"][..], &["--preempt"], &["--max-term", "1h"]] {
        let [one, two] = Candidate::on_each(cluster.nodes::<2>());
        let token = |more: &str| one.node.api().token_with(&format!("{}\n{}\n{more}", one.rules(), two.rules()));
        let (blind, seeing) = (token(""), token(EVERY_NODE));
        let pass = |token: &str| one.pass().args(options.iter().copied()).token(token);
        one.said_by(&pass(&blind).run(), 0);
        let said = one.said_by(&pass(&blind).run(), 0);
        assert!(said.starts_with("master on n1 (port 6379), term 1; warning: "), "{said}");
        assert!(said.contains(options[0]) && said.ends_with(&format!("the token needs: {EVERY_NODE}")), "{said}");
        let entries = cluster.quiet_raft_entries(|| {
            for _ in 0..10 {
                assert_eq!(one.said_by(&pass(&blind).run(), 0), said);
            }
        });
        assert_eq!(entries, 0);
        assert!(one.said_by(&one.pass().token(&blind).run(), 0).ends_with("term 1"), "no option is about the others");
        assert!(two.said_by(&two.pass().token(&token("")).run(), 0).starts_with("slave of n1"));
        wait_for("the line to end with its reason", secs(40), || {
            seen(one.said_by(&pass(&seeing).run(), 0), |said| !said.contains("warning")).map(drop)
        });
    }
}

#[test]
fn resign_to_a_node_that_the_token_does_not_show_names_the_missing_rule() {
    let cluster = Cluster::with(2).acls().start();
    let [one, two] = Candidate::on_each(cluster.nodes::<2>());
    let blind = one.node.api().token_with(&one.rules());
    one.said_by(&one.pass().token(&blind).run(), 0);
    two.report(&two.pass().token(&two.node.api().token_with(&two.rules())));
    let resign = |token: &str| one.resign().args(["--to", "n2"]).token(token).run();
    let outcome = resign(&blind);
    assert!(outcome.status != 0 && outcome.line.ends_with(&format!("the token needs: {EVERY_NODE}")), "{outcome:?}");
    assert!(one.holds_the_lock());
    let seeing = one.node.api().token_with(&format!("{}\n{EVERY_NODE}", one.rules()));
    assert!(one.said_by(&resign(&seeing), 0).contains("n2"));
    assert!(!one.holds_the_lock());
}
