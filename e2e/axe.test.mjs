// Every page in both colour schemes and two widths: axe finds nothing, nothing overflows a phone, the console
// stays silent. Leaves a full-page picture of each in e2e/output.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import axe from "@axe-core/playwright";
import { context, session } from "./browser.mjs";
import { pages, visit } from "./pages.mjs";
import { output } from "./portal.mjs";

const AxeBuilder = axe.default ?? axe;

mkdirSync(output, { recursive: true });

for (const colorScheme of ["light", "dark"]) {
  for (const [width, height] of [[1440, 1000], [390, 844]]) {
    for (const one of pages) {
      test(`${one.name} at ${width} in ${colorScheme} has nothing for axe to say`, async (t) => {
        const storageState = one.open ? undefined : await session("owner");
        const seen = await context({ storageState, colorScheme, viewport: { width, height } });
        t.after(() => seen.close());
        const page = await seen.newPage();
        const said = [];
        page.on("console", (message) => message.type() === "error" && said.push(message.text()));
        page.on("pageerror", (error) => said.push(String(error)));
        await page.addInitScript(() => {
          document.addEventListener("securitypolicyviolation", (event) =>
            console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
          );
        });
        await visit(page, one);
        await page.waitForLoadState("networkidle");
        await page.evaluate(() => document.fonts.ready);
        await page.screenshot({ path: join(output, `${one.name}-${width}-${colorScheme}.png`), fullPage: true });

        assert.deepEqual(said, []);
        const scroll = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(scroll <= width, `the page is ${scroll} wide; widest: ${await widest(page, width)}`);
        const { violations } = await new AxeBuilder({ page }).analyze();
        assert.deepEqual(violations.map(told), []);
      });
    }
  }
}

function told({ id, help, nodes }) {
  return `${id}: ${help}: ${nodes.slice(0, 5).map((node) => `${node.html.slice(0, 120)} ${node.any[0]?.message ?? ""}`).join(" | ")}`;
}

/** The elements that reach furthest to the right, for the message. */
function widest(page, width) {
  return page.evaluate((limit) => {
    const over = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > limit + 0.5);
    return over.slice(0, 5).map((e) => `${e.tagName.toLowerCase()}.${e.className} ${Math.round(e.getBoundingClientRect().right)}`).join(", ");
  }, width);
}
