//! Ports for programs that are told where to listen, and come back there after a restart.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::{fmt, io};

use tokio::net::TcpSocket;

/// A port on 127.0.0.1 that is kept for whoever is told it: no other search for a free port finds it and no outgoing connection leaves
/// from it, whether anybody listens there at the moment or not, until the last clone is dropped.
///
/// It is bound, with `SO_REUSEADDR`, and nobody listens by it; so a program may listen there that sets that option too (socket(7)), as
/// the standard library, tokio and Go do.
#[derive(Debug, Clone)]
pub struct Port {
    address: SocketAddr,
    _bound: Arc<TcpSocket>,
}

impl Port {
    /// A port that was free until now.
    pub fn keep() -> io::Result<Self> {
        Self::keep_this(0)
    }

    /// The port of this number. An error of the kind [`AddrInUse`](io::ErrorKind::AddrInUse), when somebody listens there.
    pub fn keep_this(number: u16) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(on_loopback(number))?;
        Ok(Self { address: socket.local_addr()?, _bound: Arc::new(socket) })
    }

    /// Where to listen.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.address.port()
    }
}

impl fmt::Display for Port {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(formatter)
    }
}

fn on_loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_program_listens_on_a_kept_port_again_and_again() {
        let port = Port::keep().unwrap();
        for _ in 0..3 {
            let listener = TcpListener::bind(port.address()).unwrap();
            // A connection that lingers does not stand in the way of the next.
            let client = TcpStream::connect(port.address()).unwrap();
            drop((listener.accept().unwrap(), listener, client));
        }
    }

    #[test]
    fn a_port_that_somebody_listens_on_cannot_be_kept() {
        let listener = TcpListener::bind(on_loopback(0)).unwrap();
        let number = listener.local_addr().unwrap().port();
        assert_eq!(Port::keep_this(number).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(listener);
        assert_eq!(Port::keep_this(number).unwrap().number(), number);
    }

    #[test]
    fn no_search_for_a_free_port_finds_a_kept_one() {
        let kept: Vec<Port> = (0..500).map(|_| Port::keep().unwrap()).collect();
        let others: Vec<TcpListener> = (0..500).map(|_| TcpListener::bind(on_loopback(0)).unwrap()).collect();
        for other in &others {
            let found = other.local_addr().unwrap();
            assert!(kept.iter().all(|port| port.address() != found), "{found}");
        }
    }
}
