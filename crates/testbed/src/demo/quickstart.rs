//! The manifests of the quickstart, and the addresses that they name.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::{fs, io};

use testbed::Port;

/// The manifests.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/quickstart");
/// The port of the account's `baseUrl`.
const SIMULATOR_PORT: u16 = 12_111;
/// The port of the account's `webhookBaseUrl`.
const WEBHOOK_PORT: u16 = 8080;

/// Where simulator and operator listen: as the manifests say, and where somebody else does, anywhere.
#[derive(Debug)]
pub(crate) struct Ports {
    pub(crate) simulator: Port,
    pub(crate) webhooks: Port,
}

impl Ports {
    pub(crate) fn choose() -> io::Result<Self> {
        Ok(Self { simulator: this_or_any(SIMULATOR_PORT)?, webhooks: this_or_any(WEBHOOK_PORT)? })
    }

    /// The folder to apply: the quickstart itself, or a copy below `home` with other addresses.
    pub(crate) fn folder(&self, home: &Path) -> io::Result<PathBuf> {
        if self.simulator.number() == SIMULATOR_PORT && self.webhooks.number() == WEBHOOK_PORT {
            return Ok(PathBuf::from(FOLDER));
        }
        let copies = home.join("quickstart");
        fs::create_dir_all(&copies)?;
        for file in fs::read_dir(FOLDER)? {
            let file = file?;
            let text = self.put_into(&fs::read_to_string(file.path())?);
            fs::write(copies.join(file.file_name()), text)?;
        }
        Ok(copies)
    }

    /// Their addresses in place of those that a manifest names.
    fn put_into(&self, manifest: &str) -> String {
        manifest
            .replace(&named(SIMULATOR_PORT), &self.simulator.to_string())
            .replace(&named(WEBHOOK_PORT), &self.webhooks.to_string())
    }
}

fn this_or_any(number: u16) -> io::Result<Port> {
    Port::keep_this(number)
        .or_else(|error| if error.kind() == io::ErrorKind::AddrInUse { Port::keep() } else { Err(error) })
}

fn named(port: u16) -> String {
    SocketAddr::from(([127, 0, 0, 1], port)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_others_listen_the_manifests_name_other_ports() {
        let ports = Ports { simulator: Port::keep().unwrap(), webhooks: Port::keep().unwrap() };
        let home = tempfile::tempdir().unwrap();
        let folder = ports.folder(home.path()).unwrap();
        let account = fs::read_to_string(folder.join("10-account.yaml")).unwrap();
        let original = fs::read_to_string(Path::new(FOLDER).join("10-account.yaml")).unwrap();
        let wanted = original.replace("127.0.0.1:12111", &format!("127.0.0.1:{}", ports.simulator.number()));
        let wanted = wanted.replace("127.0.0.1:8080", &format!("127.0.0.1:{}", ports.webhooks.number()));
        assert_eq!(account, wanted);
        assert_ne!(account, original);
        assert_eq!(fs::read_dir(folder).unwrap().count(), fs::read_dir(FOLDER).unwrap().count());
    }
}
