//! The cryptography jsonwebtoken uses here: Ed25519 and nothing else.
//!
//! No other algorithm has a signer or verifier, so neither `none` nor a MAC under the public key
//! can pass, whatever a token's header says. Keys arrive as the 32 raw bytes.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
// jsonwebtoken's traits are of signature 2, dalek's of signature 3.
use signature::{Error as SignatureError, Signer, Verifier};

static PROVIDER: CryptoProvider =
    CryptoProvider { signer_factory, verifier_factory, key_utils: KeyUtils::new_unimplemented() };

/// Makes this the provider of the process; later calls change nothing.
pub fn install() {
    // The error means that it is installed already.
    let _ = PROVIDER.install_default();
}

struct Ed25519Signer(SigningKey);
struct Ed25519Verifier(VerifyingKey);

impl Signer<Vec<u8>> for Ed25519Signer {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        Ok(self.0.sign(message).to_bytes().to_vec())
    }
}

impl JwtSigner for Ed25519Signer {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

impl Verifier<Vec<u8>> for Ed25519Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        let signature = Signature::from_slice(signature).map_err(|_| SignatureError::new())?;
        self.0.verify_strict(message, &signature).map_err(|_| SignatureError::new())
    }
}

impl JwtVerifier for Ed25519Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

fn raw(bytes: &[u8]) -> Result<&[u8; 32], Error> {
    bytes.try_into().map_err(|_| ErrorKind::InvalidEddsaKey.into())
}

fn signer_factory(alg: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    match alg {
        Algorithm::EdDSA => {
            Ok(Box::new(Ed25519Signer(SigningKey::from_bytes(raw(key.as_bytes())?))))
        }
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

fn verifier_factory(alg: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    match alg {
        Algorithm::EdDSA => {
            let key = VerifyingKey::from_bytes(raw(key.try_get_as_bytes()?)?);
            Ok(Box::new(Ed25519Verifier(key.map_err(|_| ErrorKind::InvalidEddsaKey)?)))
        }
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}
