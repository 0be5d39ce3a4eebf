//! Free ports, for programs that are told where to listen and keep the place over a restart.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// `wanted`, or a port on 127.0.0.1 that nobody listens on at this moment.
pub(crate) fn loopback(wanted: Option<u16>) -> io::Result<SocketAddr> {
    let port = match wanted {
        Some(port) => port,
        None => TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port(),
    };
    Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}
