// What another program does behind the portal's back: a record put straight into the collection is sealed, a
// sealed one that is changed is shown as tampering. Last in the ring, because the alarm stays.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MongoClient } from "mongodb";
import { pageAs } from "./browser.mjs";
import { portal } from "./portal.mjs";

// "Sealed within seconds", and shown: 10 s.
const limit = 10_000;

test("a record written by another program is sealed, and a changed one is shown as tampering, within 10 s", async (t) => {
  const { mongodbUri } = await portal();
  const client = await MongoClient.connect(mongodbUri);
  t.after(() => client.close());
  const log = (await home(client)).collection("backup_audit_log");
  const page = await pageAs("owner");
  t.after(() => page.context().close());

  const [like] = await log.find().sort({ occurredAt: -1 }).limit(1).toArray();
  assert.ok(like, "the demo has attestations");
  const { _id, ...fields } = like;
  const id = typeof _id === "string" ? `${_id}-by-hand` : undefined;
  const inserted = await log.insertOne({ ...(id ? { _id: id } : {}), ...fields, occurredAt: new Date() });
  await shown(page, "/ledger", new RegExp(escape(String(inserted.insertedId))));
  assert.match(await page.locator("body").innerText(), /Ledger intact/);

  const [victim] = await log.find({ _id: { $ne: inserted.insertedId } }).sort({ occurredAt: 1 }).limit(1).toArray();
  await log.updateOne({ _id: victim._id }, { $set: { tenant: "another_tenant" } });
  await shown(page, "/ledger", /one record altered/i);
  const said = page.getByRole("main");
  assert.match(await said.innerText(), /changed|altered|tamper/i);
  assert.match(await said.innerText(), new RegExp(escape(String(victim._id))));
});

/** The portal's own database among those of the demo's tenants. */
async function home(client) {
  const { databases } = await client.db("admin").admin().listDatabases();
  for (const { name } of databases) {
    if (await client.db(name).listCollections({ name: "backup_audit_log" }).hasNext()) return client.db(name);
  }
  throw new Error(`no database has backup_audit_log: ${databases.map(({ name }) => name)}`);
}

/** Reloads until the page's text matches, for at most the limit. */
async function shown(page, path, words) {
  const until = Date.now() + limit;
  for (;;) {
    await page.goto(path);
    const text = await page.locator("body").innerText();
    if (words.test(text)) return;
    assert.ok(Date.now() < until, `${path} does not show ${words} after ${limit / 1000} s:\n${text.slice(0, 2000)}`);
    await page.waitForTimeout(500);
  }
}

function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
