//! The part of HTTP/1.1 that separates the messages on a kept connection.

use std::io::{self, BufRead, ErrorKind, Read, Write};

/// A message as it was on the wire; a chunked body still contains its chunk sizes.
pub struct Message {
    pub start: String,
    pub headers: Vec<(String, String)>,
    pub head: Vec<u8>,
    pub body: Vec<u8>,
}

impl Message {
    /// Reads the next request of a connection; none if the other side closed it.
    pub fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Message>> {
        let Some(mut message) = Message::read_head(reader)? else { return Ok(None) };
        message.read_framed_body(reader)?;
        Ok(Some(message))
    }

    /// Reads the answer to a request with that method.
    pub fn read_response(reader: &mut impl BufRead, method: &str) -> io::Result<Message> {
        let mut message = Message::read_head(reader)?.ok_or(ErrorKind::UnexpectedEof)?;
        let status = message.start.split(' ').nth(1).unwrap_or_default();
        let bodiless = method == "HEAD" || status.starts_with('1') || status == "204" || status == "304";
        if !bodiless && !message.read_framed_body(reader)? {
            reader.read_to_end(&mut message.body)?;
        }
        Ok(message)
    }

    pub fn write_to(&self, writer: &mut impl Write) -> io::Result<()> {
        writer.write_all(&[self.head.as_slice(), &self.body].concat())
    }

    /// The message without this header.
    pub fn without(mut self, name: &str) -> Message {
        let head = String::from_utf8_lossy(&self.head).into_owned();
        let is_it = |line: &str| line.split_once(':').is_some_and(|(own, _)| own.eq_ignore_ascii_case(name));
        self.head = head.split_inclusive('\n').filter(|line| !is_it(line)).collect::<String>().into_bytes();
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the body without chunk sizes.
    pub fn payload(&self) -> Vec<u8> {
        if !self.is_chunked() {
            return self.body.clone();
        }
        let (mut whole, mut rest) = (Vec::new(), self.body.as_slice());
        while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
            let size = usize::from_str_radix(&String::from_utf8_lossy(&rest[..end]), 16).unwrap_or_default();
            let Some(chunk) = rest.get(end + 2..end + 2 + size).filter(|chunk| !chunk.is_empty()) else { break };
            whole.extend(chunk);
            rest = rest.get(end + 2 + size + 2..).unwrap_or_default();
        }
        whole
    }

    fn is_chunked(&self) -> bool {
        self.header("Transfer-Encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
    }

    fn read_head(reader: &mut impl BufRead) -> io::Result<Option<Message>> {
        let mut head = Vec::new();
        let mut lines = Vec::new();
        loop {
            let begin = head.len();
            if reader.read_until(b'\n', &mut head)? == 0 {
                // An end of the connection between two messages is normal.
                return if begin == 0 { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
            let line = String::from_utf8_lossy(&head[begin..]).trim_end().to_owned();
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let mut lines = lines.into_iter();
        let start = lines.next().ok_or(ErrorKind::InvalidData)?;
        let headers = lines
            .filter_map(|line| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned())))
            .collect();
        Ok(Some(Message { start, headers, head, body: Vec::new() }))
    }

    /// Reads a body whose length is in the headers; returns false if it is not.
    fn read_framed_body(&mut self, reader: &mut impl BufRead) -> io::Result<bool> {
        if self.is_chunked() {
            while self.read_chunk(reader)? {}
            return Ok(true);
        }
        let Some(length) = self.header("Content-Length") else { return Ok(false) };
        let length: usize = length.parse().map_err(|_| ErrorKind::InvalidData)?;
        self.body.resize(length, 0);
        reader.read_exact(&mut self.body)?;
        Ok(true)
    }

    /// Reads one chunk with its size and line ends; returns false after the last. Consul sends no trailers.
    fn read_chunk(&mut self, reader: &mut impl BufRead) -> io::Result<bool> {
        let begin = self.body.len();
        reader.read_until(b'\n', &mut self.body)?;
        let size = String::from_utf8_lossy(&self.body[begin..]);
        let size = size.trim_end().split(';').next().unwrap_or_default();
        let size = u64::from_str_radix(size, 16).map_err(|_| ErrorKind::InvalidData)?;
        reader.take(size + 2).read_to_end(&mut self.body)?;
        Ok(size > 0)
    }
}
