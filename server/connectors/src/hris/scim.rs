//! Users as SCIM 2.0 has them, one or a list: <https://www.rfc-editor.org/rfc/rfc7643#section-4.1>. It says whether
//! somebody is active and never since when.

use domain::fact::{Fact, Leaver};
use serde::Deserialize;
use serde_json::Value;

use crate::{About, Connector, Read, Unread, answer};

pub static SCIM_USERS: Connector = Connector {
    kind: "scim-users",
    title: "SCIM, users and whether they are active",
    command: "curl -H 'Accept: application/scim+json' …/scim/v2/Users?count=10000",
    looks: |value| {
        let schemas = value.get("schemas").and_then(Value::as_array).into_iter().flatten();
        schemas.filter_map(Value::as_str).any(|schema| schema.starts_with("urn:ietf:params:scim:"))
    },
    read,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: String,
    user_name: String,
    active: Option<bool>,
    #[serde(default)]
    emails: Vec<Email>,
}

#[derive(Deserialize)]
struct Email {
    value: Option<String>,
}

fn read(bytes: &[u8], _: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let list = match value.get("totalResults") {
        // Of nobody there need be no list.
        Some(total) if total == 0 => &[],
        Some(total) => {
            let list = answer::list_of(&value, "Resources")?;
            if total.as_u64() != Some(list.len() as u64) {
                return Err(Unread::Whole(format!(
                    "it holds {} of {total} users: it is one page of several, ask for all of them",
                    list.len()
                )));
            }
            list
        }
        None if value.get("userName").is_some() => std::slice::from_ref(&value),
        None => return Err(Unread::Whole("it is neither a ListResponse nor a User".to_owned())),
    };
    let leaver = |user: User| {
        let mut names = vec![user.user_name];
        for email in user.emails.into_iter().filter_map(|email| email.value) {
            if !names.contains(&email) {
                names.push(email);
            }
        }
        Fact::Leaver(Leaver {
            reference: user.id,
            names,
            left_at: None,
            gone: user.active.map(|active| !active),
            said: user.active.map_or("active is not said".to_owned(), |active| format!("active {active}")),
        })
    };
    let facts = answer::each::<User>(list, "Resources")?.into_iter().map(leaver).collect();
    Ok(Read { facts, ..Read::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_not_active_is_gone_and_nobody_says_since_when() {
        let list = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":3,"Resources":[
            {"id":"1","userName":"ann","active":false,"emails":[{"value":"ann@example.com"},{"value":"ann"}]},
            {"id":"2","userName":"bea@example.com","active":true},{"id":"3","userName":"cid"}]}"#;
        let whole = read(list.as_bytes(), &About::default()).expect("it reads");
        let gone: Vec<_> = whole
            .facts
            .iter()
            .map(|fact| match fact {
                Fact::Leaver(leaver) => (leaver.gone, leaver.left_at, leaver.names.len()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(gone, [(Some(true), None, 2), (Some(false), None, 1), (None, None, 1)]);
        let page = list.replace("\"totalResults\":3", "\"totalResults\":30");
        assert!(read(page.as_bytes(), &About::default()).expect_err("a page").to_string().contains("3 of 30"));
        assert!(read(b"{}", &About::default()).is_err());
    }
}
