//! The least of an HTTP/1.1 client: one connection that is kept, one request after the other. It shares the
//! processors with the server it measures, so it must do as little as it can.

use super::timing::milliseconds;
use domain::list::percent_encode;
use std::{net::SocketAddr, time::Instant};
use store::{Database, platform::session::captcha_create};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

/// Whether an answer may come compressed, as every browser says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    Brotli,
    Plain,
}

/// A request that can be sent again and again.
#[derive(Clone, Debug)]
pub struct Request(Vec<u8>);

impl Request {
    /// A page or a file.
    #[must_use]
    pub fn get(path: &str, session: Option<&str>, accept: Accept) -> Self {
        Self(format!("GET {path} HTTP/1.1\r\n{}\r\n", head(session, accept)).into_bytes())
    }

    /// A call of a server function.
    #[must_use]
    pub fn post(path: &str, kind: &str, body: &str, session: Option<&str>) -> Self {
        Self::sent(path, kind, body, &head(session, Accept::Brotli))
    }

    /// A form, whose answer is read here.
    #[must_use]
    pub fn form(path: &str, fields: &[(&str, &str)]) -> Self {
        let pairs: Vec<String> = fields.iter().map(|(key, value)| format!("{key}={}", percent_encode(value))).collect();
        Self::sent(path, "application/x-www-form-urlencoded", &pairs.join("&"), &head(None, Accept::Plain))
    }

    fn sent(path: &str, kind: &str, body: &str, head: &str) -> Self {
        let length = body.len();
        Self(
            format!("POST {path} HTTP/1.1\r\n{head}content-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}")
                .into_bytes(),
        )
    }
}

fn head(session: Option<&str>, accept: Accept) -> String {
    let cookie = session.map(|session| format!("cookie: {session}\r\n")).unwrap_or_default();
    let encoding = if accept == Accept::Brotli { "accept-encoding: gzip, deflate, br\r\n" } else { "" };
    format!("host: bench\r\nsec-fetch-site: same-origin\r\naccept: */*\r\n{encoding}{cookie}")
}

/// What came back; the body stays in the client.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// the cookie that was set, `name=value`
    pub cookie: Option<String>,
    pub milliseconds: f64,
    /// all that came over the wire, the head included
    pub bytes: usize,
}

/// One connection.
pub struct Client {
    stream: BufReader<TcpStream>,
    line: Vec<u8>,
    /// how much of the answer has come so far
    bytes: usize,
    /// the last answer's body as it came over the wire
    pub body: Vec<u8>,
}

impl Client {
    /// # Errors
    /// When nobody listens there.
    pub async fn connect(address: SocketAddr) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(|error| format!("cannot reach {address}: {error}"))?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let stream = BufReader::with_capacity(64 * 1024, stream);
        Ok(Self { stream, line: Vec::new(), bytes: 0, body: Vec::new() })
    }

    /// Sends a request and reads its answer to the end.
    ///
    /// # Errors
    /// When the connection breaks or the answer cannot be understood.
    pub async fn send(&mut self, request: &Request) -> Result<Answer, String> {
        let began = Instant::now();
        self.stream.get_mut().write_all(&request.0).await.map_err(broken)?;
        self.bytes = 0;
        let mut answer = Answer { status: 0, cookie: None, milliseconds: 0.0, bytes: 0 };
        let (mut length, mut chunked) = (0, false);
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                break;
            }
            if answer.status == 0 {
                answer.status =
                    line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or("no HTTP answer")?;
                continue;
            }
            let Some((name, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match name {
                "content-length" => length = value.parse().map_err(|_| "a length that is none")?,
                "transfer-encoding" => chunked = value == "chunked",
                "set-cookie" => answer.cookie = value.split(';').next().map(ToOwned::to_owned),
                _ => {}
            }
        }
        self.body.clear();
        if chunked {
            self.chunks().await?
        } else {
            self.read(length).await?
        }
        answer.milliseconds = milliseconds(began.elapsed());
        answer.bytes = self.bytes;
        Ok(answer)
    }

    /// As [`Self::send`], for what must succeed.
    ///
    /// # Errors
    /// Also when the status is not 200.
    pub async fn fetch(&mut self, request: &Request) -> Result<Answer, String> {
        let answer = self.send(request).await?;
        if answer.status == 200 {
            return Ok(answer);
        }
        let first = String::from_utf8_lossy(&request.0).lines().next().unwrap_or_default().to_owned();
        Err(format!("{first}: status {}: {}", answer.status, String::from_utf8_lossy(&self.body)))
    }

    async fn line(&mut self) -> Result<&str, String> {
        self.line.clear();
        self.bytes += self.stream.read_until(b'\n', &mut self.line).await.map_err(broken)?;
        let line = self.line.strip_suffix(b"\r\n").ok_or("the connection was closed")?;
        std::str::from_utf8(line).map_err(|_| "a header that is no text".to_owned())
    }

    async fn chunks(&mut self) -> Result<(), String> {
        loop {
            let length = usize::from_str_radix(self.line().await?, 16).map_err(|_| "a chunk without a length")?;
            self.read(length).await?;
            self.line().await?;
            if length == 0 {
                return Ok(());
            }
        }
    }

    async fn read(&mut self, length: usize) -> Result<(), String> {
        let start = self.body.len();
        self.bytes += length;
        self.body.resize(start + length, 0);
        self.stream.read_exact(&mut self.body[start..]).await.map_err(broken)?;
        Ok(())
    }
}

fn broken(error: std::io::Error) -> String {
    format!("the connection broke: {error}")
}

/// Signs in as a browser does, but for the picture: the answer of the captcha is known because it was made
/// here. Answers the session's cookie.
///
/// # Errors
/// When the server refuses.
pub async fn sign_in(address: SocketAddr, database: &Database, login: &str, password: &str) -> Result<String, String> {
    let captcha = captcha_create(database, "bench", chrono::Utc::now()).await.map_err(|error| error.to_string())?;
    let fields = [("login", login), ("password", password), ("captcha_id", &captcha), ("captcha", "bench")];
    let request = Request::form("/api/sign_in", &fields);
    let mut client = Client::connect(address).await?;
    let answer = client.send(&request).await?;
    answer.cookie.ok_or_else(|| {
        format!("sign-in as {login}: status {}: {}", answer.status, String::from_utf8_lossy(&client.body))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers whatever is asked with these bytes.
    async fn answering(bytes: &'static [u8]) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut asked = [0; 1024];
            while stream.read(&mut asked).await.is_ok_and(|read| read > 0) {
                stream.write_all(bytes).await.expect("sent");
            }
        });
        address
    }

    #[tokio::test]
    async fn bodies_of_both_kinds_are_read_to_their_end() {
        let request = Request::get("/", None, Accept::Plain);
        for bytes in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nset-cookie: a=b; Path=/\r\n\r\nhello"[..],
            &b"HTTP/1.1 200 OK\r\nset-cookie: a=b; Path=/\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"[..],
        ] {
            let mut client = Client::connect(answering(bytes).await).await.expect("connected");
            for _ in 0..2 {
                let answer = client.fetch(&request).await.expect("an answer");
                assert_eq!((answer.cookie.as_deref(), &client.body[..]), (Some("a=b"), &b"hello"[..]));
            }
        }
    }

    #[tokio::test]
    async fn a_refusal_is_no_measurement() {
        let mut client = Client::connect(answering(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno").await)
            .await
            .expect("connected");
        let said = client.fetch(&Request::get("/x", None, Accept::Plain)).await.expect_err("refused");
        assert_eq!(said, "GET /x HTTP/1.1: status 403: no");
    }
}
