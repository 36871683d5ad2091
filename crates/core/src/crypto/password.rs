//! Password hashes, and the threads that compute them.
//!
//! A hash is `salt:key`, both in lower-case hex, made by scrypt. It takes 32 MiB and tens of
//! milliseconds of a core, so requests go through [`HashPool`]: as many at once as it has
//! threads, a few more in its queue, and then [`Overloaded`]. The functions [`hash`] and
//! [`verify`] do the work on the calling thread.
//!
//! Limits on the length of a password are the caller's, before it comes here.
//!
//! Reference: @better-auth/utils 0.4.2, `password`.

use std::fmt;
use std::io;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use futures_channel::oneshot;
use scrypt::Params;
use subtle::ConstantTimeEq as _;
use unicode_normalization::UnicodeNormalization as _;
use vestibule_tokens::encoding::hex;

/// How many jobs may wait for each thread: at 50 to 100 ms each, up to some three seconds.
const QUEUE_PER_THREAD: usize = 32;

/// The hash of a password.
pub fn hash(password: &str, salt: [u8; 16]) -> String {
    let salt = hex(salt);
    let key = derive_key(password, &salt);
    format!("{salt}:{key}")
}

/// Whether the password is the one that was hashed; never so for a malformed hash.
pub fn verify(hash: &str, password: &str) -> bool {
    // Reference quirk: the salt may be any text, and what follows a second colon is ignored.
    let mut parts = hash.split(':');
    let (Some(salt), Some(key)) = (parts.next(), parts.next()) else { return false };
    if salt.is_empty() || key.is_empty() {
        return false;
    }
    derive_key(password, salt).as_bytes().ct_eq(key.as_bytes()).into()
}

/// The scrypt key in hex.
fn derive_key(password: &str, salt: &str) -> String {
    let params = Params::new(14, 16, 1).expect("N=2^14, r=16, p=1 is within scrypt's bounds");
    let password: String = password.nfkc().collect();
    let mut key = [0; 64];
    // Reference quirk: the salt is the text as stored, not the bytes that it spells.
    scrypt::scrypt(password.as_bytes(), salt.as_bytes(), &params, &mut key)
        .expect("64 bytes is within scrypt's bounds");
    hex(key)
}

/// A few threads that do nothing but hash, with a short queue.
///
/// Its memory is bounded by 32 MiB for each thread, whatever is asked of it. The threads end
/// when it is dropped.
pub struct HashPool {
    queue: SyncSender<Job>,
}

type Job = Box<dyn FnOnce() + Send>;

impl HashPool {
    /// A thread for each core.
    pub fn for_this_machine() -> io::Result<Self> {
        Self::new(thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN))
    }

    pub fn new(threads: NonZero<usize>) -> io::Result<Self> {
        let (queue, jobs) = sync_channel(threads.get().saturating_mul(QUEUE_PER_THREAD));
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..threads.get() {
            let jobs = Arc::clone(&jobs);
            let name = format!("password-hash-{number}");
            thread::Builder::new().name(name).spawn(move || work(&jobs))?;
        }
        Ok(Self { queue })
    }

    /// The hash of a password; see [`hash`].
    pub async fn hash(&self, password: &str, salt: [u8; 16]) -> Result<String, Overloaded> {
        let password = password.to_owned();
        self.run(move || hash(&password, salt)).await
    }

    /// Whether the password is the one that was hashed; see [`verify`].
    pub async fn verify(&self, hash: &str, password: &str) -> Result<bool, Overloaded> {
        let (hash, password) = (hash.to_owned(), password.to_owned());
        self.run(move || verify(&hash, &password)).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Overloaded> {
        let (answer, answered) = oneshot::channel();
        let job = move || {
            // Whoever asked may have hung up while the job was waiting.
            if !answer.is_canceled() {
                let _ = answer.send(work()); // Or while it was computed; then nobody misses it.
            }
        };
        self.queue.try_send(Box::new(job)).map_err(|_| Overloaded)?;
        // Without an answer the job has panicked. To the caller that is the same: come back later.
        answered.await.map_err(|_| Overloaded)
    }
}

impl fmt::Debug for HashPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashPool")
    }
}

/// The queue for password hashing is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overloaded;

impl fmt::Display for Overloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too many passwords are waiting to be hashed")
    }
}

impl std::error::Error for Overloaded {}

/// Runs jobs until the pool is gone.
fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        // The lock is held while waiting for a job and free again while the job runs.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // The panic has been reported by its hook, and the caller finds its channel closed.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::{Context, Waker};

    use futures_executor::block_on;
    use proptest::prelude::{ProptestConfig, prop_assert, proptest};
    use vestibule_tokens::encoding::decode_hex;

    use super::*;
    use crate::crypto::vectors;

    fn pool(threads: usize) -> HashPool {
        HashPool::new(NonZero::new(threads).unwrap()).unwrap()
    }

    #[test]
    fn hashes_match_the_reference() {
        for case in vectors()["deterministic"]["password_hash_fixed_salt"].as_array().unwrap() {
            let salt = decode_hex(case["salt"].as_str().unwrap()).unwrap();
            let hash = hash(case["password"].as_str().unwrap(), salt.try_into().unwrap());
            assert_eq!(hash, case["hash"]);
        }
    }

    #[test]
    fn hashes_of_the_reference_are_accepted() {
        for case in vectors()["accept"]["password_hash"].as_array().unwrap() {
            let (hash, password) =
                (case["hash"].as_str().unwrap(), case["password"].as_str().unwrap());
            assert!(verify(hash, password), "{password}");
            assert!(verify(hash, case["nfkc"].as_str().unwrap()), "{password}");
            assert!(!verify(hash, &format!("{password} ")), "{password}");
        }
    }

    #[test]
    fn the_salt_is_any_text_and_the_key_is_exact() {
        let key = derive_key("password", "not hex");
        assert!(verify(&format!("not hex:{key}"), "password"));
        assert!(verify(&format!("not hex:{key}:ignored"), "password"));
        assert!(!verify(&format!("not hex:{}", key.to_uppercase()), "password"));
        assert!(!verify(&format!("not hex:{}", &key[1..]), "password"));
        assert!(!verify(&format!("not hex:{key}0"), "password"));
        assert!(!verify(&format!("Not hex:{key}"), "password"));
    }

    // Difference: malformed-hashes.
    #[test]
    fn a_malformed_hash_has_no_password() {
        for malformed in ["", ":", "salt", "salt:", ":key", "::key", "$2b$10$abc"] {
            assert!(!verify(malformed, ""), "{malformed}");
        }
    }

    #[test]
    fn the_pool_hashes_and_verifies() {
        let pool = pool(2);
        let hash = block_on(pool.hash("password", [7; 16])).unwrap();
        assert_eq!(hash, super::hash("password", [7; 16]));
        assert_eq!(block_on(pool.verify(&hash, "password")), Ok(true));
        assert_eq!(block_on(pool.verify(&hash, "Password")), Ok(false));
    }

    #[test]
    fn a_full_queue_refuses_and_recovers() {
        let pool = pool(1);
        let mut context = Context::from_waker(Waker::noop());
        let (started, has_started) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let mut busy = pin!(pool.run(move || {
            started.send(()).unwrap();
            released.recv().unwrap();
        }));
        assert!(busy.as_mut().poll(&mut context).is_pending());
        has_started.recv().unwrap();

        let mut waiting: Vec<_> =
            (0..QUEUE_PER_THREAD).map(|number| Box::pin(pool.run(move || number))).collect();
        for job in &mut waiting {
            assert!(job.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(block_on(pool.run(|| ())), Err(Overloaded));

        release.send(()).unwrap();
        assert_eq!(block_on(busy), Ok(()));
        for (number, job) in waiting.into_iter().enumerate() {
            assert_eq!(block_on(job), Ok(number));
        }
        assert_eq!(block_on(pool.run(|| 1)), Ok(1));
    }

    #[test]
    fn a_job_that_nobody_waits_for_is_skipped() {
        let pool = pool(1);
        let mut context = Context::from_waker(Waker::noop());
        let (started, has_started) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let mut busy = pin!(pool.run(move || {
            started.send(()).unwrap();
            released.recv().unwrap();
        }));
        assert!(busy.as_mut().poll(&mut context).is_pending());
        has_started.recv().unwrap();

        let (ran, has_run) = mpsc::channel::<()>();
        let mut abandoned = Box::pin(pool.run(move || ran.send(()).unwrap()));
        assert!(abandoned.as_mut().poll(&mut context).is_pending());
        drop(abandoned);

        release.send(()).unwrap();
        assert_eq!(block_on(busy), Ok(()));
        assert_eq!(block_on(pool.run(|| ())), Ok(()));
        // The job was dropped with its sender, and had sent nothing.
        assert!(has_run.recv().is_err());
    }

    #[test]
    fn a_thread_survives_a_panic() {
        let pool = pool(1);
        for _ in 0..3 {
            assert_eq!(
                block_on(pool.run(|| panic!("as the test wants"))),
                Err::<(), _>(Overloaded)
            );
        }
        assert_eq!(block_on(pool.run(|| 1)), Ok(1));
    }

    #[test]
    fn threads_end_with_the_pool() {
        let jobs = {
            let (queue, jobs) = sync_channel::<Job>(1);
            drop(HashPool { queue });
            Mutex::new(jobs)
        };
        thread::spawn(move || work(&jobs)).join().unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn no_text_stops_the_verifier(hash in ".{0,40}", password in ".{0,40}") {
            prop_assert!(!verify(&hash, &password));
        }
    }
}
