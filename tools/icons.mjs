// Draws public/favicon.svg and the PNG icons: the seal mark, a nine-lobed ring with a tick.
// Run by hand when the mark changes: `node tools/icons.mjs` (needs e2e's npm packages and Chromium).
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { chromium } = createRequire(new URL("../e2e/package.json", import.meta.url))("playwright-core");
const accent = "#0D4D54", paper = "#F8F4EB", accentDark = "#7FC6BF";

// On a 24 grid: radius 9.6, lobes 0.62 high, sampled every four degrees and joined by smooth quadratics.
function ring() {
  const points = Array.from({ length: 90 }, (_, step) => {
    const angle = (step / 90) * 2 * Math.PI;
    const radius = 9.6 + 0.62 * Math.cos(9 * angle);
    return [12 + radius * Math.sin(angle), 12 - radius * Math.cos(angle)];
  });
  const middle = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const text = (point) => point.map((n) => n.toFixed(2)).join(" ");
  const start = middle(points.at(-1), points[0]);
  const curves = points.map((point, i) => `Q${text(point)} ${text(middle(point, points[(i + 1) % points.length]))}`);
  return `M${text(start)}${curves.join("")}Z`;
}

const mark = `<path d="${ring()}"/><path d="m8 12.3 2.8 2.8 5.3-6.1"/>`;
const drawn = (stroke, width) =>
  `fill="none" stroke="${stroke}" stroke-width="${width}" stroke-linecap="square" stroke-linejoin="miter"`;

writeFileSync(
  `${root}public/favicon.svg`,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><style>` +
    `path{stroke:${accent}}@media(prefers-color-scheme:dark){path{stroke:${accentDark}}}</style>` +
    `<g ${drawn(accent, 1.9)}>${mark}</g></svg>\n`,
);

// A maskable icon keeps its mark within the inner 80 %; the others fill more of the square.
const icons = [
  ["icon-192.png", 192, 0.8], ["icon-512.png", 512, 0.8], ["icon-maskable-512.png", 512, 0.62], ["apple-touch-icon.png", 180, 0.74],
];
const browser = await chromium.launch({ executablePath: process.env.PASSMUSTER_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
for (const [name, size, share] of icons) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  const side = Math.round(size * share);
  await page.setContent(
    `<body style="margin:0;background:${paper};display:grid;place-items:center;height:100vh">` +
      `<svg width="${side}" height="${side}" viewBox="0 0 24 24"><g ${drawn(accent, 1.5)}>${mark}</g></svg></body>`,
  );
  await page.screenshot({ path: `${root}public/icons/${name}` });
  await page.close();
}
await browser.close();
