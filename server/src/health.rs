//! `doorward-server health`: checks the readiness of the configured server.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use doorward_shared::tls;
use rocket::{Config, figment::Figment};
use rustls::{ClientConnection, StreamOwned, pki_types::ServerName};

use crate::{say, text};

/// Time limit for connecting and for each read and write.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum length of the status line, in bytes.
const LINE: u64 = 1024;

/// Requests `/health/ready`; reports that the server is ready, or why it is not.
pub(crate) fn ask(figment: &Figment) -> Result<(), String> {
    let config: Config = figment.extract().map_err(text)?;
    if config.port == 0 {
        return Err("port: 0 picks a free one; say which it is with --port".into());
    }
    let ip = match config.address {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(ip, config.port);
    let status = status(address, config.tls_enabled())
        .map_err(|error| format!("{address}: no answer: {error}"))?;
    match status.split(' ').nth(1) {
        Some("200") => say(&format!("{address}: ready")),
        Some("503") => Err(format!("{address}: not ready")),
        _ => Err(format!(
            "{address}: not a Doorward server, it answers {status:?}"
        )),
    }
}

/// The status line of the response.
fn status(address: SocketAddr, tls: bool) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    if !tls {
        return exchange(&mut stream, address);
    }
    let name = ServerName::from(address.ip());
    // A certificate names the server's public host, but this connects to an address of this machine. Nothing secret is
    // sent, and only the status of the response is used.
    let any = tls::accepting(|_| true).map_err(io::Error::other)?;
    let connection = ClientConnection::new(Arc::new(any), name).map_err(io::Error::other)?;
    exchange(&mut StreamOwned::new(connection, stream), address)
}

fn exchange(stream: &mut (impl Read + Write), address: SocketAddr) -> io::Result<String> {
    let request =
        format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut line = Vec::new();
    BufReader::new(stream.take(LINE)).read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}
