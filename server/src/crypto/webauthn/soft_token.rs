//! A software authenticator for tests.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RsaKeyPair,
    },
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ciborium::{Value, cbor};

use super::RelyingParty;

enum Key {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

/// A credential and its counter.
pub(crate) struct SoftToken {
    key: Key,
    pub credential_id: Vec<u8>,
    pub sign_count: u32,
}

impl SoftToken {
    fn new(key: Key) -> Self {
        Self {
            key,
            credential_id: crate::clock::random_bytes::<16>().to_vec(),
            sign_count: 0,
        }
    }

    pub(crate) fn p256() -> Self {
        Self::new(Key::P256(
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
        ))
    }

    pub(crate) fn of_each_algorithm() -> [Self; 3] {
        let ed25519 = Ed25519KeyPair::generate().unwrap();
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        [
            Self::p256(),
            Self::new(Key::Ed25519(ed25519)),
            Self::new(Key::Rsa(rsa)),
        ]
    }

    fn cose(&self) -> Value {
        match &self.key {
            Key::P256(pair) => {
                let point = pair.public_key().as_ref();
                cbor!({1 => 2, 3 => -7, -1 => 1, -2 => Value::Bytes(point[1..33].to_vec()), -3 => Value::Bytes(point[33..].to_vec())})
            }
            Key::Ed25519(pair) => {
                let key = pair.public_key().as_ref().to_vec();
                cbor!({1 => 1, 3 => -8, -1 => 6, -2 => Value::Bytes(key)})
            }
            Key::Rsa(pair) => {
                let n = pair.public_key().modulus().big_endian_without_leading_zero();
                let e = pair.public_key().exponent().big_endian_without_leading_zero();
                cbor!({1 => 3, 3 => -257, -1 => Value::Bytes(n.to_vec()), -2 => Value::Bytes(e.to_vec())})
            }
        }
        .unwrap()
    }

    fn client_data(kind: &str, challenge: &[u8], origin: &str) -> Vec<u8> {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(challenge);
        format!(
            r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#
        )
        .into_bytes()
    }

    fn data(&mut self, party: &RelyingParty, flags: u8) -> Vec<u8> {
        self.sign_count += 1;
        let mut data = party.id_hash();
        data.push(flags);
        data.extend(self.sign_count.to_be_bytes());
        data
    }

    /// Responds to a request for a new credential: client data and attestation object.
    pub(crate) fn create(&mut self, party: &RelyingParty, challenge: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let mut data = self.data(party, 0x45);
        data.extend([0; 16]);
        data.extend(
            u16::try_from(self.credential_id.len())
                .unwrap()
                .to_be_bytes(),
        );
        data.extend(&self.credential_id);
        ciborium::into_writer(&self.cose(), &mut data).unwrap();
        let object = cbor!({"fmt" => "none", "attStmt" => {}, "authData" => Value::Bytes(data)});
        let mut bytes = Vec::new();
        ciborium::into_writer(&object.unwrap(), &mut bytes).unwrap();
        let client_data = Self::client_data("webauthn.create", challenge, &party.origin);
        (client_data, bytes)
    }

    /// Responds to a request for an assertion: client data, authenticator data, signature.
    pub(crate) fn get(
        &mut self,
        party: &RelyingParty,
        challenge: &[u8],
    ) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let data = self.data(party, 0x05);
        let client_data = Self::client_data("webauthn.get", challenge, &party.origin);
        let hash = super::digest(&super::SHA256, &client_data);
        let message = [data.as_slice(), hash.as_ref()].concat();
        let random = SystemRandom::new();
        let signature = match &self.key {
            Key::P256(pair) => pair.sign(&random, &message).unwrap().as_ref().to_vec(),
            Key::Ed25519(pair) => pair.sign(&message).as_ref().to_vec(),
            Key::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, &message, &mut signature)
                    .unwrap();
                signature
            }
        };
        (client_data, data, signature)
    }
}
