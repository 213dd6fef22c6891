//! HTTP Digest access authentication, as a client: <https://www.rfc-editor.org/rfc/rfc7616>.
//!
//! Without `auth-int` and `userhash`, which a client may leave out.

use anyhow::{Context, Result, bail};
use domain::draw::hex;
use md5::Md5;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// What a server asks for in `WWW-Authenticate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    /// As the server writes it; it is sent back so.
    named: Option<String>,
    algorithm: Algorithm,
    /// Of a session: `-sess`.
    session: bool,
    /// `false`: as RFC 2069 had it, without a count.
    counted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    fn hash(self, text: &str) -> String {
        match self {
            Self::Md5 => hex(&Md5::digest(text.as_bytes())),
            Self::Sha256 => hex(&Sha256::digest(text.as_bytes())),
        }
    }
}

/// The strongest challenge that can be answered; one in each header.
pub fn strongest<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Challenge> {
    headers.filter_map(|header| Challenge::parse(header).ok()).max_by_key(|challenge| challenge.algorithm)
}

impl Challenge {
    fn parse(header: &str) -> Result<Self> {
        let (scheme, rest) = header.trim().split_once(' ').context("no scheme")?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            bail!("not Digest");
        }
        let mut fields = parameters(rest)?;
        let mut take = |wanted: &str| {
            let at = fields.iter().position(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
            Some(fields.swap_remove(at).1)
        };
        let named = take("algorithm");
        let (algorithm, session) = match named.as_deref().map(str::to_ascii_uppercase).as_deref() {
            None | Some("MD5") => (Algorithm::Md5, false),
            Some("MD5-SESS") => (Algorithm::Md5, true),
            Some("SHA-256") => (Algorithm::Sha256, false),
            Some("SHA-256-SESS") => (Algorithm::Sha256, true),
            Some(other) => bail!("the algorithm {other} is not known here"),
        };
        let qop = take("qop");
        let counted = match &qop {
            None => false,
            Some(offered) if offered.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth")) => true,
            Some(_) => bail!("only auth-int is offered"),
        };
        Ok(Self {
            realm: take("realm").context("no realm")?,
            nonce: take("nonce").context("no nonce")?,
            opaque: take("opaque"),
            named,
            algorithm,
            session,
            counted,
        })
    }

    /// The value of `Authorization`. `count` is how often this nonce was used, this time included.
    pub fn answer(
        &self,
        user: &str,
        password: &str,
        method: &str,
        uri: &str,
        count: u32,
        cnonce: &str,
    ) -> Zeroizing<String> {
        let hash = |text: &str| self.algorithm.hash(text);
        let mut secret = Zeroizing::new(hash(&Zeroizing::new(format!("{user}:{}:{password}", self.realm))));
        if self.session {
            secret = Zeroizing::new(hash(&Zeroizing::new(format!("{}:{}:{cnonce}", *secret, self.nonce))));
        }
        let asked = hash(&format!("{method}:{uri}"));
        let between =
            if self.counted { format!("{}:{count:08x}:{cnonce}:auth", self.nonce) } else { self.nonce.clone() };
        let response = hash(&Zeroizing::new(format!("{}:{between}:{asked}", *secret)));
        let mut answer = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\"",
            quoted(user),
            quoted(&self.realm),
            quoted(&self.nonce),
            quoted(uri)
        );
        if let Some(named) = &self.named {
            answer += &format!(", algorithm={named}");
        }
        if self.counted {
            answer += &format!(", qop=auth, nc={count:08x}");
        }
        if self.counted || self.session {
            answer += &format!(", cnonce={}", quoted(cnonce));
        }
        if let Some(opaque) = &self.opaque {
            answer += &format!(", opaque={}", quoted(opaque));
        }
        Zeroizing::new(answer)
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// `name=token` or `name="quoted"`, between commas.
pub fn parameters(text: &str) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').context("a parameter without a value")?;
        let after = after.trim_start();
        let (value, after) = match after.strip_prefix('"') {
            None => {
                let end = after.find(',').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
            Some(inner) => unquoted(inner)?,
        };
        found.push((name.trim().to_owned(), value));
        rest = after.trim_start();
        if !rest.is_empty() {
            rest = rest.strip_prefix(',').context("no comma between parameters")?.trim_start();
        }
    }
    Ok(found)
}

fn unquoted(inner: &str) -> Result<(String, &str)> {
    let mut value = String::new();
    let mut letters = inner.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, &inner[at + 1..])),
            '\\' => value.push(letters.next().context("it ends within a quote")?.1),
            _ => value.push(letter),
        }
    }
    bail!("it ends within a quote")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616, 3.9.1.
    const MD5: &str = r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;
    const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    fn response(challenge: &Challenge) -> String {
        let answer = challenge.answer("Mufasa", "Circle of Life", "GET", "/dir/index.html", 1, CNONCE);
        let fields = parameters(answer.strip_prefix("Digest ").expect("the scheme")).expect("parameters");
        fields.into_iter().find(|(name, _)| name == "response").expect("a response").1
    }

    #[test]
    fn the_answers_of_the_rfc() {
        let sha = MD5.replace("=MD5", "=SHA-256");
        let both = [MD5, &sha];
        let challenge = strongest(both.into_iter()).expect("a challenge");
        assert_eq!(response(&challenge), "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
        let challenge = strongest([MD5].into_iter()).expect("a challenge");
        assert_eq!(response(&challenge), "8ca523f5e9506fed4657c9700eebdbec");
        let whole = challenge.answer("Mufasa", "Circle of Life", "GET", "/dir/index.html", 1, CNONCE);
        for part in
            ["algorithm=MD5", "qop=auth", "nc=00000001", "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""]
        {
            assert!(whole.contains(part), "{part} is not in {}", *whole);
        }
    }

    /// RFC 2617, 3.5, and the same without a count, as RFC 2069 had it: computed with Python's hashlib.
    #[test]
    fn the_older_forms() {
        let old = r#"Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093""#;
        let said = Challenge::parse(old).expect("a challenge").answer(
            "Mufasa",
            "Circle Of Life",
            "GET",
            "/dir/index.html",
            1,
            "0a4f113b",
        );
        assert!(said.contains("response=\"670fd8c2df070c60b045671b8b24ff02\"") && !said.contains("nc="), "{}", *said);
        let new = format!("{old}, qop=auth");
        let said = Challenge::parse(&new).expect("a challenge").answer(
            "Mufasa",
            "Circle Of Life",
            "GET",
            "/dir/index.html",
            1,
            "0a4f113b",
        );
        assert!(said.contains("response=\"6629fae49393a05397450978507c4ef1\""), "{}", *said);
        let session = format!("{new}, algorithm=MD5-sess");
        let said = Challenge::parse(&session).expect("a challenge").answer(
            "Mufasa",
            "Circle Of Life",
            "GET",
            "/dir/index.html",
            1,
            "0a4f113b",
        );
        assert!(said.contains("response=\"8e3825c57e897f5a0dec6c2d4e5059d0\""), "{}", *said);
    }

    #[test]
    fn what_cannot_be_answered_is_no_challenge() {
        for header in [
            "Basic realm=\"x\"",
            "Digest",
            "Digest realm=\"x\"",
            "Digest realm=\"x, nonce=\"y\"",
            "Digest realm=\"x",
            "Digest realm=\"x\" nonce=\"y\"",
            "Digest realm=\"x\", nonce=\"y\", algorithm=SHA-512-256",
            "Digest realm=\"x\", nonce=\"y\", qop=\"auth-int\"",
        ] {
            assert_eq!(strongest([header].into_iter()), None, "{header}");
        }
    }

    #[test]
    fn quotes_survive_there_and_back() {
        let header = r#"Digest realm="a \"b\" \\c", nonce="n", qop="auth""#;
        let challenge = Challenge::parse(header).expect("a challenge");
        assert_eq!(challenge.realm, r#"a "b" \c"#);
        let answer = challenge.answer("u", "p", "GET", "/", 1, "c");
        assert!(answer.contains(r#"realm="a \"b\" \\c""#), "{}", *answer);
    }
}
