//! Scripts, styles and pictures of the pages, embedded.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// One file.
#[derive(Debug)]
pub(crate) struct Asset {
    name: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) content: &'static str,
}

macro_rules! assets {
    ($($media_type:literal: $($name:literal)*;)*) => {
        &[$($(Asset {
            name: $name,
            media_type: $media_type,
            content: include_str!(concat!("../pages/assets/", $name)),
        },)*)*]
    };
}

const ASSETS: &[Asset] = assets! {
    "text/css": "app.css";
    "text/javascript": "api.js" "dashboard.js" "form.js" "index.js" "messages.js" "navigation.js"
        "sign-in.js" "sign-up.js" "words.js";
    "image/svg+xml": "doorway.svg" "icon.svg";
};

pub(crate) fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

impl Asset {
    /// Of the content alone, so that all versions and processes agree.
    pub(crate) fn etag(&self) -> String {
        let digest = Sha256::digest(self.content);
        format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..12]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_embedded() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/pages/assets");
        for file in std::fs::read_dir(folder).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            assert!(find(&name).is_some(), "{name}");
        }
    }
}
