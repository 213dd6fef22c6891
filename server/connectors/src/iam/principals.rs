//! What policies allow each user, group and role. Denials, conditions, named resources and permission boundaries are
//! not weighed but told: this shows who has to be looked at, and the simulator shows the rest.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Moment,
    fact::{Fact, Principal},
};
use serde::Deserialize;
use serde_json::Value;

use super::{POWERS, matches};
use crate::{About, Connector, Problem, Read, Unread, answer, time};

pub static PRINCIPALS: Connector = Connector {
    kind: "iam-principals",
    title: "AWS IAM, who may restore, decrypt or delete backups",
    command: "aws iam get-account-authorization-details --output json",
    looks: |value| value.get("UserDetailList").is_some() && value.get("RoleDetailList").is_some(),
    read,
};

/// AWS writes one thing alone without its list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Many<T> {
    Several(Vec<T>),
    One(T),
}

impl<T> Many<T> {
    fn all(&self) -> &[T] {
        match self {
            Many::Several(all) => all,
            Many::One(one) => std::slice::from_ref(one),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document {
    statement: Many<Statement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: String,
    action: Option<Many<String>>,
    not_action: Option<Many<String>>,
    resource: Option<Many<String>>,
    not_resource: Option<Many<String>>,
    #[serde(default)]
    condition: Value,
    /// Of a trust policy: "*", or by kind of principal one or several.
    #[serde(default)]
    principal: Value,
    #[serde(default)]
    not_principal: Value,
}

impl Statement {
    /// What it is about, of what matters.
    fn covers(&self) -> Vec<&'static str> {
        let named = |list: &Many<String>, action: &str| list.all().iter().any(|pattern| matches(pattern, action));
        let about = |action: &str| match (&self.action, &self.not_action) {
            (Some(list), _) => named(list, action),
            (None, Some(list)) => !named(list, action),
            (None, None) => false,
        };
        POWERS.iter().filter(|(_, actions)| actions.iter().any(|a| about(a))).map(|(word, _)| *word).collect()
    }

    fn everywhere(&self) -> bool {
        self.not_resource.is_none() && self.resource.as_ref().is_none_or(|r| r.all().iter().any(|one| one == "*"))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inline {
    policy_name: String,
    policy_document: Document,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attached {
    policy_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Managed {
    arn: String,
    policy_version_list: Vec<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    document: Document,
    #[serde(default)]
    is_default_version: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Boundary {
    permissions_boundary_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LastUsed {
    #[serde(default, deserialize_with = "time::maybe")]
    last_used_date: Option<Moment>,
}

/// A user, a group or a role: each calls the same by names of its own.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Detail {
    arn: String,
    #[serde(alias = "UserName", alias = "GroupName", alias = "RoleName")]
    name: String,
    #[serde(default, alias = "UserPolicyList", alias = "GroupPolicyList", alias = "RolePolicyList")]
    inline: Vec<Inline>,
    attached_managed_policies: Option<Many<Attached>>,
    #[serde(default)]
    group_list: Vec<String>,
    permissions_boundary: Option<Boundary>,
    assume_role_policy_document: Option<Document>,
    role_last_used: Option<LastUsed>,
}

fn read(bytes: &[u8], _: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    answer::whole(&value)?;
    let details = |name: &str| answer::each::<Detail>(answer::list_of(&value, name)?, name);
    let (users, groups, roles) = (details("UserDetailList")?, details("GroupDetailList")?, details("RoleDetailList")?);
    let policies: Vec<Managed> = answer::each(answer::list_of(&value, "Policies")?, "Policies")?;
    let account = Account {
        policies: policies.iter().map(|p| (p.arn.as_str(), p)).collect(),
        groups: groups.iter().map(|g| (g.name.as_str(), g)).collect(),
    };
    let mut read = Read::default();
    for (kind, list) in [("user", &users), ("group", &groups), ("role", &roles)] {
        for detail in list {
            let found = account.weigh(detail);
            read.not_understood.extend(found.not_understood.iter().map(|says| Problem::new(detail.arn.as_str(), says)));
            read.facts.push(Fact::Principal(Principal {
                reference: detail.arn.clone(),
                name: detail.name.clone(),
                kind: kind.to_owned(),
                may: found.may.into_iter().map(str::to_owned).collect(),
                through: found.through,
                unless: (!found.unless.is_empty()).then(|| found.unless.into_iter().collect::<Vec<_>>().join("; ")),
                last_used_at: detail.role_last_used.as_ref().and_then(|used| used.last_used_date),
                assumed_by: detail.assume_role_policy_document.as_ref().map(trusted).unwrap_or_default(),
            }));
        }
    }
    Ok(read)
}

struct Account<'a> {
    policies: BTreeMap<&'a str, &'a Managed>,
    groups: BTreeMap<&'a str, &'a Detail>,
}

#[derive(Default)]
struct Found {
    may: Vec<&'static str>,
    through: Vec<String>,
    unless: BTreeSet<String>,
    not_understood: Vec<String>,
}

impl Account<'_> {
    fn weigh(&self, detail: &Detail) -> Found {
        let mut found = Found::default();
        self.policies_of(detail, "", &mut found);
        for name in &detail.group_list {
            match self.groups.get(name.as_str()) {
                Some(group) => self.policies_of(group, &format!(" (group {name})"), &mut found),
                None => found.absent(&format!("group {name}")),
            }
        }
        if let Some(boundary) = &detail.permissions_boundary {
            found.unless.insert(format!("permission boundary {}", boundary.permissions_boundary_arn));
        }
        found.may.sort_by_key(|word| POWERS.iter().position(|(power, _)| power == word));
        found
    }

    fn policies_of(&self, detail: &Detail, by: &str, found: &mut Found) {
        for policy in &detail.inline {
            found.add(&format!("{}{by}", policy.policy_name), &policy.policy_document);
        }
        for Attached { policy_arn } in detail.attached_managed_policies.iter().flat_map(Many::all) {
            let policy = self.policies.get(policy_arn.as_str());
            // Only the default version is in force.
            match policy.and_then(|p| p.policy_version_list.iter().find(|v| v.is_default_version)) {
                Some(version) => {
                    let name = policy_arn.rsplit('/').next().unwrap_or(policy_arn);
                    found.add(&format!("{name}{by}"), &version.document);
                }
                None => found.absent(&format!("policy {policy_arn}")),
            }
        }
    }
}

impl Found {
    fn add(&mut self, policy: &str, document: &Document) {
        for statement in document.statement.all() {
            let covers = statement.covers();
            match statement.effect.as_str() {
                _ if covers.is_empty() => {}
                "Allow" => {
                    for word in covers {
                        if !self.may.contains(&word) {
                            self.may.push(word);
                        }
                    }
                    if !self.through.iter().any(|told| told == policy) {
                        self.through.push(policy.to_owned());
                    }
                    if !statement.everywhere() {
                        self.unless.insert(format!("{policy} names resources"));
                    }
                    if statement.condition.as_object().is_some_and(|c| !c.is_empty()) {
                        self.unless.insert(format!("{policy} has conditions"));
                    }
                }
                "Deny" => {
                    self.unless.insert(format!("{policy} denies: {}", covers.join(", ")));
                }
                other => self.not_understood.push(format!("{policy}: effect {other:?}")),
            }
        }
    }

    /// Attached, and not to be read here: what it allows is open.
    fn absent(&mut self, what: &str) {
        self.unless.insert(format!("{what} is not in this answer"));
        self.not_understood.push(format!("{what} is attached and not in this answer"));
    }
}

/// Whom a trust policy lets in.
fn trusted(document: &Document) -> Vec<String> {
    fn texts(value: &Value, into: &mut BTreeSet<String>) {
        match value {
            Value::String(text) => drop(into.insert(text.clone())),
            Value::Array(list) => list.iter().for_each(|one| texts(one, into)),
            Value::Object(kinds) => kinds.values().for_each(|one| texts(one, into)),
            _ => {}
        }
    }
    let (mut who, mut but) = (BTreeSet::new(), BTreeSet::new());
    for statement in document.statement.all().iter().filter(|s| s.effect == "Allow") {
        texts(&statement.principal, &mut who);
        texts(&statement.not_principal, &mut but);
    }
    who.extend(but.into_iter().map(|one| format!("all but {one}")));
    who.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn account() -> Value {
        let arn = |rest: &str| format!("arn:aws:iam::111122223333:{rest}");
        json!({
            "UserDetailList": [
                {"Arn": arn("user/ann"), "UserName": "ann", "GroupList": ["ops"], "UserPolicyList": [], "AttachedManagedPolicies": []},
                {"Arn": arn("user/bea"), "UserName": "bea", "UserPolicyList": [{"PolicyName": "drill", "PolicyDocument": {"Statement": [
                    {"Effect": "Allow", "Action": "rds:restoredb*", "Resource": "arn:aws:rds:*:*:snapshot:*"},
                    {"Effect": "Deny", "Action": "rds:Delete*", "Resource": "*"},
                    {"Effect": "Deny", "Action": "aws-portal:*", "Resource": "*"}]}}],
                 "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn("policy/bound")}},
                {"Arn": arn("user/cid"), "UserName": "cid", "UserPolicyList": [{"PolicyName": "odd", "PolicyDocument":
                    {"Statement": {"Effect": "Perhaps", "Action": "*"}}}], "GroupList": ["gone"]}],
            "GroupDetailList": [{"Arn": arn("group/ops"), "GroupName": "ops", "GroupPolicyList": [],
                "AttachedManagedPolicies": [{"PolicyName": "Restore", "PolicyArn": arn("policy/Restore")}]}],
            "RoleDetailList": [{"Arn": arn("role/glass"), "RoleName": "glass", "RolePolicyList": [{"PolicyName": "all", "PolicyDocument":
                {"Statement": {"Effect": "Allow", "NotAction": ["kms:*", "s3:*"], "Resource": "*",
                    "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}}}],
                "AssumeRolePolicyDocument": {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                    "Principal": {"AWS": arn("user/bea"), "Service": ["backup.amazonaws.com"]}}]},
                "RoleLastUsed": {"LastUsedDate": "2026-11-13T17:30:00Z"}}],
            "Policies": [{"PolicyName": "Restore", "Arn": arn("policy/Restore"), "PolicyVersionList": [
                {"VersionId": "v1", "IsDefaultVersion": false, "Document": {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}},
                {"VersionId": "v2", "IsDefaultVersion": true, "Document": {"Statement": {"Effect": "Allow", "Action": ["backup:Start*", "kms:Decrypt"], "Resource": "*"}}}]}]
        })
    }

    #[test]
    fn wildcards_groups_versions_and_what_is_left_out_are_allowed_for() {
        let read = read(account().to_string().as_bytes(), &About::default()).expect("it reads");
        let principal = |n: usize| {
            let Fact::Principal(p) = &read.facts[n] else { panic!("a principal") };
            p
        };
        let ann = principal(0);
        assert_eq!(ann.may, ["restore", "decrypt", "copy backups"]);
        assert_eq!((ann.through.as_slice(), &ann.unless), (["Restore (group ops)".to_owned()].as_slice(), &None));
        let bea = principal(1);
        assert_eq!(bea.may, ["restore"]);
        assert_eq!(
            bea.unless.as_deref(),
            Some(
                "drill denies: delete backups; drill names resources; permission boundary arn:aws:iam::111122223333:policy/bound"
            )
        );
        let cid = principal(2);
        assert!(cid.may.is_empty() && cid.unless.as_deref() == Some("group gone is not in this answer"), "{cid:?}");
        assert_eq!(read.not_understood.len(), 2);
        assert!(read.not_understood[0].says.contains("\"Perhaps\""), "{:?}", read.not_understood);
        assert_eq!((principal(3).kind.as_str(), principal(3).may.len()), ("group", 3));
        let glass = principal(4);
        assert_eq!(glass.may, ["restore", "copy backups", "share backups", "delete backups", "weaken protection"]);
        assert_eq!(glass.unless.as_deref(), Some("all has conditions"));
        assert_eq!(glass.assumed_by, ["arn:aws:iam::111122223333:user/bea", "backup.amazonaws.com"]);
        assert!(glass.last_used_at.is_some());
    }

    #[test]
    fn a_page_of_several_and_undecoded_policies_are_refused() {
        let mut page = account();
        page["IsTruncated"] = json!(true);
        let refused = read(page.to_string().as_bytes(), &About::default()).expect_err("a page");
        assert!(refused.to_string().contains("one page of several"));
        let mut raw = account();
        raw["UserDetailList"][1]["UserPolicyList"][0]["PolicyDocument"] = json!("%7B%22Statement%22%3A%5B%5D%7D");
        let refused = read(raw.to_string().as_bytes(), &About::default()).expect_err("text");
        assert!(refused.to_string().contains("UserDetailList[1]"), "{refused}");
    }
}
