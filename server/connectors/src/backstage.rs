//! Backstage's catalogue: resources, and who depends on them, from its API or from `catalog-info.yaml` files.
//! Format: <https://backstage.io/docs/features/software-catalog/descriptor-format>.

use std::collections::{BTreeMap, BTreeSet};

use domain::fact::{Fact, Store};
use serde::Deserialize;
use serde_json::Value;

use crate::{About, Connector, Problem, Read, Unread, answer};

pub static CATALOG: Connector = Connector {
    kind: "backstage-catalog",
    title: "Backstage, the catalogue's resources",
    command: "curl …/api/catalog/entities/by-query?limit=10000 (JSON), or the catalog-info.yaml files",
    looks: |value| {
        let entity = |value: &Value| value.get("apiVersion").is_some() && value.get("metadata").is_some();
        entity(value) || value.get("items").or(Some(value)).and_then(|list| list.get(0)).is_some_and(entity)
    },
    read,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entity {
    kind: String,
    metadata: Metadata,
    /// Every kind has one of its own.
    #[serde(default)]
    spec: Value,
    #[serde(default)]
    relations: Vec<Relation>,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
    namespace: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(rename = "type")]
    kind: Option<String>,
    owner: Option<String>,
    system: Option<String>,
    depends_on: Option<Vec<String>>,
    dependency_of: Option<Vec<String>>,
}

/// As the API tells them, worked out from everybody's `spec`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Relation {
    #[serde(rename = "type")]
    kind: String,
    target_ref: String,
}

fn read(bytes: &[u8], _: &About) -> Result<Read, Unread> {
    let entities = answer::each::<Entity>(&documents(bytes)?, "entity")?;
    let mut read = Read::default();
    let mut stores: BTreeMap<String, Store> = BTreeMap::new();
    let mut users: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (n, entity) in entities.into_iter().enumerate() {
        let namespace = entity.metadata.namespace.as_deref().unwrap_or("default");
        let full = |text: &str, kind: Option<&str>| reference(text, kind, namespace);
        let Some(own) = full(&entity.metadata.name, Some(&entity.kind)) else {
            read.not_understood.push(Problem::new(format!("entity[{n}].metadata.name"), entity.metadata.name));
            continue;
        };
        let spec = match Option::<Spec>::deserialize(&entity.spec) {
            Ok(spec) => spec.unwrap_or_default(),
            Err(e) => {
                read.not_understood.push(Problem::new(format!("entity[{n}].spec"), format!("{own}: {e}")));
                Spec::default()
            }
        };
        let related =
            |kind: &'static str| entity.relations.iter().filter(move |r| r.kind == kind).map(|r| &r.target_ref);
        for used in spec.depends_on.iter().flatten().chain(related("dependsOn")) {
            match full(used, None) {
                Some(used) => drop(users.entry(used).or_default().insert(own.clone())),
                None => read.not_understood.push(Problem::new(format!("entity[{n}].spec.dependsOn"), used.as_str())),
            }
        }
        for user in spec.dependency_of.iter().flatten().chain(related("dependencyOf")) {
            match full(user, None) {
                Some(user) => drop(users.entry(own.clone()).or_default().insert(user)),
                None => read.not_understood.push(Problem::new(format!("entity[{n}].spec.dependencyOf"), user.as_str())),
            }
        }
        if !own.starts_with("resource:") {
            read.passed_by += 1;
            continue;
        }
        let store = Store {
            reference: own.clone(),
            name: entity.metadata.name.clone(),
            kind: match &spec.kind {
                Some(kind) => format!("catalogue resource ({kind})"),
                None => "catalogue resource".to_owned(),
            },
            service: spec.system.as_deref().and_then(|system| full(system, Some("system"))),
            owner: spec.owner.as_deref().and_then(|owner| full(owner, Some("group"))),
            ..Store::default()
        };
        if stores.insert(own.clone(), store).is_some() {
            read.not_understood.push(Problem::new(format!("entity[{n}]"), format!("{own} is there twice")));
        }
    }
    for (used, by) in users {
        // What somebody depends on is there, whether or not it is described here.
        let Some((_, name)) = used.strip_prefix("resource:").and_then(|rest| rest.split_once('/')) else { continue };
        let store = stores.entry(used.clone()).or_insert_with(|| Store {
            reference: used.clone(),
            name: name.to_owned(),
            kind: "catalogue resource".to_owned(),
            ..Store::default()
        });
        store.used_by = by.into_iter().collect();
    }
    read.facts = stores.into_values().map(Fact::Store).collect();
    Ok(read)
}

/// The entities: of an answer, of a list, one alone, or of a file of several documents.
fn documents(bytes: &[u8]) -> Result<Vec<Value>, Unread> {
    let first = bytes.iter().find(|b| !b.is_ascii_whitespace());
    if !matches!(first, Some(b'{' | b'[')) {
        let text = std::str::from_utf8(bytes).map_err(|e| Unread::Whole(format!("it is no UTF-8: {e}")))?;
        // Files of a whole catalogue in one have more documents than one of a configuration.
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! { max_documents: 20_000, max_nodes: 500_000, max_events: 2_000_000 },
            with_snippet: false,
        };
        let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options)
            .map_err(|e| Unread::Whole(format!("it is neither JSON nor YAML: {e}")))?;
        let entities: Vec<Value> = documents.into_iter().filter(|document| !document.is_null()).collect();
        return match entities.is_empty() {
            true => Err(Unread::Whole("it holds no entity".to_owned())),
            false => Ok(entities),
        };
    }
    let value = answer::json(bytes)?;
    answer::whole(&value)?;
    if let Value::Array(list) = value {
        return Ok(list);
    }
    if value.get("items").is_none() {
        return Ok(vec![value]);
    }
    let items = answer::list_of(&value, "items")?;
    let goes_on = value.pointer("/pageInfo/nextCursor").is_some_and(|cursor| !cursor.is_null());
    let total = value.get("totalItems").and_then(Value::as_u64).unwrap_or(0);
    if goes_on || total > items.len() as u64 {
        return Err(Unread::Whole("it is one page of several: ask for all of them".to_owned()));
    }
    Ok(items.to_vec())
}

/// `[kind:][namespace/]name` written out, in lower case; `None` where the kind is not to be known.
fn reference(text: &str, kind: Option<&str>, namespace: &str) -> Option<String> {
    let (kind, rest) = match text.split_once(':') {
        Some((kind, rest)) => (kind, rest),
        None => (kind?, text),
    };
    let (namespace, name) = rest.split_once('/').unwrap_or((namespace, rest));
    let all = [kind, namespace, name];
    all.iter().all(|part| !part.is_empty()).then(|| format!("{kind}:{namespace}/{name}").to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: {name: Orders-DB}
spec: {type: database, owner: team-a, system: shop, dependencyOf: ['component:web']}
---
# nobody knows this one
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: till
  namespace: shop
spec:
  type: service
  owner: user:ann
  dependsOn: ['Resource:default/orders-db', 'resource:cache', 'component:other', 'nameless']
---
apiVersion: elsewhere/v1
kind: Gadget
metadata: {name: g}
spec: {system: {of: its own}}
---
";

    #[test]
    fn resources_are_stores_and_whoever_depends_on_them_uses_them() {
        let read = read(FILE.as_bytes(), &About::default()).expect("it reads");
        assert_eq!((read.facts.len(), read.passed_by), (2, 2));
        let Fact::Store(orders) = &read.facts[0] else { panic!("a store") };
        assert_eq!((orders.reference.as_str(), orders.name.as_str()), ("resource:default/orders-db", "Orders-DB"));
        assert_eq!(orders.kind, "catalogue resource (database)");
        assert_eq!(orders.owner.as_deref(), Some("group:default/team-a"));
        assert_eq!(orders.service.as_deref(), Some("system:default/shop"));
        assert_eq!(orders.used_by, ["component:default/web", "component:shop/till"]);
        let Fact::Store(cache) = &read.facts[1] else { panic!("a store") };
        assert_eq!((cache.reference.as_str(), &cache.owner), ("resource:shop/cache", &None));
        let told: Vec<&str> = read.not_understood.iter().map(|p| p.at.as_str()).collect();
        assert_eq!(told, ["entity[1].spec.dependsOn", "entity[2].spec"]);
    }

    #[test]
    fn the_api_says_the_same_and_a_page_of_several_is_refused() {
        let answer = r#"{"items":[{"apiVersion":"backstage.io/v1alpha1","kind":"Resource","metadata":{"name":"orders-db","namespace":"default"},
            "spec":{"type":"database"},"relations":[{"type":"dependencyOf","targetRef":"component:default/web"},{"type":"ownedBy","targetRef":"group:default/a"}]}],
            "totalItems":1,"pageInfo":{}}"#;
        let whole = read(answer.as_bytes(), &About::default()).expect("it reads");
        let Fact::Store(orders) = &whole.facts[0] else { panic!("a store") };
        assert_eq!(orders.used_by, ["component:default/web"]);
        for page in [
            answer.replace("\"pageInfo\":{}", "\"pageInfo\":{\"nextCursor\":\"x\"}"),
            answer.replace("\"totalItems\":1", "\"totalItems\":7"),
        ] {
            let refused = read(page.as_bytes(), &About::default()).expect_err("a page").to_string();
            assert!(refused.contains("one page of several"), "{refused}");
        }
        for bad in ["", "just words", "- a\n- b: [", "kind: Resource\nmetadata: 3"] {
            assert!(read(bad.as_bytes(), &About::default()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_whole_catalogue_in_one_file_is_read_and_one_that_swells_is_not() {
        let one = |n| format!("---\nkind: Resource\nmetadata: {{name: r{n}}}\nspec: {{type: database}}\n");
        let many: String = (0..2_000).map(one).collect();
        assert_eq!(read(many.as_bytes(), &About::default()).expect("it reads").facts.len(), 2_000);
        let mut swelling = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for n in 1..10 {
            let before = vec![format!("*a{}", n - 1); 9].join(",");
            swelling.push_str(&format!("a{n}: &a{n} [{before}]\n"));
        }
        let refused = read(swelling.as_bytes(), &About::default()).expect_err("refused").to_string();
        assert!(refused.contains("budget") && !refused.contains('\n'), "{refused}");
    }
}
