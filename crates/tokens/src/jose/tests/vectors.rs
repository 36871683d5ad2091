//! Tokens and keys of others: the RFCs, the reference, and npm `jose` (6.2.17), which it stands on.

use super::*;
use crate::encoding::decode_base64url;
use crate::vectors;

/// Whether a compact JWS of any payload is genuine.
fn is_genuine(jwk: Value, token: &str) -> bool {
    let key = PublicKey::from_jwk(&object(jwk)).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let algorithm = key.algorithms().next().unwrap();
    key.verify(algorithm, signed.as_bytes(), &decode_base64url(signature).unwrap())
}

#[test]
fn ed25519_of_rfc_8037() {
    let private = json!({
        "kty": "OKP",
        "crv": "Ed25519",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let key = PrivateKey::from_jwk(Algorithm::EdDsa, object(private)).unwrap();
    assert_eq!(key.public_key().thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    assert_eq!(
        crate::encoding::base64url(key.sign(signed.as_bytes()).unwrap()),
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
}

#[test]
fn rs256_of_rfc_7515() {
    let jwk = json!({
        "kty": "RSA",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEz\
              P1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf6\
              3kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5Zw\
              Kh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRW\
              yuXpoQ",
        "e": "AQAB",
        "alg": "RS256",
    });
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9l\
                 eGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQg\
                 r9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX\
                 4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383\
                 LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6L\
                 bgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    assert!(is_genuine(jwk, token));
}

#[test]
fn es256_of_rfc_7515() {
    let jwk = json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let token = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9l\
                 eGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCg\
                 fTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    assert!(is_genuine(jwk.clone(), token));
    let key = PublicKey::from_jwk(&object(jwk)).unwrap();
    assert_eq!(key.thumbprint(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
    let validation = Validation::new([Algorithm::Es256]).issuer("joe");
    let verified = jws::verify(token, &validation, 1_300_819_379, |_| Some(&key)).unwrap();
    assert_eq!(verified.claims["http://example.com/is_root"], true);
}

#[test]
fn es512_of_rfc_7515() {
    let jwk = json!({
        "kty": "EC",
        "crv": "P-521",
        "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
        "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
    });
    let token = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYa\
                 RI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEH\
                 wJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";
    assert!(is_genuine(jwk, token));
}

#[test]
fn the_thumbprint_of_rfc_7638() {
    let jwk = json!({
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS\
              oc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65\
              YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyr\
              dkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK\
              nqDKgw",
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    });
    let key = PublicKey::from_jwk(&object(jwk)).unwrap();
    assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn tokens_of_the_reference_verify() {
    let case = &vectors()["accept"]["jwt_plugin_eddsa"];
    let keys = PublicKeys::from_jwks(case["jwks_response"].as_object().unwrap()).unwrap();
    let validation = Validation::new([Algorithm::EdDsa])
        .issuer("http://localhost:3000")
        .audience("http://localhost:3000");
    let token = case["signed_token"].as_str().unwrap();
    let verified = jws::verify(token, &validation, NOW, |header| keys.find(header)).unwrap();
    assert_eq!(json!(verified.claims), case["payload"]);
    assert_eq!(verified.header.kid.as_deref(), case["header"]["kid"].as_str());
}

#[test]
fn we_sign_what_the_reference_signs() {
    // Ed25519 has no randomness in its signatures.
    let case = &vectors()["accept"]["jwt_plugin_eddsa"];
    let jwk = case["private_jwk_decrypted"].as_object().unwrap().clone();
    let key = PrivateKey::from_jwk(Algorithm::EdDsa, jwk).unwrap();
    let claims = case["payload"].as_object().unwrap();
    let token = jws::sign(&key, case["header"]["kid"].as_str(), None, claims).unwrap();
    assert_eq!(token, case["signed_token"]);
}

#[test]
fn keys_and_tokens_of_node_are_ours() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("node.json")).unwrap();
    assert_eq!(cases.len(), Algorithm::ALL.len());
    for case in cases {
        let algorithm: Algorithm = serde_json::from_value(case["alg"].clone()).unwrap();
        let key = PrivateKey::from_jwk(algorithm, object(case["jwk"].clone())).unwrap();
        let validation = Validation::new([algorithm]).issuer("i").audience("b").typ("at+jwt");
        let token = case["token"].as_str().unwrap();
        let verified = jws::verify(token, &validation, NOW, |_| Some(key.public_key())).unwrap();
        assert_eq!(verified.claims["sub"], "u1");
        let again = jws::sign(&key, Some("k"), None, &claims()).unwrap();
        assert!(verify(&again, &key).is_ok());
    }
}
