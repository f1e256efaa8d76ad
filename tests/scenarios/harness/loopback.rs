//! A /24 of loopback addresses that belongs to one cluster, so that every agent can use Consul's default ports.

use std::net::{Ipv4Addr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use super::random::Random;

/// Any port works if it is the same in every test process.
const RESERVATION_PORT: u16 = 8500;
/// The ports of every agent (DNS, HTTP, gossip), and of a server (RPC, WAN gossip).
const PORTS: [u16; 5] = [8600, 8500, 8301, 8300, 8302];

pub struct Loopback {
    second: u8,
    third: u8,
    /// Held as long as the cluster lives. A process that cannot bind it picks another network.
    _reservation: TcpListener,
}

impl Loopback {
    /// Finds a network whose first `hosts` addresses are free, starting from a place that depends on the process ID.
    pub fn reserve(hosts: u8) -> Loopback {
        static TAKEN: AtomicU32 = AtomicU32::new(0);
        let nth = TAKEN.fetch_add(1, Ordering::Relaxed);
        let mut random = Random::seeded(u64::from(process::id()) << 32 | u64::from(nth));
        let mut last = String::new();
        for _ in 0..200 {
            // Everything else on a machine listens in 127.0, so it is left out.
            let octet = |random: &mut Random| u8::try_from(random.within(1..255)).expect("below 255");
            let (second, third) = (octet(&mut random), octet(&mut random));
            match try_reserve(second, third, hosts) {
                Ok(reservation) => {
                    return Loopback { second, third, _reservation: reservation };
                }
                Err(error) => last = error,
            }
        }
        panic!("no free loopback network for the agents; is something listening on all addresses? {last}");
    }

    /// Returns the address of the `host`th agent, counted from 1.
    pub fn address(&self, host: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, self.second, self.third, host)
    }
}

fn try_reserve(second: u8, third: u8, hosts: u8) -> Result<TcpListener, String> {
    let bind = |host: u8, port: u16| {
        let address = (Ipv4Addr::new(127, second, third, host), port);
        TcpListener::bind(address).map_err(|error| format!("{}:{port}: {error}", address.0))
    };
    let reservation = bind(254, RESERVATION_PORT)?;
    // A killed test process has lost its reservation, but its agents may take a moment longer to end.
    for host in 1..=hosts {
        for port in PORTS {
            bind(host, port)?;
        }
    }
    Ok(reservation)
}
