//! How addresses are read, and which are refused.

use super::*;

#[test]
fn addresses_are_read_as_official_clients_read_them() {
    for (text, ssl, shown) in [
        ("", false, "http://127.0.0.1:8500"),
        ("", true, "https://127.0.0.1:8500"),
        ("127.0.0.1:8500", false, "http://127.0.0.1:8500"),
        ("http://consul.example:80/", false, "http://consul.example:80"),
        ("http://consul.example:80/", true, "https://consul.example:80"),
        ("http://10.0.0.1:8500/a/b/", false, "http://10.0.0.1:8500/a/b"),
        ("https://10.0.0.1:8501/a/b/", false, "https://10.0.0.1:8501/a/b"),
        ("[::1]:8500", false, "http://[::1]:8500"),
        ("https://[::1]/p", false, "https://[::1]:443/p"),
        ("localhost", false, "http://localhost:80"),
        ("unix:///run/consul.sock", false, "unix:///run/consul.sock"),
        ("unix://consul@1.sock", true, "unix://consul@1.sock"),
    ] {
        let address = Address::parse(text, ssl).expect(text);
        assert_eq!(address.shown(), shown, "{text:?}");
        assert_eq!(address.is_https(), ssl || text.starts_with("https"), "{text:?}");
    }
}

#[test]
fn the_default_is_what_an_empty_text_means() {
    assert_eq!(Address::parse("", false), Ok(Address::default()));
}

#[test]
fn a_port_that_was_not_given_or_serves_something_else_is_doubted() {
    for (text, doubt) in [
        ("", None),
        ("127.0.0.1:8500", None),
        ("https://127.0.0.1:8501", None),
        ("http://127.0.0.1:80", None),
        ("unix:///run/consul.sock", None),
        ("http://127.0.0.1", Some(PortDoubt::NotGiven(80))),
        ("https://[::1]/consul", Some(PortDoubt::NotGiven(443))),
        ("127.0.0.1:8600", Some(PortDoubt::Serves(8600, "DNS"))),
    ] {
        assert_eq!(Address::parse(text, false).expect(text).port_doubt(), doubt, "{text:?}");
    }
}

#[test]
fn a_request_names_the_host_that_the_agent_expects() {
    for (text, name, base, header) in [
        ("https://10.0.0.1:8501/p", None, "https://10.0.0.1:8501/p", "10.0.0.1:8501"),
        ("https://10.0.0.1:8501/p", Some("server.dc1.consul"), "https://server.dc1.consul:8501/p", "10.0.0.1:8501"),
        ("https://[::1]:8501", None, "https://[::1]:8501", "[::1]:8501"),
        ("https://10.0.0.1:8501", Some("::1"), "https://[::1]:8501", "10.0.0.1:8501"),
        ("unix:///run/consul.sock", None, "http://localhost", "localhost"),
    ] {
        let address = Address::parse(text, false).expect(text);
        assert_eq!((address.base(name).as_str(), address.host_header().as_str()), (base, header));
    }
}

#[test]
fn an_address_that_cannot_be_reached_is_an_error_and_not_a_wrong_connection() {
    let long = format!("unix:///{}", "x".repeat(200));
    for text in [
        long.as_str(),
        "unix://",
        "ftp://127.0.0.1",
        "127.0.0.1:99999",
        "127.0.0.1:+8500",
        "127.0.0.1:",
        ":8500",
        "::1:8500",
        "[::1:8500",
        "[name]:8500",
        "user:password@127.0.0.1:8500",
        "user@127.0.0.1:8500",
        "http://user:pass/password@127.0.0.1:8500",
        "127.0.0.1:8500/x?token=password",
        "127.0.0.1:8500?x",
        "two words:8500",
        "http://",
        "https://",
    ] {
        let error = Address::parse(text, false).expect_err(text).to_string();
        assert!(!error.contains("password"), "{error}");
    }
}
