//! Passwords, ciphertexts, and the secrets behind them.
//!
//! Signatures and tokens are in `vestibule_tokens`, because a resource server checks them too.
//! Nothing here draws randomness: salts and nonces are passed in.

pub mod password;
pub mod secrets;
pub mod symmetric;

/// Values that the reference produced.
#[cfg(test)]
fn vectors() -> serde_json::Value {
    serde_json::from_str(include_str!("../../../testkit/vectors.json")).unwrap()
}
