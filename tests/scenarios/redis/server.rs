//! One real redis server, set up as in `examples/redis/`, and a client for it. Knows nothing of Consul.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::example;
use crate::harness::{Keeper, secs, unique, wait_for};

pub struct Redis {
    pub ip: Ipv4Addr,
    pub port: u16,
    password: Option<&'static str>,
    /// The keeper also used for agents: no redis outlives the tests, however they end.
    keeper: Mutex<Keeper>,
}

impl Redis {
    /// Starts one that saves to disk only on request: otherwise it is empty after each start.
    pub fn on(ip: Ipv4Addr, port: u16, place: &Path) -> Redis {
        Redis::with_password(None, ip, port, place)
    }

    pub fn with_password(password: Option<&'static str>, ip: Ipv4Addr, port: u16, place: &Path) -> Redis {
        for command in ["redis-server", "redis-cli"] {
            let found = Command::new(command).arg("--version").output();
            found.unwrap_or_else(|error| panic!("{command}: {error}; apt-get install redis-server redis-tools"));
        }
        let directory = place.join(unique("redis"));
        let conf = directory.join("redis.conf");
        let keeper = Keeper::of(&directory, &[Path::new("redis-server"), &conf]);
        fs::create_dir_all(&directory).unwrap();
        let secret = password.map(|word| format!("requirepass {word}\nmasterauth {word}\n")).unwrap_or_default();
        let own = format!(
            "bind {ip}\nport {port}\nprotected-mode no\n{secret}dir {}\nsave \"\"\ninclude {}\n",
            directory.display(),
            example("election.conf").display()
        );
        fs::write(&conf, own).unwrap();
        let redis = Redis { ip, port, password, keeper: Mutex::new(keeper) };
        redis.start();
        redis
    }

    pub fn start(&self) {
        self.keeper().start();
        wait_for("redis to answer", secs(20), || self.tell("PING").map(drop));
    }

    /// Sends SIGKILL.
    pub fn kill(&self) {
        self.keeper().kill();
    }

    /// Sends SIGSTOP: its connections stay, but nobody answers on them.
    pub fn pause(&self) {
        self.keeper().pause();
    }

    pub fn resume(&self) {
        self.keeper().resume();
    }

    pub fn connect(&self) -> Result<Client, String> {
        let mut client = Client::to(self.ip, self.port)?;
        if let Some(password) = self.password {
            client.tell(&format!("AUTH {password}"))?;
        }
        Ok(client)
    }

    /// Cuts its replication link for good: it sends a password that its master rejects.
    pub fn lose_link(&self) {
        self.tell("CONFIG SET masterauth wrong").unwrap();
        self.tell("CLIENT KILL TYPE master").unwrap();
    }

    /// Sends a command over its own connection.
    pub fn tell(&self, command: &str) -> Result<String, String> {
        self.connect()?.tell(command)
    }

    /// Returns the output of `INFO`; empty while it does not answer.
    pub fn info(&self) -> BTreeMap<String, String> {
        let text = self.tell("INFO").unwrap_or_default();
        let fields = text.lines().filter_map(|line| line.split_once(':'));
        fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Returns its role, and for a replica the master it follows and the link's state: `master`, `10.0.0.2:6379 up`.
    pub fn role(&self) -> String {
        let info = self.info();
        let field = |name: &str| info.get(name).map_or("?", String::as_str);
        match field("role") {
            "slave" => format!("{}:{} {}", field("master_host"), field("master_port"), field("master_link_status")),
            other => other.to_owned(),
        }
    }

    fn keeper(&self) -> MutexGuard<'_, Keeper> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Creates a directory for one scenario.
pub fn place_in(directory: &Path, name: &str) -> PathBuf {
    let place = directory.join(unique(name));
    create_private(&place);
    place
}

/// Creates a directory as `install -d -m 700` does.
pub fn create_private(directory: &Path) {
    fs::DirBuilder::new().mode(0o700).create(directory).unwrap();
}

pub struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    pub fn to(ip: Ipv4Addr, port: u16) -> Result<Client, String> {
        let connect = || {
            let stream = TcpStream::connect_timeout(&SocketAddr::from((ip, port)), secs(1))?;
            stream.set_read_timeout(Some(secs(2)))?;
            stream.set_nodelay(true)?;
            Ok(Client { reader: BufReader::new(stream) })
        };
        connect().map_err(|error: std::io::Error| format!("{ip}:{port}: {error}"))
    }

    /// Sends one command and reads its answer: a line, or a text whose length is in the first line. An error of redis
    /// is an error here.
    pub fn tell(&mut self, command: &str) -> Result<String, String> {
        let line = self.ask(command).map_err(|error| format!("{command}: {error}"))?;
        match line.strip_prefix('-') {
            Some(error) => Err(error.to_owned()),
            None => Ok(line),
        }
    }

    fn ask(&mut self, command: &str) -> std::io::Result<String> {
        self.reader.get_mut().write_all(format!("{command}\r\n").as_bytes())?;
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        match line.strip_prefix('$').map(str::parse::<usize>) {
            Some(Ok(length)) => {
                let mut text = vec![0; length + 2];
                self.reader.read_exact(&mut text)?;
                text.truncate(length);
                Ok(String::from_utf8_lossy(&text).into_owned())
            }
            // `$-1`: the key does not exist.
            Some(Err(_)) => Ok(String::new()),
            None => Ok(line.trim_start_matches(['+', ':']).to_owned()),
        }
    }
}
