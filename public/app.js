// On every page: keeps the emergency desk at hand on this device, offers to install it where the browser does, says
// when a newer version is ready, and lets nobody sign out over what is not brought yet. Pages are complete without it.
(() => {
  "use strict";
  if (!("serviceWorker" in navigator)) return;
  const each = (selector, act) => document.querySelectorAll(selector).forEach(act);

  // The browser's own offer, kept until somebody asks for it.
  let offer;
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    offer = event;
    each("[data-install]", (button) => { button.hidden = false; });
  });
  addEventListener("appinstalled", () => each("[data-install]", (button) => { button.hidden = true; }));
  addEventListener("click", (event) => {
    if (event.target.closest?.("[data-install]")) offer?.prompt();
    if (event.target.closest?.("[data-newer] button")) navigator.serviceWorker.getRegistration().then((r) => r?.waiting?.postMessage("take"));
  });

  let asked = false;
  addEventListener("click", (event) => { if (event.target.closest?.("[data-newer] button")) asked = true; });
  navigator.serviceWorker.addEventListener("controllerchange", () => { if (asked) location.reload(); });
  const newer = () => {
    if (!navigator.serviceWorker.controller || document.querySelector("[data-newer]")) return;
    const note = document.createElement("p");
    note.className = "newer";
    note.dataset.newer = "";
    note.setAttribute("role", "status");
    note.append("A newer version of the emergency desk is ready. ");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain";
    button.textContent = "Use it now";
    note.append(button);
    document.getElementById("main")?.prepend(note);
  };
  navigator.serviceWorker.register("/sw.js").then((registration) => {
    if (registration.waiting) newer();
    registration.addEventListener("updatefound", () => {
      const coming = registration.installing;
      coming?.addEventListener("statechange", () => { if (coming.state === "installed") newer(); });
    });
  }, () => {});

  // What is written here and not brought to the portal would be wiped with the rest.
  const waiting = () => new Promise((resolve) => {
    const opening = indexedDB.open("passmuster", 1);
    opening.onupgradeneeded = () => { opening.transaction.abort(); resolve(0); };
    opening.onerror = () => resolve(0);
    opening.onsuccess = () => {
      const db = opening.result;
      if (!db.objectStoreNames.contains("acts")) { db.close(); return resolve(0); }
      const all = db.transaction("acts").objectStore("acts").getAll();
      all.onsuccess = () => { db.close(); resolve(all.result.filter((kept) => !kept.seal && !kept.unfit).length); };
      all.onerror = () => { db.close(); resolve(0); };
    };
  });
  addEventListener("submit", (event) => {
    const form = event.target;
    if (new URL(form.action).pathname !== "/sign-out" || form.dataset.sure) return;
    event.preventDefault();
    waiting().then((n) => {
      if (n === 0) { form.dataset.sure = "1"; return form.requestSubmit(); }
      const note = document.createElement("div");
      note.className = "error-note";
      note.setAttribute("role", "alert");
      const said = document.createElement("p");
      said.textContent = `${n === 1 ? "One entry of an incident is" : `${n} entries of an incident are`} on this device alone.`;
      const next = document.createElement("p");
      const link = document.createElement("a");
      link.href = "/emergency";
      link.textContent = "Open Emergency";
      next.append(link, " to bring them; signing out wipes this device.");
      note.append(said, next);
      document.getElementById("main")?.prepend(note);
      note.scrollIntoView({ block: "center" });
    });
  });
})();
