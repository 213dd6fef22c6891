//! Asks source and target who they are, before anything is written.

use std::collections::BTreeSet;

use anyhow::Result;
use bson::{Bson, Document, doc};
use domain::isolation::{Cluster, Isolation, isolation};
use mongodb::{
    Client,
    options::{ClientOptions, ServerAddress},
};

use super::plan::Plan;

/// Refuses a target that must not be written to.
pub async fn look(plan: &Plan, target: &Client) -> Result<Isolation> {
    let target = of(&plan.target, target).await?;
    Ok(isolation(source(plan).await?.as_ref(), &target, &plan.never, plan.same_cluster)?)
}

/// The same by the target's address alone, before it stands.
pub async fn look_at_address(plan: &Plan) -> Result<Isolation> {
    let target = Cluster { hosts: addressed(&plan.target).await?, id: None };
    Ok(isolation(source(plan).await?.as_ref(), &target, &plan.never, plan.same_cluster)?)
}

async fn source(plan: &Plan) -> Result<Option<Cluster>> {
    match (plan.origin_uri(), plan.origin().await?) {
        (Some(uri), Some(client)) => Ok(Some(of(uri, &client).await?)),
        _ => Ok(None),
    }
}

async fn addressed(uri: &str) -> Result<BTreeSet<String>> {
    let options = ClientOptions::parse(uri).await.map_err(|_| super::bad_address("MongoDB"))?;
    let addressed = options.hosts.iter().filter_map(|host| match host {
        ServerAddress::Tcp { host, port } => Some(format!("{host}:{}", port.unwrap_or(27017)).to_lowercase()),
        _ => None,
    });
    Ok(addressed.collect())
}

async fn of(uri: &str, client: &Client) -> Result<Cluster> {
    let mut hosts = addressed(uri).await?;
    let hello = client.database("admin").run_command(doc! { "hello": 1 }).await?;
    for list in ["hosts", "passives", "arbiters"] {
        let members = hello.get_array(list).into_iter().flatten().filter_map(Bson::as_str);
        hosts.extend(members.map(str::to_lowercase));
    }
    hosts.extend(hello.get_str("me").ok().map(str::to_lowercase));
    Ok(Cluster { hosts, id: id(client, hello.get_str("msg").ok() == Some("isdbgrid")).await })
}

/// What needs a privilege these credentials may lack is left open; the names then decide.
async fn id(client: &Client, sharded: bool) -> Option<String> {
    if sharded {
        let version = client.database("config").collection::<Document>("version").find_one(doc! {}).await.ok()??;
        return version.get_object_id("clusterId").ok().map(|id| id.to_hex());
    }
    let config = client.database("admin").run_command(doc! { "replSetGetConfig": 1 }).await.ok()?;
    let settings = config.get_document("config").ok()?.get_document("settings").ok()?;
    settings.get_object_id("replicaSetId").ok().map(|id| id.to_hex())
}
