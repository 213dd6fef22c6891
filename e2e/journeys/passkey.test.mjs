// Somebody is invited, opens the link, registers a passkey with the device's own authenticator, signs out and in with
// it, finds it in the list, and revokes it, after which it opens nothing. On a desktop and on a phone.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import axe from "@axe-core/playwright";
import { authenticator, context, invited, openLink, pageAs } from "../browser.mjs";
import { output, portal } from "../portal.mjs";

const AxeBuilder = axe.default ?? axe;

for (const [what, width, height, colorScheme] of [["a desktop", 1440, 1000, "light"], ["a phone", 390, 844, "dark"]]) {
  test(`on ${what}, from an invitation to a passkey and to its end`, async (t) => {
    const view = { viewport: { width, height }, colorScheme };
    const name = `Ana ${width}`;
    const email = `ana-${width}@cartie.example`;
    const look = async (page, shot) => {
      await page.evaluate(() => document.fonts.ready);
      await page.screenshot({ path: join(output, `passkey-${shot}-${width}-${colorScheme}.png`), fullPage: true });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${shot} is ${wide} wide`);
      const { violations } = await new AxeBuilder({ page }).analyze();
      assert.deepEqual(violations.map(({ id, help, nodes }) => `${shot}: ${id}: ${help}: ${nodes[0].html.slice(0, 200)}`), []);
    };

    const owner = await pageAs("owner", view);
    t.after(() => owner.context().close());
    await owner.goto("/settings/people#invite");
    await owner.getByLabel("Name, as it will stand on records").fill(name);
    await owner.getByLabel("E-mail address").fill(email);
    await owner.getByRole("radio", { name: /^Operator/ }).check();
    await owner.getByRole("button", { name: "Make an invitation" }).click();
    await owner.waitForURL(/invited=1/);
    const link = await owner.locator("#invited-link").innerText();
    await look(owner, "invited");
    const letter = await (await portal()).letter(email, /^Sign in/);
    assert.ok(letter.text.includes(link) && letter.html.includes(link), "the mail has the same link");
    await owner.reload();
    assert.equal(await owner.locator("#invited-link").count(), 0, "the page shows it once");

    const page = await (await context(view)).newPage();
    t.after(() => page.context().close());
    const device = await authenticator(page);
    await openLink(page, link);
    assert.equal(new URL(page.url()).pathname, "/settings/passkeys/new", "led to a passkey");
    await look(page, "register");
    // Cancelled at the device, the page says so and can be used again.
    await device.verified(false);
    await page.getByRole("button", { name: "Register a passkey on this device" }).click();
    await page.getByText(/It was cancelled, or took too long. Nothing was changed/).waitFor();
    await device.verified(true);
    await page.getByLabel(/What you call it/).fill("Pocket");
    await page.getByRole("button", { name: "Register a passkey on this device" }).click();
    await page.waitForURL((url) => url.pathname === "/");
    assert.equal((await device.credentials()).length, 1);
    assert.match((await (await portal()).letter(email, /passkey/)).text, /A passkey named “Pocket” was registered/);

    await signOut(page, width);
    await look(page, "sign-in");
    await page.goto("/sign-in?to=%2Fdrills");
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.waitForURL((url) => url.pathname === "/drills");

    // The same device does not hold two.
    await page.goto("/settings/passkeys/new");
    await page.getByRole("button", { name: "Register a passkey on this device" }).click();
    await page.getByText(/This device holds a passkey of yours already/).waitFor();

    await page.goto("/settings");
    const main = page.getByRole("main");
    await main.getByText("You hold one passkey").waitFor();
    assert.match(await main.innerText(), /by passkey “Pocket”/);
    await look(page, "settings");
    await main.locator("summary").click();
    await look(page, "revoke");
    await main.getByRole("button", { name: "Revoke “Pocket”" }).click();
    await page.waitForURL(/done=revoked/);
    await look(page, "revoked");

    await signOut(page, width);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByText(/This passkey is not known here, or was revoked. Nobody was signed in/).waitFor();
    await look(page, "refused");

    // Removed, the person is gone from the list and their link opens nothing.
    await owner.goto("/settings/people");
    const row = owner.getByRole("row").filter({ hasText: email });
    await row.locator("summary").click();
    await look(owner, "change");
    await row.getByRole("button", { name: `Remove ${name}` }).click();
    await owner.waitForURL(/removed=/);
    await owner.getByText(`${name} is removed: signed out everywhere`).waitFor();
    await look(owner, "removed");
  });
}

test("in two tabs at once, each signs in, and a session ended in one is over in the other", async (t) => {
  const mine = await context();
  t.after(() => mine.close());
  const [one, two] = [await mine.newPage(), await mine.newPage()];
  const device = await authenticator(one);
  // A browser asks for a passkey in the tab that is in front.
  await one.bringToFront();
  await openLink(one, await invited("Bo two tabs"));
  await one.getByRole("button", { name: "Register a passkey on this device" }).click();
  await one.waitForURL((url) => url.pathname === "/");
  await signOut(one, 1440);
  const other = await authenticator(two);
  // The authenticator belongs to one tab, so the other gets a copy; its count goes on from there, as one device's would.
  for (const held of await device.credentials()) await other.add({ ...held, signCount: held.signCount + 10 });
  for (const page of [one, two]) await page.goto("/sign-in");
  for (const page of [one, two]) {
    await page.bringToFront();
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.waitForURL((url) => url.pathname === "/");
  }
  await two.goto("/settings");
  await signOut(two, 1440);
  await one.goto("/drills");
  assert.equal(new URL(one.url()).pathname, "/sign-in");
});

test("without script the page says so and offers the other ways", async (t) => {
  const page = await (await context({ javaScriptEnabled: false })).newPage();
  t.after(() => page.context().close());
  await page.goto("/sign-in");
  assert.match(await page.getByRole("main").innerText(), /Passkeys need JavaScript, which is off here/);
  assert.equal(await page.getByRole("button", { name: "Sign in with a passkey" }).count(), 0);
  assert.equal(await page.getByRole("button", { name: "Send me a code" }).count(), 1);
});

test("at another name of the same machine the page says where passkeys are good", async (t) => {
  const page = await (await context()).newPage();
  t.after(() => page.context().close());
  await authenticator(page);
  const { url } = await portal();
  await page.goto(`${url.replace("localhost", "127.0.0.1")}/sign-in`);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByText(`Passkeys of this portal are good for ${url} only`).waitFor();
});

test("a code by e-mail signs in without script", async (t) => {
  const page = await (await context({ javaScriptEnabled: false })).newPage();
  t.after(() => page.context().close());
  await page.goto("/sign-in?to=%2Fdrills");
  await page.getByLabel("E-mail address").fill("operator-1@cartie.example");
  await page.getByRole("button", { name: "Send me a code" }).click();
  await page.getByText("If that address belongs to somebody here").waitFor();
  const { text } = await (await portal()).letter("operator-1@cartie.example", /sign-in code/);
  await page.getByLabel("Code, eight digits").fill("0000 0000");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("That is not the code.").waitFor();
  await page.getByLabel("Code, eight digits").fill(text.match(/\d{4} \d{4}/)[0]);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => ["/drills", "/settings/passkeys/new"].includes(url.pathname));
});

async function signOut(page, width) {
  await page.goto("/settings");
  if (width < 640) await page.getByRole("button", { name: "More" }).press("Enter");
  await page.getByRole("button", { name: "Sign out", exact: true }).locator("visible=true").first().click();
  await page.waitForURL(/\/sign-in/);
}
