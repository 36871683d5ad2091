//! Randomness is given, never taken: every token, id and salt comes from a [`Random`].

use vestibule_tokens::alphabet::{ALPHANUMERIC, pick};

/// Where random bytes come from. Implementations must be fit for secrets, those of tests apart.
pub trait Random: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Random + '_ {
    /// A text of this many characters of an alphabet, each as likely as another.
    pub fn text(&self, alphabet: &str, length: usize) -> String {
        pick(alphabet, length, &mut |bytes| self.fill(bytes))
    }

    /// Better Auth's ids and session tokens: 32 letters and digits.
    pub fn id(&self) -> String {
        self.text(ALPHANUMERIC, 32)
    }

    /// A UUID of version 4.
    pub fn uuid(&self) -> String {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}

/// The operating system's generator.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        #[expect(clippy::disallowed_methods, reason = "this is where randomness is taken")]
        let filled = getrandom::fill(bytes);
        filled.expect("a server without randomness cannot keep a secret, so it must not go on");
    }
}
