//! One real redis server of a node, which can be killed, shut down, stopped and started again. Must never know Consul.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::harness::{Keeper, millis, secs, unique, wait_for};

pub const PORT: u16 = 6379;

pub struct Redis {
    ip: Ipv4Addr,
    /// The same keeper that holds the agents: no redis outlives the benchmark, however that ends.
    keeper: Mutex<Keeper>,
}

impl Redis {
    /// Starts it on an address of the cluster, and waits until it answers.
    pub fn on(ip: Ipv4Addr) -> Redis {
        let directory = env::temp_dir().join(unique(&format!("consul-master-election-tagger-{}-redis", process::id())));
        let (ip_text, port) = (ip.to_string(), PORT.to_string());
        let place = directory.to_str().expect("the path of the temporary directory is UTF-8");
        let options = ["--bind", &ip_text, "--port", &port, "--save", "", "--appendonly", "no", "--dir", place];
        let keeper = Keeper::of(&directory, &[&["redis-server"], &options[..]].concat());
        fs::create_dir_all(&directory).expect("the directory of redis can be created");
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
        self.keeper().kill();
    }

    /// Sends `SHUTDOWN NOSAVE`, which redis obeys at once; it looks for a SIGTERM only ten times a second.
    pub fn shut_down(&self) {
        // Its answer is the end of the connection.
        self.ask("SHUTDOWN NOSAVE").ok();
        self.keeper().wait_for_end();
    }

    /// SIGSTOP: the system still accepts connections for it, but nobody answers on them.
    pub fn pause(&self) {
        self.keeper().pause();
    }

    pub fn resume(&self) {
        self.keeper().resume();
    }

    pub fn answers(&self) -> bool {
        self.ask("PING").is_ok_and(|answer| answer == "+PONG")
    }

    /// Counts the connections that have never sent a command.
    pub fn idle_connections(&self) -> Result<usize, String> {
        let clients = self.ask("CLIENT LIST").map_err(|error| error.to_string())?;
        Ok(clients.lines().filter(|client| client.split(' ').any(|field| field == "cmd=NULL")).count())
    }

    /// Sends a command over its own connection. The answer is one line, or a text whose length is in the first line.
    fn ask(&self, command: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&SocketAddr::from((self.ip, PORT)), millis(500))?;
        stream.set_read_timeout(Some(millis(500)))?;
        stream.write_all(format!("{command}\r\n").as_bytes())?;
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some(length) = line.strip_prefix('$') else { return Ok(line.trim_end().to_owned()) };
        let mut text = vec![0; length.trim_end().parse().unwrap_or_default()];
        reader.read_exact(&mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn keeper(&self) -> MutexGuard<'_, Keeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
