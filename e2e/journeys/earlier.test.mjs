// The auditor kept a checkpoint; later the ledger has grown. Without script, on a phone in the dark and on a desk:
// nothing was rewritten, and a copy that is not the log's is not compared. Then one entry's proof is kept.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { test } from "node:test";
import axe from "@axe-core/playwright";
import { MongoClient } from "mongodb";
import { pageAs } from "../browser.mjs";
import { output, portal } from "../portal.mjs";

const AxeBuilder = axe.default ?? axe;

for (const [width, colorScheme, javaScriptEnabled] of [[390, "dark", false], [1440, "light", true]]) {
  test(`an earlier head is compared at ${width}${javaScriptEnabled ? "" : " without script"}`, async (t) => {
    const page = await pageAs("auditor", { viewport: { width, height: 900 }, colorScheme, javaScriptEnabled });
    t.after(() => page.context().close());
    const kept = await (await page.request.get("/ledger/checkpoint")).text();
    await page.goto("/ledger");
    const mail = new URL(await page.getByRole("link", { name: "Mail the checkpoint" }).getAttribute("href"));
    assert.equal(mail.protocol, "mailto:");
    const mailed = mail.searchParams.get("body").split("\r\n\r\n").slice(1).join("\r\n\r\n");
    assert.equal(mailed.replaceAll("\r\n", "\n"), kept, "what is mailed is the checkpoint");
    await grown(page, Number(kept.split("\n")[1]));

    const compared = await compare(page, mailed);
    assert.match(compared, /nothing rewritten/);
    assert.match(compared, /entries of your checkpoint are the beginning of today/);
    assert.equal((await page.getByLabel("The checkpoint you kept").inputValue()).trim(), kept.trim(), "what was pasted is still there");
    if (javaScriptEnabled) {
      const { violations } = await new AxeBuilder({ page }).analyze();
      assert.deepEqual(violations.map(({ id, help }) => `${id}: ${help}`), []);
    }
    await page.screenshot({ path: join(output, `earlier-${width}-${colorScheme}.png`), fullPage: true });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth).catch(() => 0);
    assert.ok(wide <= width, `the page is ${wide} wide`);

    assert.match(await compare(page, kept.replace(/\n\d+\n/, "\n7\n")), /not compared[^]*no checkpoint of this log/);
  });
}

test("one entry's proof leads from its line to the signed root, by hand", async (t) => {
  const page = await pageAs("auditor");
  t.after(() => page.context().close());
  const lines = (await (await page.request.get("/ledger/entries")).text()).trimEnd().split("\n");
  const index = 5;
  const proof = await (await page.request.get(`/ledger/proofs/${index}.tlog-proof`)).text();
  const [head, ...note] = proof.split("\n\n");
  const [header, said, ...hashes] = head.split("\n");
  assert.equal(header, "c2sp.org/tlog-proof@v1");
  assert.equal(said, `index ${index}`);
  const [, size, root] = note.join("\n\n").split("\n");
  // RFC 9162, section 2.1.3.2.
  const sha = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();
  let [at, last, hash] = [index, Number(size) - 1, sha(Buffer.from([0]), Buffer.from(lines[index]))];
  for (const sibling of hashes.map((text) => Buffer.from(text, "base64"))) {
    if (at % 2 === 1 || at === last) {
      hash = sha(Buffer.from([1]), sibling, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
    } else {
      hash = sha(Buffer.from([1]), hash, sibling);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  assert.equal(last, 0);
  assert.equal(hash.toString("base64"), root);
});

/** What the page says of a pasted checkpoint. */
async function compare(page, note) {
  await page.goto("/ledger");
  await page.getByLabel("The checkpoint you kept").fill(note);
  await page.getByRole("button", { name: "Compare with today’s head" }).click();
  const says = page.locator(".compared");
  await says.waitFor();
  return says.innerText();
}

/** One record more, by another program, and the ledger has sealed it. */
async function grown(page, size) {
  const { mongodbUri } = await portal();
  const client = await MongoClient.connect(mongodbUri);
  try {
    const { databases } = await client.db("admin").admin().listDatabases();
    for (const { name } of databases) {
      const log = client.db(name).collection("backup_audit_log");
      const like = await log.findOne({}, { sort: { occurredAt: -1 } });
      if (like) {
        await log.insertOne({ ...like, _id: `${like._id}-${size}`, occurredAt: new Date() });
        break;
      }
    }
  } finally {
    await client.close();
  }
  for (let tries = 0; tries < 40; tries++) {
    const now = await (await page.request.get("/ledger/checkpoint")).text();
    if (Number(now.split("\n")[1]) > size) return;
    await page.waitForTimeout(250);
  }
  assert.fail("the ledger did not grow within 10 s");
}
