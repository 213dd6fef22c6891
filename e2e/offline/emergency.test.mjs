// The worst hour: a phone that was online yesterday works a loss to the end with the portal and its database stopped;
// the browser is killed in the middle; a day later everything is in the registry, once. Then two phones on one loss, a
// clock that is wrong, a kit that was altered, a device without room, and an older worker that meets a newer portal.
import assert from "node:assert/strict";
import { cp, mkdtemp, rm, appendFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { chromium } from "playwright-core";
import { looksRight, openLink } from "../browser.mjs";
import { demo, freePort, root } from "../portal.mjs";

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const folders = [];
const devices = [];
let company;

after(async () => {
  for (const opened of devices) await opened.close().catch(() => {});
  await company?.running?.stop();
  for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function folder(name) {
  const made = await mkdtemp(join(tmpdir(), `passmuster-${name}-`));
  folders.push(made);
  return made;
}

/** The company's portal: started where it is not, on the same data and port. */
async function portal(env) {
  company ??= { data: await folder("company"), port: await freePort() };
  company.running ??= await demo({ ...company, env });
  return company.running;
}

async function stop() {
  await company.running.stop();
  company.running = undefined;
}

/** A device with a memory of its own: killed and opened again it is the same. */
async function device(profile) {
  const url = `http://localhost:${company.port}`;
  const opened = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.PASSMUSTER_CHROMIUM ?? "/usr/bin/chromium", args, baseURL: url, ...phone,
  });
  opened.setDefaultTimeout(15_000);
  devices.push(opened);
  return opened;
}

const ready = (page) => page.waitForFunction(() => document.documentElement.dataset.desk === "ready");
const desk = (page) => page.locator("#desk");

/** The cookies of somebody signed in; a link works once. */
const seats = new Map();
async function seat(role) {
  if (seats.has(role)) return seats.get(role);
  const { links } = await portal();
  const opened = await device(await folder("seat"));
  await openLink(await opened.newPage(), links[role]);
  seats.set(role, await opened.cookies());
  await opened.close();
  return seats.get(role);
}

/** Signed in, and Emergency opened once while the portal answers. */
async function prepared(role = "owner") {
  await portal();
  const cookies = await seat(role);
  const profile = await folder("phone");
  const opened = await device(profile);
  await opened.addCookies(cookies);
  const page = await opened.newPage();
  await page.goto("/emergency");
  await ready(page);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.reload();
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  return { profile, opened, page };
}

async function declare(page, loss, what) {
  await desk(page).getByRole("radio", { name: loss }).check();
  await desk(page).getByLabel("What exactly, and where").fill(what);
  await desk(page).getByRole("button", { name: "Declare the loss" }).click();
  await desk(page).locator(".elapsed").waitFor();
}

async function tick(page, says) {
  await desk(page).getByRole("button", { name: says }).click();
  await desk(page).locator("li.taken", { hasText: says }).waitFor();
}

const incidentOf = (page) => desk(page).locator("input[name=incident]").first().inputValue();
const minute = (ms) => new Date(ms).toISOString().slice(0, 16);

test("the browser would install it: manifest, icons, worker", async (t) => {
  const { opened, page } = await prepared();
  t.after(() => opened.close());
  const cdp = await opened.newCDPSession(page);
  const { installabilityErrors } = await cdp.send("Page.getInstallabilityErrors");
  assert.deepEqual(installabilityErrors.map((e) => e.errorId).filter((id) => id !== "in-incognito"), []);
  const { errors, data } = await cdp.send("Page.getAppManifest");
  assert.deepEqual(errors, []);
  const manifest = JSON.parse(data);
  assert.equal(manifest.start_url, "/");
  assert.ok(manifest.icons.some((icon) => icon.purpose === "maskable"));
  for (const { src } of manifest.icons) assert.equal((await page.request.get(src)).status(), 200, src);
});

test("with portal and database stopped a loss is worked to the end, and a killed browser forgets nothing", async (t) => {
  const { profile, opened } = await prepared();
  await stop();
  await opened.close();

  // A cold start from the icon: the manifest's start address, and nothing answers.
  let killed = await device(profile);
  let page = await killed.newPage();
  await page.goto("/");
  await ready(page);
  assert.match(await page.locator("#copy").innerText(), /^offline copy 1\.0, saved /);
  assert.equal(await page.locator("#notice").innerText(), "");
  await looksRight(page, "emergency-offline");
  await page.setViewportSize(phone.viewport);
  await declare(page, /A single collection emptied/, "orders of alder-books is empty");
  const incident = await incidentOf(page);
  assert.match(incident, /^I-\d{8}-\d{4}-[0-9a-f]{4}$/);
  await desk(page).getByLabel("When it was lost, UTC").fill(minute(Date.now() - 6 * 60_000));
  await desk(page).getByRole("button", { name: "Note it" }).click();
  await desk(page).getByText("Lost at").first().waitFor();
  const points = desk(page).getByLabel("Recovery point");
  assert.ok((await points.locator("option").count()) > 3, "the kit names recovery points");
  await points.selectOption({ index: 1 });
  await desk(page).getByRole("button", { name: "Choose it" }).click();
  await desk(page).getByText("To be restored:").first().waitFor();
  assert.equal(await desk(page).locator("#step-swap button").count(), 0, "the swap is locked");
  assert.match(await desk(page).locator("#step-swap").innerText(), /Locked until staging is verified, with a count/);
  await tick(page, /Stop what does the harm/);
  await tick(page, /Restore it to staging/);

  // The battery dies.
  const cdp = await killed.newCDPSession(page);
  await cdp.send("Browser.crash").catch(() => {});
  await killed.close().catch(() => {});
  killed = await device(profile);
  t.after(() => killed.close());
  page = await killed.newPage();
  await page.goto("/emergency");
  await ready(page);
  assert.equal(await incidentOf(page), incident);
  assert.equal(await desk(page).locator("li.taken", { hasText: "Restore it to staging" }).count(), 1);
  assert.match(await desk(page).innerText(), /5 entries wait for a connection/);
  await desk(page).getByLabel("Counted in staging").fill("3412");
  await desk(page).getByRole("button", { name: "Staging is verified" }).click();
  await desk(page).getByText("3 412 counted").first().waitFor();
  await tick(page, /Swap: put what was verified/);
  await tick(page, /Check production/);
  await tick(page, /Tell the tenants concerned/);
  await desk(page).getByLabel(/Write it into the registry/).fill("A release emptied orders. <b>Restored</b> from a snapshot.");
  await desk(page).getByRole("button", { name: "Into the registry" }).click();
  await desk(page).getByText("Written into the registry").first().waitFor();
  assert.match(await desk(page).innerText(), /met, [\s\S]*Restored in [\d.]+ (s|min) of 2 h promised/);
  await page.goto("/runbook");
  await ready(page);
  assert.match(await desk(page).innerText(), /MongoDB Backup & Recovery Runbook[\s\S]*never straight over production[\s\S]*Whom to call/);
  await looksRight(page, "runbook-offline");
  await page.setViewportSize(phone.viewport);
  await page.goto("/drills");
  assert.match(await page.title(), /Emergency/, "without the portal every page is the desk");

  // Back again: everything is brought, each act once, and stands in the registry.
  await portal();
  await page.goto(`/emergency?incident=${incident}`);
  await ready(page);
  await page.waitForFunction(() => !document.getElementById("desk").innerText.includes("wait for a connection"));
  await page.goto("/incidents");
  const row = page.getByRole("main").getByRole("row", { name: new RegExp(incident) });
  assert.equal(await row.count(), 1);
  assert.match(await row.innerText(), /over[\s\S]*not accounted for/);
  assert.match(await row.innerText(), /ten acts were written without a connection|10 acts were written without a connection/i);
  await row.getByRole("link").first().click();
  const acts = page.locator("table.log tbody tr");
  assert.equal(await acts.count(), 10);
  assert.equal(await acts.filter({ hasText: /№/ }).count(), 10, "each sealed, once");
  assert.match(await page.getByRole("main").innerText(), /Staging verified, 3.412 counted[\s\S]*Written without a connection; the portal learned of it on/);
  await page.reload();
  assert.equal(await acts.count(), 10);
  await looksRight(page, "incident");
  await page.goto("/incidents");
  await looksRight(page, "incidents");
});

test("two phones without a connection work one loss, and both are told everything", async (t) => {
  const [one, two] = [await prepared("owner"), await prepared("operator")];
  t.after(() => Promise.all([one.opened.close(), two.opened.close()]));
  const cut = (device) => device.opened.route("**/emergency/**", (route) => route.abort("internetdisconnected"));
  await cut(one);
  await cut(two);
  await one.page.goto("/emergency?incident=new");
  await ready(one.page);
  await two.page.goto("/emergency?incident=new");
  await ready(two.page);
  await declare(one.page, /A single document corrupted/, "invoice 7 of fern-labs");
  await declare(two.page, /A single document corrupted/, "an invoice of fern-labs");
  await tick(one.page, /Stop what does the harm/);
  await tick(two.page, /Tell the tenants concerned/);
  const [first, second] = [await incidentOf(one.page), await incidentOf(two.page)];
  await one.opened.unroute("**/emergency/**");
  await two.opened.unroute("**/emergency/**");
  await one.page.reload();
  await ready(one.page);
  await two.page.goto(`/emergency?incident=${second}`);
  await ready(two.page);
  const same = desk(two.page).locator("form.also", { hasText: "invoice 7" });
  await same.getByRole("button", { name: /It is the same loss/ }).click();
  await desk(two.page).getByText(`The same loss as ${first}`).waitFor();
  await one.page.goto(`/emergency?incident=${first}`);
  await ready(one.page);
  for (const page of [one.page, two.page]) {
    await desk(page).locator("li.taken", { hasText: "Stop what does the harm" }).waitFor();
    await desk(page).locator("li.taken", { hasText: "Tell the tenants" }).waitFor();
  }
  await one.page.goto("/incidents");
  const rows = one.page.getByRole("row", { name: /of fern-labs/ });
  assert.equal(await rows.count(), 1, "one loss");
  await one.page.goto(`/incidents/${second}`);
  assert.equal(await one.page.locator("table.log tbody tr").count(), 5, "nothing of either is lost");
});

test("a clock that is three hours ahead is told, corrected, and kept", async (t) => {
  const { opened, page } = await prepared();
  t.after(() => opened.close());
  await opened.route("**/emergency/**", (route) => route.abort("internetdisconnected"));
  await page.clock.install({ time: Date.now() + 3 * 3_600_000 });
  await page.goto("/emergency?incident=new");
  await ready(page);
  await declare(page, /Everything lost/, "the whole account is closed");
  const shown = await desk(page).locator(".elapsed").innerText();
  assert.match(shown, /^0:\d\d$/, "the clocks run from the declaration all the same");
  await opened.unroute("**/emergency/**");
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await page.locator("#notice").getByText(/clock is 3 h ahead; times here go by the portal/).waitFor();
  assert.match(await desk(page).locator(".elapsed").innerText(), /^[0-2]:\d\d$/);
  const incident = await incidentOf(page);
  await desk(page).getByText(/№ \d+, written offline/).waitFor();
  await page.goto(`/incidents/${incident}`);
  assert.match(await page.locator("table.log").innerText(), /The device’s clock said .* UTC: it was (3 h|2 h 59 m) ahead/);
});

test("an altered kit is not shown, and the copy beside it is", async (t) => {
  const { opened, page } = await prepared();
  t.after(() => opened.close());
  await opened.route("**/emergency/**", (route) => route.abort("internetdisconnected"));
  const alter = () => page.evaluate(async () => {
    const db = await new Promise((resolve) => { const o = indexedDB.open("passmuster", 1); o.onsuccess = () => resolve(o.result); });
    await new Promise((resolve) => {
      const transaction = db.transaction("kept", "readwrite");
      const kept = transaction.objectStore("kept");
      const read = kept.get("kit");
      read.onsuccess = () => kept.put({ ...read.result, kit: read.result.kit.replace("never straight over production", "straight over production") }, "kit");
      transaction.oncomplete = resolve;
    });
    db.close();
  });
  await alter();
  await page.goto("/runbook-of-nothing").catch(() => {});
  await page.goto("/emergency");
  await ready(page);
  await page.locator("#notice").getByText(/was altered and is not shown: its signature does not hold\. Shown is the copy kept beside it/).waitFor();
  await page.evaluate(async () => {
    const cache = await caches.open("kit");
    const envelope = await (await cache.match("/emergency/kit.json")).json();
    await cache.put("/emergency/kit.json", new Response(JSON.stringify({ ...envelope, kit: envelope.kit.replace("1", "2") })));
  });
  await page.reload();
  await page.locator("#notice").getByText(/Work from the printed kit/).waitFor();
  await opened.unroute("**/emergency/**");
  await page.reload();
  await ready(page);
  assert.equal(await page.locator("#notice").innerText(), "", "a fresh one from the portal mends it");
});

test("a device without room says that nothing was kept, and what was kept before is there", async (t) => {
  const { profile, opened, page: before } = await prepared();
  await before.goto("/emergency?incident=new");
  await ready(before);
  await declare(before, /The whole cluster lost/, "the region is gone");
  await desk(before).getByText(/№ \d+/).first().waitFor();
  await opened.close();
  const full = await device(profile);
  let page = await full.newPage();
  const cdp = await full.newCDPSession(page);
  await cdp.send("Storage.overrideQuotaForOrigin", { origin: `http://localhost:${company.port}`, quotaSize: 1 });
  await page.goto("/emergency");
  await ready(page);
  const note = "x".repeat(1900);
  await desk(page).getByLabel("A note for the timeline").fill(note);
  await desk(page).getByRole("button", { name: "Add the note" }).click();
  await page.locator("#notice [role=alert]").getByText(/no room left: the entry was NOT kept/).waitFor();
  assert.equal(await desk(page).locator(".acts li").count(), 1, "what is not kept is not shown as done");
  assert.equal(await desk(page).getByLabel("A note for the timeline").inputValue(), note, "and its words are not lost");
  await full.close();
  const again = await device(profile);
  t.after(() => again.close());
  page = await again.newPage();
  await page.goto("/emergency");
  await ready(page);
  await desk(page).getByText("the region is gone").first().waitFor();
});

test("nobody signs out over what is not brought, and a sign-out leaves nothing", async (t) => {
  const { opened, page } = await prepared("operator");
  t.after(() => opened.close());
  await opened.route("**/emergency/acts", (route) => route.abort("internetdisconnected"));
  await page.goto("/emergency");
  await ready(page);
  await desk(page).getByLabel("A note for the timeline").fill("Only on this phone.");
  await desk(page).getByRole("button", { name: "Add the note" }).click();
  await desk(page).getByText("waits for a connection").first().waitFor();
  await page.goto("/settings");
  await page.getByRole("button", { name: "More" }).click();
  await page.locator("#more").getByRole("button", { name: "Sign out" }).click();
  await page.getByText("One entry of an incident is on this device alone.").waitFor();
  await opened.unroute("**/emergency/acts");
  await page.getByRole("link", { name: "Open Emergency" }).click();
  await ready(page);
  await page.waitForFunction(() => !document.getElementById("desk").innerText.includes("waits for a connection"));
  await page.getByRole("button", { name: "More" }).click();
  await page.locator("#more").getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(/\/sign-in/);
  const left = await page.evaluate(async () => ({
    bases: (await indexedDB.databases()).map((db) => db.name),
    kits: (await caches.keys()).filter((name) => name === "kit"),
  }));
  assert.deepEqual(left, { bases: [], kits: [] });
});

test("an older worker meets a newer portal: it says so, and the newer one takes over when asked", async (t) => {
  const { profile, opened } = await prepared();
  await opened.close();
  await stop();
  const site = join(await folder("site"), "site");
  await cp(join(root, "target/site"), site, { recursive: true });
  await appendFile(join(site, "pkg/passmuster.css"), "\n/* newer */\n");
  await rm(join(site, "pkg/passmuster.css.gz"), { force: true });
  await rm(join(site, "pkg/passmuster.css.br"), { force: true });
  await portal({ LEPTOS_SITE_ROOT: site });
  const again = await device(profile);
  t.after(() => again.close());
  const page = await again.newPage();
  await page.goto("/emergency");
  const before = await page.evaluate(() => caches.keys());
  await page.getByRole("button", { name: "Use it now" }).click();
  await page.waitForFunction((old) => caches.keys().then((now) => now.some((name) => name.startsWith("shell-") && !old.includes(name)) && now.filter((name) => name.startsWith("shell-")).length === 1), before.slice(0, 1));
  await ready(page);
  assert.equal(await page.locator("[data-newer]").count(), 0);
});
