//! Authenticators in software: one-time codes by time, and a passkey.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::{
    digest, hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};

/// An app that shows codes for one secret.
#[derive(Debug)]
pub struct Totp {
    secret: Vec<u8>,
    /// The step in which it was made. A code of the next step is good at once, and one of this step for a minute.
    step: u64,
}

impl Totp {
    /// Takes a secret in base 32.
    ///
    /// # Panics
    /// When it is not.
    #[expect(
        clippy::disallowed_methods,
        reason = "the codes are those of the server's own time"
    )]
    pub fn new(secret: &str) -> Self {
        let mut bits = secret.bytes().flat_map(|letter| {
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'2'..=b'7' => letter - b'2' + 26,
                _ => panic!("not base 32: {secret}"),
            };
            (0..5).rev().map(move |at| value >> at & 1)
        });
        let mut bytes = Vec::new();
        while let Some(byte) = (0..8).try_fold(0, |byte, _| Some(byte << 1 | bits.next()?)) {
            bytes.push(byte);
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970");
        Self {
            secret: bytes,
            step: now.as_secs() / 30,
        }
    }

    /// The code `ahead` steps after the one in which this was made, RFC 6238.
    pub fn code(&self, ahead: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.secret);
        let step = self.step.saturating_add_signed(ahead);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let at = usize::from(tag[19] & 15);
        let word = u32::from_be_bytes([tag[at], tag[at + 1], tag[at + 2], tag[at + 3]]);
        format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
    }
}

/// A passkey of P-256.
#[derive(Debug)]
pub struct Passkey {
    pair: EcdsaKeyPair,
    id: Vec<u8>,
    pub sign_count: u32,
    pub origin: String,
    pub user_handle: Option<String>,
}

impl Passkey {
    /// A passkey for pages of an origin.
    ///
    /// # Panics
    /// When no key can be made.
    pub fn new(origin: &str) -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let id = digest::digest(&digest::SHA256, pair.public_key().as_ref());
        Self {
            id: id.as_ref().to_vec(),
            pair,
            sign_count: 0,
            origin: origin.to_owned(),
            user_handle: None,
        }
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        let challenge = options["challenge"].as_str().expect("a challenge");
        json!({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false})
            .to_string()
    }

    fn data(&mut self, rp_id: &str, flags: u8) -> Vec<u8> {
        self.sign_count += 1;
        let mut data = digest::digest(&digest::SHA256, rp_id.as_bytes())
            .as_ref()
            .to_vec();
        data.push(flags);
        data.extend(self.sign_count.to_be_bytes());
        data
    }

    /// Answers the options of a registration.
    ///
    /// # Panics
    /// When they are none.
    pub fn create(&mut self, options: &Value) -> Value {
        let rp_id = options["rp"]["id"].as_str().expect("an RP ID");
        self.user_handle = options["user"]["id"].as_str().map(str::to_owned);
        let mut data = self.data(rp_id, 0x45);
        data.extend([0; 16]);
        data.extend([0, 32]);
        data.extend(&self.id);
        let point = self.pair.public_key().as_ref();
        // {1: 2, 3: -7, -1: 1, -2: x, -3: y} in CBOR.
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..]);
        let length = u8::try_from(data.len()).expect("under 256 bytes");
        // {"fmt": "none", "attStmt": {}, "authData": data} in CBOR.
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(length);
        object.extend(data);
        json!({
            "id": BASE64.encode(&self.id), "rawId": BASE64.encode(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform", "clientExtensionResults": {},
            "response": {
                "clientDataJSON": BASE64.encode(self.client_data("webauthn.create", options)),
                "attestationObject": BASE64.encode(object),
                "transports": ["internal"],
            },
        })
    }

    /// Answers the options of a sign-in.
    ///
    /// # Panics
    /// When they are none.
    pub fn get(&mut self, options: &Value) -> Value {
        let data = self.data(options["rpId"].as_str().expect("an RP ID"), 0x05);
        let client_data = self.client_data("webauthn.get", options);
        let hash = digest::digest(&digest::SHA256, client_data.as_bytes());
        let message = [data.as_slice(), hash.as_ref()].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &message);
        json!({
            "id": BASE64.encode(&self.id), "rawId": BASE64.encode(&self.id), "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": BASE64.encode(client_data),
                "authenticatorData": BASE64.encode(data),
                "signature": BASE64.encode(signature.expect("a signature")),
                "userHandle": self.user_handle,
            },
        })
    }
}
