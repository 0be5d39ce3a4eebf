//! The manifests of the quickstart, where nobody else listens on the ports that they name.

use std::path::{Path, PathBuf};
use std::{fs, io};

use testbed::Port;
use testbed::examples::{SIMULATOR_PORT, WEBHOOK_PORT, with_addresses};

/// The manifests.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/quickstart");

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
            let text = with_addresses(&fs::read_to_string(file.path())?, &self.simulator, &self.webhooks);
            fs::write(copies.join(file.file_name()), text)?;
        }
        Ok(copies)
    }
}

fn this_or_any(number: u16) -> io::Result<Port> {
    Port::keep_this(number)
        .or_else(|error| if error.kind() == io::ErrorKind::AddrInUse { Port::keep() } else { Err(error) })
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
