//! Whom we trust: the system's certificate authorities and those of the configured file. There
//! is no switch to accept anything else.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::MailError;

pub(in crate::adapters) fn client_config(
    extra_ca: Option<&Path>,
) -> Result<Arc<ClientConfig>, MailError> {
    let mut roots = RootCertStore::empty();
    // Single broken certificates in the system's bundle are no reason to stop.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(path) = extra_ca {
        add_file(&mut roots, path)?;
    }
    if roots.is_empty() {
        return Err(MailError::NoRoots);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| MailError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), MailError> {
    let broken = |why: String| MailError::CaFile { path: path.display().to_string(), why };
    let before = roots.len();
    for found in CertificateDer::pem_file_iter(path).map_err(|error| broken(error.to_string()))? {
        let certificate = found.map_err(|error| broken(error.to_string()))?;
        roots.add(certificate).map_err(|error| broken(error.to_string()))?;
    }
    if roots.len() == before {
        return Err(broken("there is no certificate in it".to_owned()));
    }
    Ok(())
}
