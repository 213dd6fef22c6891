// Amazon's own command line asks a service that answers as Amazon would (moto), and what it prints is piped in: a
// snapshot shared with everybody, a key about to be deleted and a bucket whose versions are suspended are named with
// their findings; mended, they close by themselves.
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { pageAs } from "../browser.mjs";
import { binary, freePort, piped, portal, root } from "../portal.mjs";

const run = promisify(execFile);

/** Amazon, as far as moto goes: `aws(service, …)` gives what the command line prints. */
async function amazon(t) {
  const bin = execFileSync(join(root, "tools/aws"), { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
  const port = await freePort();
  const server = spawn(join(bin, "moto_server"), ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  t.after(() => server.kill());
  const url = `http://127.0.0.1:${port}`;
  for (let looks = 0; ; looks++) {
    if (await fetch(`${url}/moto-api/`).then((a) => a.ok, () => false)) break;
    assert.ok(looks < 120, "moto does not answer");
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const env = { ...process.env, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_DEFAULT_REGION: "us-east-1" };
  return async (...args) =>
    (await run(join(bin, "aws"), ["--endpoint-url", url, "--output", "json", ...args], { env, maxBuffer: 64 << 20 })).stdout;
}

test("what Amazon's own command line prints comes to findings, and mended they close", async (t) => {
  const { url, data } = await portal();
  const aws = await amazon(t);
  const work = await mkdtemp(join(tmpdir(), "passmuster-aws-"));
  t.after(() => rm(work, { recursive: true, force: true }));
  const made = await run(binary, ["--config", join(data, "passmuster.toml"), "token", "new", "--name", "aws-cron",
    "--scope", "imports:write"]);
  const token = join(work, "token");
  await writeFile(token, made.stdout.match(/pm_[\w-]+/)[0], { mode: 0o600 });
  const bring = async (kind, resource, ...args) => {
    const { code, said } = await piped(["import", kind, "-", "--command", `aws ${args.join(" ")}`,
      ...(resource ? ["--resource", resource] : []), "--portal", url, "--token-file", token], await aws(...args));
    assert.equal(code, 0, said);
    return said;
  };

  await aws("rds", "create-db-instance", "--db-instance-identifier", "moto-orders", "--db-instance-class", "db.t3.micro",
    "--engine", "postgres", "--master-username", "somebody", "--master-user-password", "something-long",
    "--allocated-storage", "20", "--backup-retention-period", "7");
  await aws("rds", "create-db-snapshot", "--db-instance-identifier", "moto-orders", "--db-snapshot-identifier", "moto-orders-1");
  await aws("rds", "modify-db-snapshot-attribute", "--db-snapshot-identifier", "moto-orders-1", "--attribute-name",
    "restore", "--values-to-add", "all");
  const key = JSON.parse(await aws("kms", "create-key")).KeyMetadata.KeyId;
  await aws("kms", "schedule-key-deletion", "--key-id", key, "--pending-window-in-days", "7");
  await aws("s3api", "create-bucket", "--bucket", "moto-uploads");
  await aws("s3api", "put-bucket-versioning", "--bucket", "moto-uploads", "--versioning-configuration", "Status=Suspended");

  const shared = () => bring("rds-snapshot-attributes", undefined, "rds", "describe-db-snapshot-attributes", "--db-snapshot-identifier", "moto-orders-1");
  const keys = () => bring("kms-keys", undefined, "kms", "describe-key", "--key-id", key);
  const versions = () => bring("s3-bucket", "moto-uploads", "s3api", "get-bucket-versioning", "--bucket", "moto-uploads");
  assert.match(await bring("rds-instances", undefined, "rds", "describe-db-instances"), /1 fact/);
  assert.match(await bring("rds-snapshots", undefined, "rds", "describe-db-snapshots", "--db-instance-identifier", "moto-orders"), /fact/);
  for (const brought of [shared, keys, versions]) await brought();

  const page = await pageAs("operator");
  t.after(() => page.context().close());
  const judged = page.locator("#judged");
  const rows = [/moto-orders-1: open to everybody/, new RegExp(`${key}[\\s\\S]*delet`), /moto-uploads: its versioning is suspended/];
  const found = async (row) => judged.getByRole("row", { name: row }).getByRole("link", { name: /^F-/ }).count();
  for (let looks = 0; looks < 60; looks++) {
    await page.goto("/backups");
    if ((await Promise.all(rows.map(found))).every((n) => n === 1)) break;
    await page.waitForTimeout(500);
  }
  for (const row of rows) assert.equal(await found(row), 1, `${row} in ${await judged.innerText()}`);
  await page.goto("/datastores");
  await page.getByRole("main").getByRole("link", { name: "moto-orders", exact: true }).click();
  await page.getByRole("main").getByText("kept 7 days").first().waitFor();

  await aws("rds", "modify-db-snapshot-attribute", "--db-snapshot-identifier", "moto-orders-1", "--attribute-name",
    "restore", "--values-to-remove", "all");
  await aws("kms", "cancel-key-deletion", "--key-id", key);
  await aws("kms", "enable-key", "--key-id", key);
  await aws("s3api", "put-bucket-versioning", "--bucket", "moto-uploads", "--versioning-configuration", "Status=Enabled");
  for (const brought of [shared, keys, versions]) await brought();
  await page.goto("/backups");
  assert.match(await judged.innerText(), /moto-orders-1: shared with nobody/);
  assert.doesNotMatch(await judged.innerText(), /open to everybody|its versioning is suspended/);
});
