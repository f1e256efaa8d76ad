//! A stand-in for an agent, whose answers are hostile. Each connection has a thread; all end with the server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use serde_json::Value;

use super::answers::{self, Lock};
use super::hostile::{break_bytes, twist};
use super::program::SECRETS;
use super::random::Random;

pub struct Server {
    address: String,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    random: Mutex<Random>,
    /// One answer in so many is hostile.
    rarity: usize,
    lock: Lock,
    value: Value,
    log: Mutex<Vec<String>>,
    open: Mutex<Vec<TcpStream>>,
    ended: AtomicBool,
}

impl Server {
    pub fn start(mut random: Random) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address").to_string();
        let lock = [Lock::Free, Lock::Mine, Lock::Another][random.below(3)];
        let mut value = answers::value(lock);
        for _ in 0..random.below(4) {
            twist(&mut value, &mut random);
        }
        let shared = Arc::new(Shared {
            rarity: 1 + random.below(6),
            random: Mutex::new(random),
            lock,
            value,
            log: Mutex::default(),
            open: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Server { address, shared, accepting: Some(accepting) }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// What was asked and answered, shortened.
    pub fn log(&self) -> Vec<String> {
        self.shared.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(&self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads = Vec::new();
    for stream in listener.incoming().flatten() {
        if shared.ended.load(Ordering::SeqCst) {
            break;
        }
        if let Ok(copy) = stream.try_clone() {
            shared.open.lock().unwrap_or_else(PoisonError::into_inner).push(copy);
        }
        let shared = Arc::clone(shared);
        // An error means that the program has gone.
        threads.push(thread::spawn(move || drop(serve(stream, &shared))));
    }
    for stream in shared.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
        let _ = stream.shutdown(Shutdown::Both);
    }
    for thread in threads {
        let _ = thread.join();
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let mut start = String::new();
        if reader.read_line(&mut start)? == 0 {
            return Ok(());
        }
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let line = line.trim();
            if line.is_empty() {
                break;
            }
            if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = text.trim().parse().unwrap_or(0);
            }
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink())?;
        let mut words = start.split_whitespace();
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let answer = make(method, path, shared);
        let note = format!("{method} {path}: {:.300}", String::from_utf8_lossy(&answer));
        shared.log.lock().unwrap_or_else(PoisonError::into_inner).push(note);
        writer.write_all(&answer)?;
        if answer.is_empty() {
            return writer.shutdown(Shutdown::Both);
        }
    }
}

/// The whole answer, head and body; empty: the connection ends.
fn make(method: &str, path: &str, shared: &Shared) -> Vec<u8> {
    let mut random = shared.random.lock().unwrap_or_else(PoisonError::into_inner).fork();
    let is_hostile = random.one_in(shared.rarity);
    let mut body = answers::answer(method, path, shared.lock, &shared.value);
    let (mut status, mut headers) = (200, "X-Consul-Index: 9\r\nX-Consul-ContentHash: abc\r\n".to_owned());
    if is_hostile {
        for _ in 0..=random.below(3) {
            twist(&mut body, &mut random);
        }
        if random.one_in(4) {
            status = [204, 301, 400, 401, 403, 404, 409, 413, 429, 500, 503][random.below(11)];
        }
        if random.one_in(4) {
            let odd = ["", "X-Consul-Index: 0\r\n", "X-Consul-Index: -1\r\nX-Consul-ContentHash: a b&c=%00\r\n"];
            odd[random.below(3)].clone_into(&mut headers);
        }
    }
    let mut bytes = body.to_string().into_bytes();
    if is_hostile && random.one_in(3) {
        break_bytes(&mut bytes, &mut random);
    }
    if is_hostile && random.one_in(8) {
        bytes = format!("X-Consul-Token: {}\r\nAuthorization: Basic {}\r\nelection: x", SECRETS[0], SECRETS[2])
            .into_bytes();
    }
    if is_hostile && random.one_in(25) {
        return Vec::new();
    }
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n",
        bytes.len()
    );
    [head.into_bytes(), bytes].concat()
}
