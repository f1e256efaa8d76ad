//! The floor that `make bench` compares with: a minimal program that sends the same requests as a slave's or a master's
//! pass over one connection, with the standard library alone. It ignores the answers.
//!
//! Usage: floor HOST:PORT PATH...

use std::io::{self, Read, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or_else(|| io::Error::other("usage: floor HOST:PORT PATH..."))?;
    let mut connection = TcpStream::connect(&address)?;
    connection.set_nodelay(true)?;
    let mut buffer = vec![0; 16 * 1024];
    for path in arguments {
        write!(connection, "GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
        read_answer(&mut connection, &mut buffer)?;
    }
    println!("done");
    Ok(())
}

/// Reads one answer to its end, given by Content-Length.
fn read_answer(connection: &mut TcpStream, buffer: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    loop {
        let count = connection.read(&mut buffer[filled..])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += count;
        let text = String::from_utf8_lossy(&buffer[..filled]);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).and_then(|n| n.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Ok(());
        }
    }
}
