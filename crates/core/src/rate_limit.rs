//! How often one client may call one path.
//!
//! Testing and counting is one atomic step, in memory as in the database: of thirty requests at
//! once, no more than `max` get through.
//!
//! Reference: better-auth 1.7.7, `api/rate-limiter`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use vestibule_tokens::encoding::sha256_base64url;

use crate::Timestamp;
use crate::call::Exchange;
use crate::error::{Error, Result};
use crate::models::RateLimit;
use crate::options::{CustomRule, RateLimitOptions, RateLimitStorage, RateRule};
use crate::origin::Wildcard;
use crate::plugin::RateLimitRule;
use crate::store::{Increment, ModelRow, StoreError};

/// The limits, settled at the start, and the counts of this process.
pub(crate) struct RateLimiter {
    general: RateRule,
    plugins: Vec<RateLimitRule>,
    custom: Vec<(Wildcard, CustomRule)>,
    /// Whatever was counted longer ago says nothing any more.
    longest_window: Duration,
    /// Milliseconds since 1970.
    last_forgotten: AtomicI64,
    counts: Option<Counts>,
}

/// Counted in memory; `None` counts in the database.
type Counts = Mutex<HashMap<String, Count>>;

#[derive(Clone, Copy)]
struct Count {
    requests: u64,
    last_request: Timestamp,
    window: Duration,
}

/// As many clients and paths are remembered; the expired ones go first.
const COUNTS_LIMIT: usize = 100_000;

/// From this length on, paths are counted by their digest; bytes.
const LONG_PATH: usize = 256;

/// The reference's defaults.
const DEFAULT: RateRule = RateRule { window: 10, max: 100 };

/// The bucket that clients without a known address share.
const UNKNOWN_ADDRESS: &str = "no-trusted-ip";

impl RateLimiter {
    pub(crate) fn new(options: &RateLimitOptions, plugins: Vec<RateLimitRule>) -> Self {
        let windows = options.custom_rules.values().filter_map(|rule| match rule {
            CustomRule::Rule(rule) => Some(rule.window),
            CustomRule::Switch(_) => None,
        });
        let windows = windows.chain(plugins.iter().map(|plugin| plugin.rule.window));
        let longest = windows.chain([options.window, LONGEST_SPECIAL_WINDOW]).max();
        let custom = options.custom_rules.iter();
        Self {
            general: RateRule {
                // Reference quirk: 0 is as good as nothing said.
                window: if options.window == 0 { DEFAULT.window } else { options.window },
                max: if options.max == 0 { DEFAULT.max } else { options.max },
            },
            plugins,
            custom: custom.map(|(path, rule)| (Wildcard::new(path), *rule)).collect(),
            longest_window: Duration::from_secs(longest.unwrap_or(LONGEST_SPECIAL_WINDOW)),
            last_forgotten: AtomicI64::new(0),
            counts: match options.storage {
                RateLimitStorage::Memory => Some(Counts::default()),
                RateLimitStorage::Database => None,
            },
        }
    }

    /// Counts the request, or refuses it.
    pub(crate) async fn check(&self, call: &Exchange) -> Result<()> {
        let Some(rule) = self.rule(&call.path) else { return Ok(()) };
        let address = match call.client_address() {
            Some(address) => address,
            None if call.auth().options().advanced.ip_address.disable_ip_tracking => return Ok(()),
            None => UNKNOWN_ADDRESS,
        };
        if rule.max == 0 {
            return Err(Error::too_many_requests(Duration::from_secs(rule.window)));
        }
        let key = match call.path.len() {
            // Nobody fills the memory with names of things that are not there.
            LONG_PATH.. => format!("{address}|{}", sha256_base64url(&call.path)),
            _ => format!("{address}|{}", call.path),
        };
        let wait = match &self.counts {
            Some(counts) => count_in_memory(counts, key, rule, call.now()),
            None => self.count_in_database(call, &key, rule).await?,
        };
        match wait {
            None => Ok(()),
            Some(wait) => Err(Error::too_many_requests(wait)),
        }
    }

    /// The same in the database. Each step is atomic, and a lost race only repeats the steps.
    async fn count_in_database(
        &self,
        call: &Exchange,
        key: &str,
        rule: RateRule,
    ) -> Result<Option<Duration>> {
        const RACES_LIMIT: usize = 5;
        let window = Duration::from_secs(rule.window);
        let now = call.now().as_millis();
        let window_start = (call.now() - window).as_millis();
        let max = i64::try_from(rule.max).unwrap_or(i64::MAX);
        let rows = call.table::<RateLimit>();
        let by_key = RateLimit::KEY.eq(key);

        for _ in 0..RACES_LIMIT {
            let within = by_key.clone().and(RateLimit::LAST_REQUEST.gt(window_start));
            let counted = Increment {
                model: call.model(RateLimit::MODEL).clone(),
                filter: within.and(RateLimit::COUNT.lt(max)),
                field: RateLimit::COUNT.position,
                by: 1,
                changes: vec![RateLimit::LAST_REQUEST.set(now)],
            };
            if call.store().increment_one(counted).await?.is_some() {
                return Ok(None);
            }
            let expired = by_key.clone().and(RateLimit::LAST_REQUEST.lte(window_start));
            let restart = vec![RateLimit::COUNT.set(1), RateLimit::LAST_REQUEST.set(now)];
            if rows.update(expired, restart).await?.is_some() {
                self.forget(call).await?;
                return Ok(None);
            }
            if let Some(full) = rows.find_one(by_key.clone()).await? {
                if full.count < max {
                    continue;
                }
                let last_request = Timestamp::from_millis(full.last_request);
                return Ok(Some(window.saturating_sub(call.now().since(last_request))));
            }
            let mut first = call.new_row(RateLimit::MODEL);
            first.values[RateLimit::KEY.position] = key.into();
            first.values[RateLimit::COUNT.position] = 1.into();
            first.values[RateLimit::LAST_REQUEST.position] = now.into();
            match rows.create(first).await {
                Ok(_) => {
                    self.forget(call).await?;
                    return Ok(None);
                }
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // So many others counted in between that waiting is right.
        Ok(Some(window))
    }

    /// Deletes counts that say nothing any more, now and then: the table stays as large as a few
    /// windows are busy.
    async fn forget(&self, call: &Exchange) -> Result<()> {
        let now = call.now().as_millis();
        let forgotten = (call.now() - self.longest_window).as_millis();
        let last = self.last_forgotten.load(Ordering::Relaxed);
        let is_due = last <= forgotten;
        if is_due
            && self
                .last_forgotten
                .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            let rows = call.table::<RateLimit>();
            rows.delete_many(RateLimit::LAST_REQUEST.lte(forgotten)).await?;
        }
        Ok(())
    }

    /// The rule for a path: the special ones of the core, then the first plugin's, then the user's.
    fn rule(&self, path: &str) -> Option<RateRule> {
        let mut rule = special_rule(path).unwrap_or(self.general);
        if let Some(plugin) = self.plugins.iter().find(|plugin| (plugin.matches)(path)) {
            rule = plugin.rule;
        }
        match self.custom.iter().find(|(pattern, _)| pattern.matches(path)) {
            Some((_, CustomRule::Switch(false))) => None,
            Some((_, CustomRule::Rule(custom))) => Some(*custom),
            Some((_, CustomRule::Switch(true))) | None => Some(rule),
        }
    }
}

/// Of [`special_rule`]; seconds.
const LONGEST_SPECIAL_WINDOW: u64 = 60;

fn special_rule(path: &str) -> Option<RateRule> {
    const CREDENTIALS: [&str; 4] = ["/sign-in", "/sign-up", "/change-password", "/change-email"];
    const MAILS: [&str; 4] = [
        "/request-password-reset",
        "/send-verification-email",
        "/email-otp/send-verification-otp",
        "/email-otp/request-password-reset",
    ];
    if CREDENTIALS.iter().any(|prefix| path.starts_with(prefix)) {
        Some(RateRule { window: 10, max: 3 })
    } else if MAILS.contains(&path) || path.starts_with("/forget-password") {
        Some(RateRule { window: LONGEST_SPECIAL_WINDOW, max: 3 })
    } else {
        None
    }
}

/// Returns how long to wait, where the request is one too many.
fn count_in_memory(
    counts: &Counts,
    key: String,
    rule: RateRule,
    now: Timestamp,
) -> Option<Duration> {
    let window = Duration::from_secs(rule.window);
    // A panic while counting leaves counts behind that are as good as any.
    let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
    if counts.len() >= COUNTS_LIMIT && !counts.contains_key(&key) {
        make_room(&mut counts, now);
    }
    let count = counts.entry(key).or_insert(Count { requests: 0, last_request: now, window });
    let age = now.since(count.last_request);
    if age >= window {
        *count = Count { requests: 1, last_request: now, window };
        None
    } else if count.requests >= rule.max {
        Some(window - age)
    } else {
        *count = Count { requests: count.requests + 1, last_request: now, window };
        None
    }
}

fn make_room(counts: &mut HashMap<String, Count>, now: Timestamp) {
    counts.retain(|_, count| now.since(count.last_request) < count.window);
    if counts.len() >= COUNTS_LIMIT {
        // All of them are in use: forget any tenth rather than all, or than growing.
        let mut index = 0;
        counts.retain(|_, _| {
            index += 1;
            index % 10 != 0
        });
    }
}
