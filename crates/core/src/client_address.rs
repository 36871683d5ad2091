//! Whose request this is, as an address: the key of rate limits and `session.ipAddress`.
//!
//! Two questions, in this order. *Who may tell us?* Forwarded headers are believed only if the
//! socket's peer is one of [`TrustedPeers`]; anybody else is the client himself, whatever he
//! writes into his headers. *What did he tell?* Inside the headers of a trusted peer, Better Auth's
//! rules of `advanced.ipAddress` apply: the first configured header that yields an address; without
//! `trustedProxies` one that holds exactly one address, with them the rightmost that is no proxy.
//!
//! An address that cannot be determined is no address (`None`). Whoever counts by address must
//! then use one shared bucket ([`rate_limit_key`]), never no limit.
//!
//! Addresses leave in one spelling: dotted IPv4, also for IPv4-mapped IPv6; IPv6 masked to its
//! subnet, in eight groups of four digits. Of the reference's spellings two are not kept, which
//! garble addresses like `1:2:3:4:5:6:1.2.3.4` and take `::ffff:0:1.2.3.4` for IPv4.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

use http::HeaderMap;
use ipnet::{IpNet, Ipv4Net};
use thiserror::Error;

use crate::options::IpAddressOptions;

/// Peers whose `X-Forwarded-*` headers are believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedPeers(Vec<IpNet>);

/// An entry that is no address, no CIDR block and no preset.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{found}` is not an IP address, a CIDR block{or_preset}", or_preset = self.presets())]
pub struct InvalidPeer {
    pub found: String,
    takes_presets: bool,
}

/// How a client's address is found; fixed at start.
#[derive(Debug, Clone)]
pub struct ClientAddressPolicy {
    trusted_peers: TrustedPeers,
    headers: Vec<String>,
    trusted_proxies: TrustedPeers,
    ipv6_subnet: u8,
    tracking: Tracking,
    fallback: Option<IpAddr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tracking {
    On,
    Off,
}

const LOOPBACK: &[&str] = &["127.0.0.0/8", "::1/128"];

/// RFC 1918 and RFC 4193.
const PRIVATE: &[&str] = &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

/// Published at <https://www.cloudflare.com/ips/>.
const CLOUDFLARE: &[&str] = &[
    "173.245.48.0/20",
    "103.21.244.0/22",
    "103.22.200.0/22",
    "103.31.4.0/22",
    "141.101.64.0/18",
    "108.162.192.0/18",
    "190.93.240.0/20",
    "188.114.96.0/20",
    "197.234.240.0/22",
    "198.41.128.0/17",
    "162.158.0.0/15",
    "104.16.0.0/13",
    "104.24.0.0/14",
    "172.64.0.0/13",
    "131.0.72.0/22",
    "2400:cb00::/32",
    "2606:4700::/32",
    "2803:f800::/32",
    "2405:b500::/32",
    "2405:8100::/32",
    "2a06:98c0::/29",
    "2c0f:f248::/32",
];

impl TrustedPeers {
    /// Parses addresses, CIDR blocks and the presets `loopback`, `private` and `cloudflare`.
    pub fn parse<P: AsRef<str>>(entries: impl IntoIterator<Item = P>) -> Result<Self, InvalidPeer> {
        let mut nets = Vec::new();
        for entry in entries {
            let entry = entry.as_ref();
            let preset = match entry {
                "loopback" => LOOPBACK,
                "private" => PRIVATE,
                "cloudflare" => CLOUDFLARE,
                _ => &[entry],
            };
            for net in preset {
                let invalid = || InvalidPeer { found: entry.to_owned(), takes_presets: true };
                nets.push(parse_net(net).ok_or_else(invalid)?);
            }
        }
        Ok(Self(nets))
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|net| net.contains(&address))
    }

    /// The same without presets, as `advanced.ipAddress.trustedProxies` has it.
    fn parse_proxies(entries: &[String]) -> Result<Self, InvalidPeer> {
        let parse = |entry: &String| {
            let invalid = || InvalidPeer { found: entry.clone(), takes_presets: false };
            parse_net(entry).ok_or_else(invalid)
        };
        entries.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl InvalidPeer {
    fn presets(&self) -> &'static str {
        if self.takes_presets { " or one of `loopback`, `private`, `cloudflare`" } else { "" }
    }
}

impl ClientAddressPolicy {
    /// `fallback` is the address of a client that has none: the reference takes 127.0.0.1 in
    /// development and tests, nothing in production.
    pub fn new(
        options: &IpAddressOptions,
        trusted_peers: TrustedPeers,
        fallback: Option<IpAddr>,
    ) -> Result<Self, InvalidPeer> {
        Ok(Self {
            trusted_peers,
            headers: options.ip_address_headers.clone(),
            trusted_proxies: TrustedPeers::parse_proxies(&options.trusted_proxies)?,
            ipv6_subnet: options.ipv6_subnet.min(128),
            tracking: if options.disable_ip_tracking { Tracking::Off } else { Tracking::On },
            fallback,
        })
    }

    /// Whether addresses are tracked at all; without, nothing is limited by address.
    pub fn is_tracking(&self) -> bool {
        self.tracking == Tracking::On
    }

    /// Whether this peer's `X-Forwarded-*` headers are believed.
    pub fn believes(&self, peer: Option<IpAddr>) -> bool {
        peer.is_some_and(|peer| self.trusted_peers.contains(peer))
    }

    /// The client's address in its one spelling.
    pub fn resolve(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<String> {
        if self.tracking == Tracking::Off {
            return None;
        }
        let address = if self.believes(peer) { self.forwarded(peer, headers) } else { peer };
        let address = address.or(self.fallback)?;
        Some(normalize(address, self.ipv6_subnet))
    }

    /// An address that is known already, in its one spelling.
    pub(crate) fn spell(&self, address: IpAddr) -> Option<String> {
        self.is_tracking().then(|| normalize(address, self.ipv6_subnet))
    }

    /// What a trusted peer says. One that sends none of the headers speaks for itself.
    fn forwarded(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let mut said_anything = false;
        for name in &self.headers {
            let Some(value) = header_text(headers, name) else { continue };
            said_anything = true;
            if let Some(address) = self.address_in(&value) {
                return Some(address);
            }
        }
        if said_anything { None } else { peer }
    }

    fn address_in(&self, header: &str) -> Option<IpAddr> {
        let mut hops = header.split(',').map(str::trim).filter(|hop| !hop.is_empty());
        if self.trusted_proxies.is_empty() {
            let only = hops.next()?;
            return if hops.next().is_none() { only.parse().ok() } else { None };
        }
        for hop in hops.rev() {
            let address = hop.parse().ok()?;
            if !self.trusted_proxies.contains(address) {
                return Some(address);
            }
        }
        None
    }
}

/// The key of a rate limit; clients without an address share one bucket.
pub fn rate_limit_key(address: Option<&str>, path: &str) -> String {
    format!("{}|{path}", address.unwrap_or("no-trusted-ip"))
}

/// The one spelling of an address; `ipv6_subnet` bits of an IPv6 address are one client.
pub fn normalize(address: IpAddr, ipv6_subnet: u8) -> String {
    let address = match address.to_canonical() {
        IpAddr::V4(address) => return address.to_string(),
        IpAddr::V6(address) => address,
    };
    let host_bits = 128 - u32::from(ipv6_subnet.min(128));
    let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
    let groups = Ipv6Addr::from_bits(address.to_bits() & mask).segments();
    groups.map(|group| format!("{group:04x}")).join(":")
}

/// All values of a header in one, as a list is read: who adds a second line adds to the list.
pub(crate) fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<Cow<'a, str>> {
    let mut values = headers.get_all(name).iter();
    let mut text = String::from_utf8_lossy(values.next()?.as_bytes());
    for value in values {
        let text = text.to_mut();
        text.push_str(", ");
        text.push_str(&String::from_utf8_lossy(value.as_bytes()));
    }
    Some(text)
}

/// An address or a block, with an IPv4-mapped one as IPv4.
fn parse_net(text: &str) -> Option<IpNet> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(IpNet::from(address.to_canonical()));
    }
    let net: IpNet = text.parse().ok()?;
    match (net.addr().to_canonical(), net.prefix_len().checked_sub(96)) {
        (IpAddr::V4(address), Some(length)) if net.addr().is_ipv6() => {
            Ipv4Net::new(address, length).ok().map(IpNet::V4)
        }
        _ => Some(net),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const VECTORS: &str = include_str!("../../testkit/vectors.json");

    fn vectors(name: &str) -> Vec<Value> {
        let vectors: Value = serde_json::from_str(VECTORS).expect("the vectors are JSON");
        vectors["deterministic"][name].as_array().expect("cases").clone()
    }

    fn policy(options: &IpAddressOptions) -> ClientAddressPolicy {
        let peers = TrustedPeers::parse(["loopback"]).expect("a preset");
        ClientAddressPolicy::new(options, peers, None).expect("the proxies are addresses")
    }

    fn resolve(options: &IpAddressOptions, peer: &str, lines: &[(&str, &str)]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name: http::HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        policy(options).resolve(peer.parse().ok(), &headers)
    }

    #[test]
    fn the_vectors_hold() {
        for case in vectors("normalize_ip") {
            let address: IpAddr = case["ip"].as_str().and_then(|ip| ip.parse().ok()).unwrap();
            for (key, subnet) in [("out", 64), ("out128", 128), ("out48", 48)] {
                assert_eq!(case[key], normalize(address, subnet), "{case}");
            }
        }
        for case in vectors("ip_from_header") {
            let trusted_proxies = serde_json::from_value(case["trustedProxies"].clone());
            let options = IpAddressOptions {
                trusted_proxies: trusted_proxies.unwrap_or_default(),
                ..IpAddressOptions::default()
            };
            let header = [("x-forwarded-for", case["header"].as_str().unwrap())];
            let address = resolve(&options, "127.0.0.1", &header);
            assert_eq!(address.as_deref(), case["out"].as_str(), "{case}");
        }
        for case in vectors("rate_limit_key") {
            let key = rate_limit_key(case["ip"].as_str(), case["path"].as_str().unwrap());
            assert_eq!(case["key"], key);
        }
        assert_eq!(rate_limit_key(None, "/x"), "no-trusted-ip|/x");
    }

    // Difference: forwarded-addresses.
    #[test]
    fn only_a_trusted_peer_may_speak_for_others() {
        let options = IpAddressOptions::default();
        for (peer, header, expected) in [
            ("203.0.113.9", "1.2.3.4", Some("203.0.113.9")),
            ("::ffff:203.0.113.9", "1.2.3.4", Some("203.0.113.9")),
            ("127.0.0.1", "1.2.3.4", Some("1.2.3.4")),
            ("::1", "1.2.3.4", Some("1.2.3.4")),
            ("::ffff:127.0.0.1", "1.2.3.4", Some("1.2.3.4")),
            ("127.0.0.1", "1.2.3.4, 5.6.7.8", None),
            ("127.0.0.1", "unknown", None),
            ("none", "1.2.3.4", None),
        ] {
            let address = resolve(&options, peer, &[("x-forwarded-for", header)]);
            assert_eq!(address.as_deref(), expected, "{peer} {header}");
        }
        assert_eq!(resolve(&options, "127.0.0.1", &[]).as_deref(), Some("127.0.0.1"));
    }

    #[test]
    fn a_forwarded_chain_is_read_from_the_right() {
        let proxies = ["10.0.0.0/8", "::1", "fd00::/8", "192.168.1.1"].map(str::to_owned);
        let options =
            IpAddressOptions { trusted_proxies: proxies.to_vec(), ..IpAddressOptions::default() };
        for (header, expected) in [
            ("1.2.3.4, 192.168.1.2", Some("192.168.1.2")),
            ("9.9.9.9, 1.2.3.4, ::ffff:10.0.0.1", Some("1.2.3.4")),
            ("bad, 1.2.3.4,, fd12::1, 10.0.0.1,", Some("1.2.3.4")),
            ("1.2.3.4, [::1]", None),
            ("10.0.0.1", None),
        ] {
            let address = resolve(&options, "127.0.0.1", &[("x-forwarded-for", header)]);
            assert_eq!(address.as_deref(), expected, "{header}");
        }
        let two_lines = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "1.2.3.4, 10.0.0.1")];
        assert_eq!(resolve(&options, "127.0.0.1", &two_lines).as_deref(), Some("1.2.3.4"));
    }

    #[test]
    fn a_second_header_line_adds_a_hop() {
        let two_lines = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "1.2.3.4")];
        assert_eq!(resolve(&IpAddressOptions::default(), "127.0.0.1", &two_lines), None);
    }

    #[test]
    fn headers_are_asked_in_order() {
        let names = ["cf-connecting-ip", "x-real-ip"].map(str::to_owned);
        let options =
            IpAddressOptions { ip_address_headers: names.to_vec(), ..IpAddressOptions::default() };
        let lines =
            [("x-forwarded-for", "1.1.1.1"), ("x-real-ip", "2.2.2.2"), ("cf-connecting-ip", "bad")];
        assert_eq!(resolve(&options, "::1", &lines).as_deref(), Some("2.2.2.2"));
        assert_eq!(resolve(&options, "::1", &lines[2..]), None);
    }

    #[test]
    fn without_tracking_nobody_has_an_address() {
        let options = IpAddressOptions { disable_ip_tracking: true, ..IpAddressOptions::default() };
        assert_eq!(resolve(&options, "203.0.113.9", &[]), None);
        assert!(!policy(&options).is_tracking());
    }

    #[test]
    fn development_has_an_address_for_everybody() {
        let fallback = "127.0.0.1".parse().ok();
        let options = IpAddressOptions::default();
        let policy = ClientAddressPolicy::new(&options, TrustedPeers::default(), fallback).unwrap();
        assert_eq!(policy.resolve(None, &HeaderMap::new()).as_deref(), Some("127.0.0.1"));
    }

    #[test]
    fn odd_spellings_of_addresses_have_one_form() {
        for (address, subnet, expected) in [
            ("1:2:3:4:5:6:1.2.3.4", 128, "0001:0002:0003:0004:0005:0006:0102:0304"),
            ("::ffff:0:1.2.3.4", 128, "0000:0000:0000:0000:ffff:0000:0102:0304"),
            ("2001:db8:ffff:ffff::1", 33, "2001:0db8:8000:0000:0000:0000:0000:0000"),
            ("2001:db8::1", 0, "0000:0000:0000:0000:0000:0000:0000:0000"),
            ("2001:db8::1", 200, "2001:0db8:0000:0000:0000:0000:0000:0001"),
        ] {
            assert_eq!(normalize(address.parse().unwrap(), subnet), expected, "{address}");
        }
    }

    #[test]
    fn peers_are_addresses_blocks_and_presets() {
        let entries = ["private", "cloudflare", "203.0.113.7", "::ffff:198.51.100.0/120"];
        let peers = TrustedPeers::parse(entries).expect("all are valid");
        for address in ["10.1.2.3", "fd00::1", "104.16.1.1", "203.0.113.7", "198.51.100.9"] {
            assert!(peers.contains(address.parse().unwrap()), "{address}");
        }
        for address in ["127.0.0.1", "203.0.113.8", "172.32.0.1", "198.51.101.1", "fe80::1"] {
            assert!(!peers.contains(address.parse().unwrap()), "{address}");
        }
        for entry in ["", "10.0.0.0/33", "10.0.0.0/8 ", "Loopback", "1.2.3", "a.example"] {
            assert!(TrustedPeers::parse([entry]).is_err(), "{entry}");
        }
        let error = TrustedPeers::parse(["aws"]).unwrap_err().to_string();
        assert_eq!(
            error,
            "`aws` is not an IP address, a CIDR block or one of `loopback`, `private`, `cloudflare`"
        );
        assert!(TrustedPeers::parse_proxies(&["private".to_owned()]).is_err());
    }
}
