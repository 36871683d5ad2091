//! TLS to PostgreSQL by rustls, for tokio-postgres, with libpq's ways of verifying.
//!
//! The server's storage and the resource server's kit connect by it; neither may know the other.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use aws_lc_rs::digest;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, aws_lc_rs as provider, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;

/// Certificates or keys that cannot be used.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("failed to read certificates in PEM from `{path}`, which `{parameter}` names")]
    Pem { parameter: &'static str, path: PathBuf, source: rustls::pki_types::pem::Error },
    #[error("`{path}`, which `sslrootcert` names, has no certificate in it")]
    Empty { path: PathBuf },
    #[error("failed to set up TLS")]
    Tls(#[source] rustls::Error),
    #[error("failed to set up the verification of certificates")]
    Verifier(#[source] rustls::client::VerifierBuilderError),
}

/// What is verified of the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// `sslmode=prefer` and `require`: encrypted, and nobody knows with whom.
    Nothing,
    /// `sslmode=verify-ca`: that a trusted authority made it.
    Authority,
    /// `sslmode=verify-full`: that, and that it names the host.
    AuthorityAndHost,
}

/// Files in PEM.
#[derive(Debug, Clone, Copy, Default)]
pub struct Certificates<'a> {
    /// `sslrootcert`, the trusted authorities. Default: those that browsers trust.
    pub roots: Option<&'a Path>,
    /// `sslcert` and `sslkey`, by which a client says who it is.
    pub client: Option<(&'a Path, &'a Path)>,
}

/// Makes what makes TLS connections.
pub fn connector(verification: Verification, files: Certificates<'_>) -> Result<MakeTls, TlsError> {
    let provider = Arc::new(provider::default_provider());
    let by_authority = || {
        let roots = Arc::new(roots(files.roots)?);
        let builder = WebPkiServerVerifier::builder_with_provider(roots, provider.clone());
        builder.build().map_err(TlsError::Verifier)
    };
    let verifier: Arc<dyn ServerCertVerifier> = match verification {
        Verification::Nothing => Arc::new(Unverified { provider: provider.clone() }),
        Verification::Authority => Arc::new(AnyName { verifier: by_authority()? }),
        Verification::AuthorityAndHost => by_authority()?,
    };
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let config = match files.client {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates("sslcert", certificate)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|source| TlsError::Pem {
                parameter: "sslkey",
                path: key.to_owned(),
                source,
            })?;
            builder.with_client_auth_cert(chain, key).map_err(TlsError::Tls)?
        }
    };
    Ok(MakeTls { config: Arc::new(config) })
}

fn roots(path: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    match path {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            for certificate in certificates("sslrootcert", path)? {
                roots.add(certificate).map_err(TlsError::Tls)?;
            }
            if roots.is_empty() {
                return Err(TlsError::Empty { path: path.to_owned() });
            }
        }
    }
    Ok(roots)
}

fn certificates(
    parameter: &'static str,
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::Pem { parameter, path: path.to_owned(), source };
    let certificates = CertificateDer::pem_file_iter(path).map_err(failed)?;
    certificates.collect::<Result<_, _>>().map_err(failed)
}

/// `sslmode=require`: encrypted, and nobody knows with whom.
#[derive(Debug)]
struct Unverified {
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// `sslmode=verify-ca`: everything but the host's name.
#[derive(Debug)]
struct AnyName {
    verifier: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified =
            self.verifier.verify_server_cert(certificate, intermediates, name, ocsp_response, now);
        match verified {
            // The name is looked at last.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verifier.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Makes TLS connections, for `tokio_postgres::Config::connect`.
#[derive(Clone)]
pub struct MakeTls {
    config: Arc<ClientConfig>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for MakeTls {
    type Stream = TlsStream<S>;
    type TlsConnect = Connect;
    type Error = Infallible;

    fn make_tls_connect(&mut self, host: &str) -> Result<Connect, Infallible> {
        // A Unix socket has no name, and is asked for one all the same before TLS is left out.
        let name = ServerName::try_from(host).map(|name| name.to_owned()).ok();
        Ok(Connect { connector: TlsConnector::from(self.config.clone()), name })
    }
}

/// One connection being made.
pub struct Connect {
    connector: TlsConnector,
    name: Option<ServerName<'static>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Connect {
    type Stream = TlsStream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TlsStream<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let name = self.name.ok_or_else(|| io::Error::other("the host has no name for TLS"))?;
            Ok(TlsStream(self.connector.connect(name, stream).await?))
        })
    }
}

/// A TLS connection that knows its binding.
pub struct TlsStream<S>(tokio_rustls::client::TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> tokio_postgres::tls::TlsStream for TlsStream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        let certificates = self.0.get_ref().1.peer_certificates().unwrap_or_default();
        match certificates.first().and_then(|certificate| end_point(certificate)) {
            Some(digest) => ChannelBinding::tls_server_end_point(digest),
            None => ChannelBinding::none(),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// The binding `tls-server-end-point` of [RFC 5929, section 4.1]: the certificate's digest, by the
/// function that its own signature uses, and SHA-256 in the place of MD5 and SHA-1.
///
/// [RFC 5929, section 4.1]: https://www.rfc-editor.org/rfc/rfc5929#section-4.1
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    const ECDSA_SHA2: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
    const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];

    let (fields, _) = der_value(certificate)?;
    let (_to_be_signed, rest) = der_value(fields)?;
    let (algorithm, _) = der_value(rest)?;
    let (identifier, _) = der_value(algorithm)?;
    let (last, stem) = identifier.split_last()?;
    let algorithm = match (stem, last) {
        (RSA, 4 | 5 | 11) | (ECDSA_SHA2, 2) => &digest::SHA256,
        (RSA, 12) | (ECDSA_SHA2, 3) => &digest::SHA384,
        (RSA, 13) | (ECDSA_SHA2, 4) => &digest::SHA512,
        _ if identifier == ECDSA_SHA1 => &digest::SHA256,
        // RSA-PSS and Ed25519 have no binding that both sides agree on.
        _ => return None,
    };
    Some(digest::digest(algorithm, certificate).as_ref().to_vec())
}

/// The content of the first DER value, and what comes after it.
fn der_value(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = bytes.get(1..)?.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}
