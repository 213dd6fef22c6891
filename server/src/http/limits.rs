//! How often one peer may try to sign in, and one address be sent a code. In memory, for this portal alone; wrong
//! codes are counted in the database, for all portals together.

use std::{
    convert::Infallible,
    hash::Hash,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::NonZeroU32,
    time::Duration,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::request::Parts,
};
use domain::person::Email;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

use crate::compose::House;

/// How long to wait before the next try.
pub type Wait = Duration;

pub struct Limits {
    tries: DefaultKeyedRateLimiter<IpAddr>,
    codes_to_peer: DefaultKeyedRateLimiter<IpAddr>,
    codes_to_address: DefaultKeyedRateLimiter<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // A whole office behind one address signs in on Monday morning.
            tries: RateLimiter::keyed(quota(60, Duration::from_secs(1))),
            codes_to_peer: RateLimiter::keyed(quota(10, Duration::from_secs(30))),
            codes_to_address: RateLimiter::keyed(quota(3, Duration::from_secs(300))),
        }
    }
}

impl Limits {
    /// One try to sign in, with whatever.
    pub fn trying(&self, peer: Peer) -> Result<(), Wait> {
        check(&self.tries, &peer.0)
    }

    /// One code sent; counted the same for an address that is nobody's.
    pub fn sending(&self, peer: Peer, to: &Email) -> Result<(), Wait> {
        check(&self.codes_to_peer, &peer.0)?;
        check(&self.codes_to_address, &to.as_str().to_owned())
    }

    /// Forgets those who have waited long enough.
    pub fn sweep(&self) {
        self.tries.retain_recent();
        self.codes_to_peer.retain_recent();
        self.codes_to_address.retain_recent();
    }
}

/// So many at once, then one each period.
fn quota(at_once: u32, each: Duration) -> Quota {
    let at_once = NonZeroU32::new(at_once).expect("a quota lets something through");
    Quota::with_period(each).expect("a period is not zero").allow_burst(at_once)
}

fn check<K: Hash + Eq + Clone>(limiter: &DefaultKeyedRateLimiter<K>, key: &K) -> Result<(), Wait> {
    limiter.check_key(key).map_err(|no| no.wait_time_from(DefaultClock::default().now()))
}

/// Who is at the other end, as far as limits go: an IPv6 network counts as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(IpAddr);

impl Peer {
    fn new(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                Self(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
            }
            v4 => Self(v4),
        }
    }

    /// The last address in the header is the one our own proxy added; the others are what anybody wrote.
    fn behind_proxy(parts: &Parts) -> Option<Self> {
        let said = parts.headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        said.rsplit(',').next()?.trim().parse().ok().map(Self::new)
    }
}

impl FromRequestParts<House> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, house: &House) -> Result<Self, Infallible> {
        if house.config.portal.trusted_proxy
            && let Some(peer) = Self::behind_proxy(parts)
        {
            return Ok(peer);
        }
        // Only a request made in process has no peer.
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        Ok(Self::new(peer.unwrap_or(Ipv4Addr::LOCALHOST.into())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_in_the_same_network_is_the_same_peer_only_where_networks_are_given_out() {
        let peer = |text: &str| Peer::new(text.parse().expect("an address"));
        assert_eq!(peer("2001:db8:1:2::1"), peer("2001:db8:1:2:ffff::9"));
        assert_ne!(peer("2001:db8:1:2::1"), peer("2001:db8:1:3::1"));
        assert_ne!(peer("203.0.113.1"), peer("203.0.113.2"));
        assert_eq!(peer("::ffff:203.0.113.1"), peer("203.0.113.1"));
    }

    #[test]
    fn a_burst_is_let_through_and_then_one_waits_and_another_address_does_not() {
        let limits = Limits::default();
        let peer = Peer::new(Ipv4Addr::LOCALHOST.into());
        let (a, b) = (Email::parse("a@x.example").expect("one"), Email::parse("b@x.example").expect("one"));
        for _ in 0..3 {
            assert!(limits.sending(peer, &a).is_ok());
        }
        let wait = limits.sending(peer, &a).expect_err("the fourth waits");
        assert!(wait > Duration::from_secs(290) && wait <= Duration::from_secs(300), "{wait:?}");
        assert!(limits.sending(peer, &b).is_ok());
    }

    #[test]
    fn of_a_forwarded_header_the_last_word_counts() {
        let (mut parts, ()) = axum::http::Request::get("/").body(()).expect("a request").into_parts();
        parts.headers.append("x-forwarded-for", "10.0.0.1, 198.51.100.7".parse().expect("a value"));
        parts.headers.append("x-forwarded-for", "198.51.100.8, 203.0.113.9".parse().expect("a value"));
        assert_eq!(Peer::behind_proxy(&parts), Some(Peer::new("203.0.113.9".parse().expect("an address"))));
    }
}
