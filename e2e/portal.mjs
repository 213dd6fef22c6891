// Starts one portal with the demo company for all files of the ring, on a free port and a fresh data folder,
// and ends it afterwards. The binary is target/debug/passmuster; PASSMUSTER_BIN names another.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { startPost } from "./post.mjs";
import { client, startProvider } from "./provider.mjs";

export const root = fileURLToPath(new URL("..", import.meta.url));
export const output = join(root, "e2e/output");

// The demo makes its databases and runs one drill before it is ready: 4 minutes on a slow, busy machine.
const startLimit = 240_000;
// It tears down a mongod of its own after SIGINT.
const stopLimit = 30_000;

export const binary = process.env.PASSMUSTER_BIN ?? join(root, "target/debug/passmuster");

/** What passmuster says of what is piped into it, and how it ended. */
export function piped(args, input) {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, { stdio: ["pipe", "pipe", "pipe"] });
    let said = "";
    child.stdout.on("data", (part) => { said += part; });
    child.stderr.on("data", (part) => { said += part; });
    child.on("error", reject);
    child.on("exit", (code) => resolve({ code, said }));
    child.stdin.end(input);
  });
}

let starting;
const closing = [];

// A hook registered inside a test would run when that test ends, so there is one for the whole file.
after(async () => {
  for (const close of closing.reverse()) await close();
});

/** What must be closed when the ring ends; last opened, first closed. */
export function atEnd(close) {
  closing.push(close);
}

/** The running portal: `{ url, links: { owner, operator, auditor }, mongodbUri, token, data, letter }`. */
export function portal() {
  starting ??= start();
  return starting;
}

/** A port of the loopback that nobody listens on. */
export async function freePort() {
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

async function start() {
  const data = await mkdtemp(join(tmpdir(), "passmuster-e2e-"));
  const port = await freePort();
  const post = await startPost(root);
  const provider = await startProvider(`http://localhost:${port}`);
  atEnd(post.close);
  atEnd(provider.close);
  const running = await demo({ data, port, env: {
    PASSMUSTER_MAIL__FROM: "Evidence <evidence@cartie.example>",
    PASSMUSTER_MAIL__HOST: "127.0.0.1",
    PASSMUSTER_MAIL__PORT: String(post.port),
    PASSMUSTER_MAIL__TLS: "none",
    PASSMUSTER_OIDC__ISSUER: provider.issuer,
    PASSMUSTER_OIDC__CLIENT_ID: client.id,
    PASSMUSTER_OIDC__CLIENT_SECRET: client.secret,
    PASSMUSTER_OIDC__NAME: "Cartie ID",
  } });
  atEnd(async () => {
    await running.stop();
    await rm(data, { recursive: true, force: true, maxRetries: 5 });
  });
  return { ...running, letter: post.letter };
}

/**
 * A portal with the demo company on a data folder, which it keeps, and a port:
 * `{ url, links, mongodbUri, token, data, stop }`. `stop` ends it and its mongod.
 */
export async function demo({ data, port, env = {} }) {
  assert.ok(existsSync(binary), `${binary} is missing: run make test, or cargo build -p server`);
  const child = spawn(binary, ["demo", "--json", "--listen", `127.0.0.1:${port}`, "--data", data], {
    cwd: root,
    env: { LEPTOS_SITE_ROOT: join(root, "target/site"), ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? code)));
  let log = "";
  let mongod;
  child.stderr.on("data", (chunk) => (log = (log + chunk).slice(-20_000)));

  // Whatever ends this process, the portal is told to end too.
  const last = () => child.kill("SIGINT");
  process.once("exit", last);
  const stop = async () => {
    const hard = setTimeout(() => child.kill("SIGKILL"), stopLimit);
    child.kill("SIGINT");
    const how = await ended;
    clearTimeout(hard);
    process.off("exit", last);
    assert.equal(how, 0, `the portal did not end cleanly on SIGINT (${how}):\n${log}`);
    if (mongod) assert.ok(!(await listens(mongod)), `a mongod is left on ${mongod}`);
  };

  const ready = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => line.startsWith("{") && resolve(line));
  });
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, startLimit)));
  const line = await Promise.race([ready, ended.then(() => undefined), late]);
  clearTimeout(timer);
  assert.ok(line, `the portal was not ready:\n${log}`);
  const said = JSON.parse(line);
  mongod = new URL(said.mongodbUri).host;
  return { ...said, data, stop };
}

/** Whether anything accepts connections at "host:port". */
function listens(address) {
  const { hostname, port } = new URL(`tcp://${address}`);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
