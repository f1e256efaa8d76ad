//! One real redis server, beside one agent, which can be killed and started again.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::harness::{Keeper, millis, secs, unique, wait_for};

pub const PORT: u16 = 6379;

pub struct Redis {
    ip: Ipv4Addr,
    /// The same that stands between the harness and an agent: no redis outlives the benchmark, however that ends.
    keeper: Mutex<Keeper>,
}

impl Redis {
    /// Starts it on an address that belongs to the cluster, and waits until it answers.
    pub fn on(ip: Ipv4Addr) -> Redis {
        let directory = env::temp_dir().join(unique(&format!("consul-master-election-tagger-{}-redis", process::id())));
        let (ip_text, port) = (ip.to_string(), PORT.to_string());
        let place = directory.to_str().expect("the temporary directory is UTF-8");
        let options = ["--bind", &ip_text, "--port", &port, "--save", "", "--appendonly", "no", "--dir", place];
        let keeper = Keeper::of(&directory, &[&["redis-server"], &options[..]].concat());
        fs::create_dir_all(&directory).expect("the directory of redis can be made");
        let redis = Redis { ip, keeper: Mutex::new(keeper) };
        redis.start();
        redis
    }

    pub fn start(&self) {
        self.keeper().start();
        wait_for("redis to listen", secs(10), || {
            let connected = TcpStream::connect_timeout(&SocketAddr::from((self.ip, PORT)), millis(500));
            connected.map(drop).map_err(|error| format!("{error}; is redis-server installed?"))
        });
    }

    /// SIGKILL.
    pub fn kill(&self) {
        let mut keeper = self.keeper();
        keeper.signal("KILL");
        keeper.wait_for_end();
    }

    fn keeper(&self) -> MutexGuard<'_, Keeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
