//! Every form of the agent's address, and what must not lead elsewhere.

use crate::harness::{Fault, Proxy, shared};
use crate::stage::Candidate;

#[test]
fn an_agent_is_reached_by_ipv4_by_ipv6_and_by_a_name_that_is_resolved_once() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    one.leads();
    for listen in ["127.0.0.1:0", "[::1]:0"] {
        let proxy = Proxy::listening_on(listen, &one.node.address());
        let mut addresses = vec![proxy.address(), format!("http://{}/", proxy.address())];
        // Not every machine maps localhost to the IPv6 loopback as well.
        if let Some(port) = proxy.address().strip_prefix("127.0.0.1") {
            addresses.push(format!("localhost{port}"));
        }
        for address in addresses {
            proxy.clear();
            let said = one.said_by(&one.pass().at(&address).run(), 0);
            assert!(said.starts_with("master on "), "{address}: {said}");
            assert_eq!((proxy.requests().len(), proxy.connections()), (3, 1), "{address}");
            assert_eq!(
                proxy.requests()[0].header("Host"),
                Some(address.trim_start_matches("http://").trim_matches('/'))
            );
        }
    }
}

#[test]
fn a_path_prefix_goes_before_every_path() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let proxy = Proxy::before(one.node);
    proxy.fail(|_, _| Some(Fault::Status(404, "404 page not found")));
    let outcome = one.pass().at(&format!("http://{}/behind/a/proxy/", proxy.address())).run();
    let said = one.said_by(&outcome, 1);
    assert!(said.contains("404 page not found"), "{said}");
    assert_eq!(proxy.lines(), [format!("GET /behind/a/proxy/v1/agent/health/service/id/{}", one.id)]);
}

#[test]
fn redirects_are_not_followed_and_no_proxy_is_used() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let proxy = Proxy::before(one.node);
    proxy.fail(|_, _| Some(Fault::Status(301, "Moved Permanently")));
    let said = one.said_by(&one.pass().through(&proxy).run(), 1);
    assert!(said.contains("301 Moved Permanently; redirects are not followed"), "{said}");
    let trap = Proxy::before(one.node);
    let url = format!("http://{}", trap.address());
    let outcome = one.pass().env("http_proxy", &url).env("HTTP_PROXY", &url).env("ALL_PROXY", &url).run();
    assert!(one.said_by(&outcome, 0).starts_with("master on "));
    assert_eq!(trap.connections(), 0);
}

#[test]
fn the_token_goes_to_the_agent_in_its_header_and_nowhere_else() {
    let one = Candidate::alone(shared().nodes::<1>()[0]);
    let proxy = Proxy::before(one.node);
    one.pass().through(&proxy).token("5ec2e700-0000-4000-8000-00000000beef").run();
    let requests = proxy.requests();
    assert!(!requests.is_empty());
    for request in requests {
        assert_eq!(request.header("X-Consul-Token"), Some("5ec2e700-0000-4000-8000-00000000beef"));
        assert!(!request.path.contains("5ec2e700") && !request.body.contains("5ec2e700"), "{request:?}");
    }
}
