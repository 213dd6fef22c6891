// One Chromium for the whole ring, and people signed in with their one-time links.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import AxeBuilderModule from "@axe-core/playwright";
import { chromium } from "playwright-core";
import { atEnd, output, portal } from "./portal.mjs";

const AxeBuilder = AxeBuilderModule.default ?? AxeBuilderModule;

let launching;
const sessions = new Map();

function browser() {
  launching ??= chromium
    .launch({
      executablePath: process.env.PASSMUSTER_CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
      ],
    })
    .then((launched) => {
      atEnd(() => launched.close());
      return launched;
    });
  return launching;
}

/** A fresh context on the portal; `options` are Playwright's, desktop size unless told. */
export async function context(options = {}) {
  const { url } = await portal();
  const made = await (await browser()).newContext({ baseURL: url, viewport: { width: 1440, height: 1000 }, ...options });
  // What is not there after 10 s on loopback is not coming.
  made.setDefaultTimeout(10_000);
  return made;
}

/** Opens the role's one-time link, once in the whole run, and answers the cookies it gave. */
export function session(role) {
  if (!sessions.has(role)) sessions.set(role, signIn(role));
  return sessions.get(role);
}

async function signIn(role) {
  const { links } = await portal();
  const fresh = await context();
  const page = await fresh.newPage();
  await openLink(page, links[role]);
  const state = await fresh.storageState();
  await fresh.close();
  return state;
}

/** Follows a one-time link; where it leads to a page that asks for one press, presses it. */
export async function openLink(page, link) {
  await page.goto(link);
  const press = page.locator("main form button[type=submit]");
  if (new URL(page.url()).pathname === "/sign-in" && (await press.count())) {
    await Promise.all([page.waitForEvent("framenavigated"), press.first().click()]);
    await page.waitForLoadState();
  }
}

/** A page of somebody signed in. */
export async function pageAs(role, options = {}) {
  const signed = await context({ storageState: await session(role), ...options });
  return signed.newPage();
}

/** Somebody new, by the owner's hand; the link. */
export async function invited(name, role = "Operator") {
  const owner = await pageAs("owner");
  await owner.goto("/settings/people#invite");
  await owner.getByLabel("Name, as it will stand on records").fill(name);
  await owner.getByLabel("E-mail address").fill(`${name.toLowerCase().replaceAll(" ", "-")}@cartie.example`);
  await owner.getByRole("radio", { name: new RegExp(`^${role}`) }).check();
  await owner.getByRole("button", { name: "Make an invitation" }).click();
  const link = await owner.locator("#invited-link").innerText();
  await owner.context().close();
  return link;
}

/**
 * Gives a page the device of a person: one that holds passkeys and knows its owner. Before any press of a passkey
 * button: headless Chromium without one ends with all its pages.
 */
export async function authenticator(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable", { enableUI: false });
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    verified: (isUserVerified) => cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }),
    credentials: async () => (await cdp.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    add: (credential) => cdp.send("WebAuthn.addCredential", { authenticatorId, credential }),
  };
}

/** At both widths, in light and dark: nothing for axe to find, nothing too wide; a picture of each in e2e/output. */
export async function looksRight(page, name) {
  await mkdir(output, { recursive: true });
  for (const width of [1440, 390]) {
    for (const colorScheme of ["light", "dark"]) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      // Links change their colour within 120 ms.
      await page.evaluate(() => Promise.allSettled(document.getAnimations().map((one) => one.finished)));
      const found = await new AxeBuilder({ page }).analyze();
      assert.deepEqual(found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target)}`), []);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${width}: ${wide} px too wide`);
      await page.screenshot({ path: join(output, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
}
