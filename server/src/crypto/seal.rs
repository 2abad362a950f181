//! Encryption at rest: AES-256-GCM with the data directory's master key.

use std::{fs, io, path::Path};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine, prelude::BASE64_STANDARD};
use zeroize::Zeroizing;

use super::{browser_mac::BrowserMac, refresh_token::RefreshKey};
use crate::{
    clock::random_bytes,
    files::{real, write_private},
};

/// The data was sealed with another key or for another context, or was modified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot decrypt with this master key")]
pub struct SealError;

/// The key that seals signing keys. The keys for browser MACs and refresh tokens are derived from it.
pub struct MasterKey {
    key: RandomizedNonceKey,
    stamp: BrowserMac,
    refresh: RefreshKey,
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[master key]")
    }
}

impl MasterKey {
    /// Creates a key from 32 bytes.
    pub fn new(bytes: &[u8; 32]) -> Result<Self, SealError> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, bytes).map_err(|_| SealError)?;
        let stamp = BrowserMac::derived(bytes);
        let refresh = RefreshKey::derived(bytes);
        Ok(Self {
            key,
            stamp,
            refresh,
        })
    }

    /// The key for browser MACs.
    pub fn stamp(&self) -> &BrowserMac {
        &self.stamp
    }

    /// The key for refresh tokens.
    pub fn refresh(&self) -> &RefreshKey {
        &self.refresh
    }

    /// Reads the key at `path`, or creates one there; returns whether it was created.
    ///
    /// # Errors
    /// If the file cannot be read or written, or is not a key.
    pub fn load_or_create(path: &Path) -> io::Result<(Self, bool)> {
        let path = &real(path)?;
        let made = match fs::metadata(path) {
            Ok(_) => false,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = Zeroizing::new(format!(
                    "{}\n",
                    BASE64_STANDARD.encode(random_bytes::<32>())
                ));
                write_private(path, text.as_bytes())?;
                true
            }
            Err(error) => return Err(error),
        };
        let text = Zeroizing::new(fs::read_to_string(path)?);
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "this is not a master key");
        let bytes = Zeroizing::new(BASE64_STANDARD.decode(text.trim()).map_err(|_| broken())?);
        let bytes: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| broken())?;
        Ok((Self::new(bytes).map_err(|_| broken())?, made))
    }

    /// Encrypts, bound to the name of its context.
    ///
    /// # Errors
    /// [`SealError`] for more than AES-GCM takes at once (64 GiB).
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut sealed = plain.to_vec();
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(place.as_bytes()), &mut sealed)
            .map_err(|_| SealError)?;
        let mut whole = nonce.as_ref().to_vec();
        whole.append(&mut sealed);
        Ok(whole)
    }

    /// Decrypts data sealed for the same context.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(SealError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError)?;
        let mut plain = Zeroizing::new(body.to_vec());
        let length = self
            .key
            .open_in_place(nonce, Aad::from(place.as_bytes()), &mut plain)
            .map_err(|_| SealError)?
            .len();
        plain.truncate(length);
        Ok(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_and_place_open_what_was_sealed() {
        let key = MasterKey::new(&[7; 32]).unwrap();
        let sealed = key.seal("a", b"secret").unwrap();
        assert_eq!(key.open("a", &sealed).unwrap().as_slice(), b"secret");
        assert!(key.open("b", &sealed).is_err());
        assert!(
            MasterKey::new(&[8; 32])
                .unwrap()
                .open("a", &sealed)
                .is_err()
        );
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(key.open("a", &changed).is_err(), "byte {at}");
        }
        assert!(key.open("a", b"short").is_err());
    }
}
