//! The example program, as docs/library.md shows it.

#[path = "../../../examples/lead.rs"]
mod program;

use crate::harness::{shared, unique};

#[test]
fn the_example_leads_works_and_releases() {
    let [n1] = shared().nodes();
    let name = unique("lead");
    program::report(&n1.address(), &name).unwrap();
    let key = n1.api().lock(&format!("service/{name}/leader")).unwrap();
    assert_eq!((key.session, key.lock_index), (None, 1));
}
