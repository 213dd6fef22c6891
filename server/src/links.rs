//! Whether a link still answers. Asked only when somebody presses for it, and never of this machine's own network: an
//! address in a text is written by people, and what it leads to is not theirs to reach through the portal.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use futures::{StreamExt, stream};
use reqwest::{Client, Method, StatusCode, Url, redirect::Policy};

const PATIENCE: Duration = Duration::from_secs(6);
const AT_ONCE: usize = 8;

/// Which networks may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Public addresses alone.
    Public,
    /// For tests, whose server is this machine.
    Any,
}

/// Each link that does not answer, and why.
pub async fn dead(links: &[String], reach: Reach) -> Vec<(String, String)> {
    let asked = stream::iter(links.iter().cloned())
        .map(|link| async move { asked(&link, reach).await.err().map(|why| (link, why)) });
    asked.buffered(AT_ONCE).filter_map(|found| async { found }).collect().await
}

/// An answer is one, whatever it says, but for those that say that nothing is there. Redirections are not followed: a
/// page that moved answers.
async fn asked(link: &str, reach: Reach) -> Result<(), String> {
    let url = Url::parse(link).map_err(|_| "it does not read as an address".to_owned())?;
    let host = url.host_str().ok_or("it names no host")?.trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().ok_or("it names no port")?;
    let found = tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host.as_str(), port))).await;
    let found: Vec<SocketAddr> = match found {
        Ok(Ok(found)) => found.collect(),
        _ => return Err("its host has no address".to_owned()),
    };
    if reach == Reach::Public && found.iter().any(|address| !is_public(address.ip())) {
        return Err("it leads into a private network, which is not asked".to_owned());
    }
    let address = *found.first().ok_or("its host has no address")?;
    // The address that was looked at is the one that is asked: a name that changes meanwhile leads nowhere else.
    let client =
        Client::builder().redirect(Policy::none()).timeout(PATIENCE).resolve(&host, address).no_proxy().build();
    let client = client.map_err(|e| e.to_string())?;
    let head = client.request(Method::HEAD, url.clone()).send().await;
    let status = match head.map(|answer| answer.status()) {
        Ok(StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED) => {
            client.get(url).send().await.map(|answer| answer.status())
        }
        other => other,
    };
    match status {
        Ok(StatusCode::NOT_FOUND | StatusCode::GONE) => Err("nothing is there any more".to_owned()),
        Ok(status) if status.is_server_error() => Err(format!("it answers with {}", status.as_u16())),
        Ok(_) => Ok(()),
        Err(e) if e.is_timeout() => Err("it did not answer within six seconds".to_owned()),
        Err(_) => Err("it does not answer".to_owned()),
    }
}

/// Whether an address is one of the internet's (RFC 6890's special ranges are not).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public_v4(v4),
            None => {
                let first = v6.segments()[0];
                let embeds = first == 0x0064 || first == 0x2002 || (first == 0x2001 && v6.segments()[1] < 0x0200);
                !(v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() || v6.is_unique_local() || embeds)
                    && (first & 0xffc0) != 0xfe80
                    && !(first == 0x2001 && v6.segments()[1] == 0x0db8)
                    && v6.to_ipv4().is_none()
            }
        },
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    !(v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_broadcast()
        || v4.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (b == 18 || b == 19))
        || (a == 192 && b == 0 && c == 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Router, http::StatusCode as Status, routing::get};

    #[test]
    fn no_private_address_is_asked() {
        for (text, public) in [
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("198.18.0.1", false),
            ("::1", false),
            ("::", false),
            ("fe80::1", false),
            ("fc00::1", false),
            ("::ffff:10.0.0.1", false),
            ("::127.0.0.1", false),
            ("64:ff9b::7f00:1", false),
            ("2002:7f00:1::", false),
            ("2001::1", false),
            ("ff02::1", false),
            ("93.184.215.14", true),
            ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", true),
        ] {
            assert_eq!(is_public(text.parse().expect("an address")), public, "{text}");
        }
    }

    #[tokio::test]
    async fn what_does_not_answer_is_named_and_a_private_host_is_not_asked() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new()
            .route("/", get(|| async { "here" }))
            .route("/moved", get(|| async { (Status::FOUND, [("location", "http://169.254.169.254/")]) }))
            .route("/gone", get(|| async { Status::GONE }))
            .route("/broken", get(|| async { Status::BAD_GATEWAY }))
            .route("/members", get(|| async { Status::FORBIDDEN }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let closed = {
            let probe = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            format!("http://{}/", probe.local_addr().expect("an address"))
        };
        let links: Vec<String> = ["/", "/moved", "/members", "/gone", "/broken", "/none"]
            .iter()
            .map(|path| format!("{base}{path}"))
            .chain([closed.clone()])
            .collect();
        let found = dead(&links, Reach::Any).await;
        let said: Vec<(&str, &str)> = found
            .iter()
            .map(|(link, why)| (link.strip_prefix(base.as_str()).unwrap_or("closed"), why.as_str()))
            .collect();
        assert_eq!(
            said,
            [
                ("/gone", "nothing is there any more"),
                ("/broken", "it answers with 502"),
                ("/none", "nothing is there any more"),
                ("closed", "it does not answer"),
            ]
        );
        for (link, why) in dead(&links, Reach::Public).await {
            assert_eq!(why, "it leads into a private network, which is not asked", "{link}");
        }
        assert_eq!(dead(&["http://".to_owned()], Reach::Public).await.len(), 1);
    }
}
