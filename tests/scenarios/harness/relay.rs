//! Forwards bytes to an agent unchanged, and counts the connections. Used in front of an agent that serves https.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

pub struct Relay {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Relay {
    /// Listens on an address, such as `[::1]:0`, and forwards everything to another.
    pub fn listening_on(address: &str, target: &str) -> Relay {
        let listener = TcpListener::bind(address).expect("a port for the relay");
        let address = listener.local_addr().expect("the relay's address");
        let (connections, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, over, target) = (Arc::clone(&connections), Arc::clone(&ended), target.to_owned());
        let accepting = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                counted.fetch_add(1, Ordering::Relaxed);
                // If the agent cannot be reached, the client sees its connection end.
                if let Ok(agent) = TcpStream::connect(&target) {
                    both_ways(&stream, &agent);
                }
            }
        });
        Relay { address, connections, ended, accepting: Some(accepting) }
    }

    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Returns how many connections were made so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

/// Each direction ends with its connection, which the program and the agent both close.
fn both_ways(client: &TcpStream, agent: &TcpStream) {
    for (from, to) in [(client, agent), (agent, client)] {
        let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes the accepting thread.
        let _ = TcpStream::connect(self.address);
        let _ = self.accepting.take().map(JoinHandle::join);
    }
}
