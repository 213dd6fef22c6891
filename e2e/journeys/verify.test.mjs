// Anybody checks a bundle on their own device: on /verify without a session, and in the page saved as one file, opened
// from the disk without a network. The report kept is the one `passmuster verify --json` prints.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import axe from "@axe-core/playwright";
import { context, session } from "../browser.mjs";
import { output, portal, root } from "../portal.mjs";

const AxeBuilder = axe.default ?? axe;
const binary = process.env.PASSMUSTER_BIN ?? join(root, "target/debug/passmuster");

let folder;
const files = {};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "passmuster-verify-"));
  const owner = await context({ storageState: await session("owner") });
  const keep = async (name, bytes) => writeFile((files[name] = join(folder, name)), bytes);
  // The older of two bundles, and the newer one that continues it.
  for (const name of ["older.zip", "bundle.zip"]) {
    const made = await owner.request.post("/evidence/make", {
      form: { period: "audit" }, headers: { origin: (await portal()).url }, maxRedirects: 0, timeout: 120_000,
    });
    const id = new URL(made.headers().location, "http://x").searchParams.get("made");
    await keep(name, await (await owner.request.get(`/evidence/${id}/download`)).body());
  }
  const anchors = await (await owner.request.get("/evidence/anchors.json")).json();
  await keep("anchors.json", JSON.stringify(anchors));
  await keep("others.json", JSON.stringify({ ...anchors, rootSha256: "ab".repeat(32) }));
  await keep("broken.json", JSON.stringify({ ...anchors, rootSha256: "no digest" }));
  await keep("altered.zip", await altered());
  await keep("letter.zip", "Dear auditor, the bundle follows by separate mail.\n");
  await owner.close();
});
after(() => folder && rm(folder, { recursive: true, force: true }));

test("a bundle dropped on /verify is verified off the main thread, and the report is the program’s own", async (t) => {
  const page = await open(t, "/verify");
  const served = await page.request.get("/pkg/verify-worker.js");
  assert.match(served.headers()["content-security-policy"], /default-src 'none'.*connect-src 'none'/);
  const worker = page.workers()[0] ?? (await page.waitForEvent("worker"));
  while (!(await worker.evaluate(() => typeof self.onmessage === "function"))) await page.waitForTimeout(50);
  await page.context().setOffline(true);
  await drop(page, "Bundle", files["bundle.zip"]);
  await page.getByLabel(/^anchors.json/).setInputFiles(files["anchors.json"]);
  await page.getByLabel(/^An older bundle/).setInputFiles(files["older.zip"]);
  // On the main thread the check would be one gap between two frames.
  const drawn = await page.evaluate(async () => {
    const began = performance.now();
    let [last, gap] = [began, 0];
    document.getElementById("verify-start").click();
    while (document.getElementById("verify-found").hidden) {
      await new Promise(requestAnimationFrame);
      gap = Math.max(gap, performance.now() - last);
      last = performance.now();
    }
    return { gap, ms: last - began };
  });
  assert.ok(drawn.gap < drawn.ms / 2, `nothing was drawn for ${drawn.gap} of ${drawn.ms} ms`);
  await answer(page, "This bundle is verified");
  const said = await page.locator("#verify-found").innerText();
  assert.match(said, /All\s+\d+ checks pass, against the keys in your anchors/);
  assert.match(said, /Its first [\d\s]+ entries are those of the older bundle/);
  assert.match(said, /no cryptography shows an event nobody wrote down/);
  assert.doesNotMatch(said, /without anchors|fails/);
  await same(page, ["bundle.zip", "--anchors", "anchors.json", "--previous", "older.zip"]);
  // Still without a network, the next one.
  await check(page, "altered.zip");
  await answer(page, "This bundle is not verified");
});

for (const [what, names, title, says] of [
  ["one byte altered", ["altered.zip", "anchors.json"], "This bundle is not verified", /data\/gaps\.jsonl was altered/],
  ["anchors of another company", ["bundle.zip", "others.json"], "This bundle is not verified", /another root .* than the one your anchors name/],
  ["a newer bundle as the older one", ["older.zip", "anchors.json", "bundle.zip"], "This bundle is not verified", /rolled back/i],
  ["no anchors", ["bundle.zip"], "This bundle is verified", /whose keys they are is not proven without anchors/],
  ["not a bundle at all", ["letter.zip"], "This file could not be read", /not a ZIP file/i],
]) {
  test(`${what}: the page says so, as the program does`, async (t) => {
    const page = await open(t, "/verify");
    const [bundle, anchors, previous] = names;
    await check(page, bundle, anchors, previous);
    await answer(page, title);
    assert.match(await page.getByRole("main").innerText(), says);
    await same(page, [bundle, ...(anchors ? ["--anchors", anchors] : []), ...(previous ? ["--previous", previous] : [])]);
  });
}

test("anchors that are none check nothing, and nothing of the check before stays", async (t) => {
  const page = await open(t, "/verify");
  await check(page, "bundle.zip", "anchors.json");
  await answer(page, "This bundle is verified");
  await check(page, "bundle.zip", "broken.json");
  await answer(page, "This bundle was not checked");
  const said = await page.getByRole("main").innerText();
  assert.match(said, /rootSha256 is not 64 lower-case hex digits[^]*Nothing is proven either way/);
  assert.doesNotMatch(said, /passes|Keep the report/);
});

test("without script the page says what to do instead", async (t) => {
  const page = await open(t, "/verify", { javaScriptEnabled: false });
  assert.match(await page.getByRole("main").innerText(), /script is off here[^]*openssl cms -verify[^]*echo complete/);
});

test("the page saved as one file has the published digest and verifies from the disk without a network", async (t) => {
  const page = await open(t, "/verify");
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "passmuster-verify.html" }).click(),
  ]);
  const saved = join(folder, download.suggestedFilename());
  await download.saveAs(saved);
  const published = (await page.locator("#verify-sha256").innerText()).replaceAll(/\s/g, "");
  assert.equal(createHash("sha256").update(await readFile(saved)).digest("hex"), published);

  for (const [colorScheme, width] of [["light", 1440], ["dark", 390]]) {
    const alone = await open(t, pathToFileURL(saved).href, { offline: true, colorScheme, viewport: { width, height: 900 } });
    const asked = [];
    alone.on("request", (request) => !request.url().startsWith("blob:") && asked.push(request.url()));
    await check(alone, "altered.zip", "anchors.json", "older.zip");
    await answer(alone, "This bundle is not verified");
    assert.match(await alone.getByRole("main").innerText(), /data\/gaps\.jsonl was altered/);
    await check(alone, "bundle.zip", "anchors.json", "older.zip");
    await answer(alone, "This bundle is verified");
    await same(alone, ["bundle.zip", "--anchors", "anchors.json", "--previous", "older.zip"]);
    assert.deepEqual(asked, []);
    await looked(alone, `verify-file-${width}-${colorScheme}`, width);
    const connects = await alone.evaluate(() => fetch("https://example.org/").then(() => "yes", () => "no"));
    assert.equal(connects, "no");
  }
});

for (const [colorScheme, width, bundle] of [
  ["light", 1440, "bundle.zip"], ["dark", 1440, "altered.zip"], ["light", 390, "altered.zip"], ["dark", 390, "bundle.zip"],
]) {
  test(`the result at ${width} in ${colorScheme} has nothing for axe to say`, async (t) => {
    const storageState = width === 1440 ? await session("auditor") : undefined;
    const page = await open(t, "/verify", { storageState, colorScheme, viewport: { width, height: 900 } });
    await check(page, bundle, "anchors.json", "older.zip");
    await answer(page, /^This bundle is/);
    await looked(page, `verify-result-${width}-${colorScheme}`, width);
  });
}

/** A page of nobody signed in; whatever the browser complains of fails the test. */
async function open(t, address, options = {}) {
  const seen = await context(options);
  const page = await seen.newPage();
  const said = [];
  // The one attempt to connect that a test makes is refused by the page's policy, and the console says so.
  page.on("console", (message) => message.type() === "error" && !/example\.org/.test(message.text()) && said.push(message.text()));
  page.on("requestfailed", (request) => said.push(request.url()));
  page.on("pageerror", (error) => said.push(String(error)));
  t.after(async () => {
    await seen.close();
    assert.deepEqual(said, []);
  });
  await page.goto(address);
  await page.waitForLoadState();
  return page;
}

async function drop(page, label, file) {
  const held = await page.evaluateHandle(
    ({ text, name }) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name, { type: "application/zip" }));
      return transfer;
    },
    { text: (await readFile(file)).toString("base64"), name: "bundle.zip" },
  );
  const field = page.locator(".drop").filter({ has: page.getByLabel(label, { exact: true }) });
  for (const type of ["dragenter", "dragover", "drop"]) await field.dispatchEvent(type, { dataTransfer: held });
}

async function check(page, bundle, anchors, previous) {
  await page.getByLabel("Bundle", { exact: true }).setInputFiles(files[bundle]);
  await page.getByLabel(/^anchors.json/).setInputFiles(anchors ? files[anchors] : []);
  await page.getByLabel(/^An older bundle/).setInputFiles(previous ? files[previous] : []);
  await page.getByRole("button", { name: "Check this bundle" }).press("Enter");
}

async function answer(page, title) {
  await page.getByRole("heading", { level: 1, name: title }).waitFor({ timeout: 60_000 });
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "H1", "the verdict has the focus");
  assert.match(await page.getByRole("status").textContent(), /erified|read|checked/);
}

/** Both reports kept from the page equal what the program prints for the same files. */
async function same(page, [bundle, ...rest]) {
  const named = rest.map((arg) => files[arg] ?? arg);
  for (const [link, extra] of [["Keep the report, JSON", ["--json"]], ["as text", []]]) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: link }).click()]);
    assert.match(download.suggestedFilename(), /-report\.(json|txt)$/);
    const kept = await readFile(await download.path(), "utf8");
    const printed = spawnSync(binary, ["verify", files[bundle], ...named, ...extra], { encoding: "utf8" });
    assert.equal(kept, printed.stdout);
    assert.equal(printed.status === 0, (await page.title()).startsWith("This bundle is verified"));
  }
}

async function looked(page, name, width) {
  await page.screenshot({ path: join(output, `${name}.png`), fullPage: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= width, `the page is ${wide} wide`);
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0].html.slice(0, 200)}`), []);
}

/** The bundle with one byte of data/gaps.jsonl changed and the ZIP's own sums put right, as a careful forger would. */
async function altered() {
  const program = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as given, zipfile.ZipFile(sys.argv[2], "w") as made:
    for info in given.infolist():
        content = bytearray(given.read(info))
        if info.filename.endswith("/data/gaps.jsonl"):
            content[len(content) // 2] ^= 1
        made.writestr(info, bytes(content))
`;
  const forged = join(folder, "forged.zip");
  const made = spawnSync("python3", ["-c", program, files["bundle.zip"], forged], { encoding: "utf8" });
  assert.equal(made.status, 0, made.stderr);
  return readFile(forged);
}
