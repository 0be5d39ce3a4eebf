//! The keys of one cluster: a certificate authority, the API server's certificate, client certificates, and the key
//! that signs ServiceAccount tokens. Made once per data directory, so that what they signed stays valid when the
//! cluster is started again.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

/// Names under which the API server is reached from this machine and from inside a cluster.
const SERVING_NAMES: [&str; 5] =
    ["localhost", "127.0.0.1", "::1", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];

/// Kubernetes binds this group to `cluster-admin` in code; no RBAC object can take that away
/// (Kubernetes documentation, "Using RBAC Authorization", default roles).
const ADMIN_GROUP: &str = "system:masters";

/// RBAC's bootstrap policy grants the controller manager's rights to this user.
const CONTROLLER_MANAGER_USER: &str = "system:kube-controller-manager";

/// Why the keys could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A key or certificate was refused by the cryptography library.
    #[error("cannot make a certificate")]
    Make(#[from] rcgen::Error),
    /// A file could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Where the files are. All are PEM, readable by the owner alone.
#[derive(Debug, Clone)]
pub(crate) struct Pki {
    directory: PathBuf,
}

/// A certificate with its key.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Pki {
    /// Uses the keys in `directory`, or makes them where the last of them is missing.
    pub(crate) fn ensure(directory: &Path) -> Result<Self, CertificateError> {
        let pki = Self { directory: directory.to_owned() };
        // Written last, so its presence says that all others are there.
        if !pki.service_account_key().exists() {
            pki.make()?;
        }
        Ok(pki)
    }

    pub(crate) fn authority(&self) -> PathBuf {
        self.directory.join("ca.crt")
    }

    pub(crate) fn service_account_key(&self) -> PathBuf {
        self.directory.join("service-account.key")
    }

    pub(crate) fn service_account_public_key(&self) -> PathBuf {
        self.directory.join("service-account.pub")
    }

    pub(crate) fn serving(&self) -> Pair {
        self.pair("apiserver")
    }

    pub(crate) fn admin(&self) -> Pair {
        self.pair("admin")
    }

    pub(crate) fn controller_manager(&self) -> Pair {
        self.pair("controller-manager")
    }

    fn pair(&self, name: &str) -> Pair {
        Pair {
            certificate: self.directory.join(format!("{name}.crt")),
            key: self.directory.join(format!("{name}.key")),
        }
    }

    fn make(&self) -> Result<(), CertificateError> {
        fs::create_dir_all(&self.directory)
            .map_err(|source| CertificateError::Write { path: self.directory.clone(), source })?;
        let key = KeyPair::generate()?;
        let params = authority_params();
        let certificate = params.self_signed(&key)?;
        write(&self.authority(), &certificate.pem())?;
        let issuer = Issuer::new(params, key);

        let mut serving = CertificateParams::new(SERVING_NAMES.map(String::from))?;
        serving.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        issue(&self.serving(), serving, ExtendedKeyUsagePurpose::ServerAuth, &issuer)?;
        let admin = client_params("dev-cluster-admin", Some(ADMIN_GROUP));
        issue(&self.admin(), admin, ExtendedKeyUsagePurpose::ClientAuth, &issuer)?;
        let manager = client_params(CONTROLLER_MANAGER_USER, None);
        issue(&self.controller_manager(), manager, ExtendedKeyUsagePurpose::ClientAuth, &issuer)?;
        let service_account = KeyPair::generate()?;
        write(&self.service_account_public_key(), &service_account.public_key_pem())?;
        write(&self.service_account_key(), &service_account.serialize_pem())
    }
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "dev-cluster");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    params
}

/// Kubernetes reads the user from the common name and the group from the organisation.
fn client_params(user: &str, group: Option<&str>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, user);
    if let Some(group) = group {
        params.distinguished_name.push(DnType::OrganizationName, group);
    }
    params
}

fn issue(
    files: &Pair,
    mut params: CertificateParams,
    usage: ExtendedKeyUsagePurpose,
    issuer: &Issuer<'_, KeyPair>,
) -> Result<(), CertificateError> {
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, issuer)?;
    write(&files.certificate, &certificate.pem())?;
    write(&files.key, &key.serialize_pem())
}

fn write(path: &Path, pem: &str) -> Result<(), CertificateError> {
    fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(pem.as_bytes()))
        .map_err(|source| CertificateError::Write { path: path.to_owned(), source })
}
