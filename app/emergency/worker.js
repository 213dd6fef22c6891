// Keeps the emergency desk at hand: its page, its rules, its letters. Nothing of anybody is in here: the kit and what
// was done lie in the device's database, and only the desk's own script reads them.
//
// The portal writes VERSION, the digest of all it keeps, and FILES above this line. Every answer comes from the portal
// while it answers; what is kept is shown when it does not, or has nothing but an error to say.
"use strict";

const SHELL = "/emergency/shell";
const KEPT = `shell-${VERSION}`;
// On a bad line nobody waits longer than this for a page that is kept.
const PATIENCE = 4_000;

self.addEventListener("install", (event) => {
  const fresh = FILES.map((path) => new Request(path, { cache: "reload" }));
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(fresh)));
});

self.addEventListener("activate", (event) => {
  const old = async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("shell-") && name !== KEPT) await caches.delete(name);
    }
    await self.clients.claim();
  };
  event.waitUntil(old());
});

// A page says that its reader wants the newer version now.
self.addEventListener("message", (event) => {
  if (event.data === "take") self.skipWaiting();
});

function kept(path) {
  return caches.open(KEPT).then((cache) => cache.match(path));
}

async function first(request, path) {
  const controller = new AbortController();
  const late = setTimeout(() => controller.abort(), PATIENCE);
  try {
    const answer = await fetch(request, { signal: controller.signal });
    if (answer.status < 500) return answer;
    return (await kept(path)) ?? answer;
  } catch (error) {
    const copy = await kept(path);
    if (copy) return copy;
    throw error;
  } finally {
    clearTimeout(late);
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate") {
    // A download, or a page of the portal: without the portal there is one page.
    event.respondWith(first(request, SHELL));
  } else if (FILES.includes(url.pathname)) {
    event.respondWith(first(request, url.pathname));
  }
});
