// Asks the device for a passkey, or for a signature by one. Forms stay hidden without this script, and say why.
//
//   <form data-passkey="get|create" data-begin="/…" data-finish="/…" hidden>   fields, a submit button, [data-passkey-says]
//
// POST begin, with the fields as JSON:   { ceremony, options, origin, statement? }, options as parse…OptionsFromJSON
//   reads them; a statement that is to be signed is shown in [data-passkey-shows], in a hidden <details>
// POST finish: { …fields, ceremony, credential }:   { to }, where to go next
// A refusal of either is a problem: { what, still, next }.
(() => {
  "use strict";

  const readable =
    typeof PublicKeyCredential === "function" &&
    typeof PublicKeyCredential.parseCreationOptionsFromJSON === "function" &&
    typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function";

  /** What a person is told; carried as the message of an error. */
  class Told extends Error {}

  async function post(path, body) {
    let answer;
    try {
      answer = await fetch(path, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json" },
        body: JSON.stringify(body),
      });
    } catch {
      throw new Told("The portal did not answer. Nothing was changed. Try again in a minute.");
    }
    const said = await answer.json().catch(() => null);
    if (answer.ok && said) return said;
    if (said?.what) throw new Told(`${said.what} ${said.still} ${said.next}`);
    throw new Told(`The portal answered with ${answer.status}. Nothing was changed. Load the page again.`);
  }

  function ask(kind, options) {
    if (kind === "create") {
      return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) });
    }
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  }

  /** The device's refusals, by the names that WebAuthn gives them. */
  function reason(error, origin) {
    switch (error.name) {
      case "NotAllowedError":
        return "It was cancelled, or took too long. Nothing was changed. Press the button again.";
      case "InvalidStateError":
        return "This device holds a passkey of yours already. Nothing was changed. Sign in with that one.";
      case "SecurityError":
        return `Passkeys of this portal are good for ${origin} only. Open it there; nothing was changed.`;
      default:
        return `The browser said: ${error.message || error.name}. Nothing was changed.`;
    }
  }

  async function run(form) {
    const fields = Object.fromEntries(new FormData(form));
    const { ceremony, options, origin, statement } = await post(form.dataset.begin, fields);
    // What is signed, to the letter, while the device asks.
    const shows = form.querySelector("[data-passkey-shows]");
    if (shows && statement) {
      shows.textContent = statement;
      shows.closest("details").hidden = false;
    }
    let credential;
    try {
      credential = await ask(form.dataset.passkey, options);
    } catch (error) {
      throw new Told(reason(error, origin));
    }
    const { to } = await post(form.dataset.finish, { ...fields, ceremony, credential });
    location.assign(to);
  }

  function begin(form) {
    const button = form.querySelector("[type=submit]");
    const label = button.querySelector("span") ?? button;
    const says = form.querySelector("[data-passkey-says]");
    const say = (text) => {
      says.textContent = text;
      says.parentElement.hidden = !text;
    };
    // Two forms on a page bring this script twice.
    if (!form.hidden) return;
    form.hidden = false;
    if (!readable) {
      button.disabled = true;
      say(
        window.isSecureContext
          ? "This browser is too old for passkeys here. Update it, or use another way in."
          : "Browsers offer passkeys over HTTPS only. Open the portal’s own address.",
      );
      return;
    }
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (button.disabled) return;
      const before = label.textContent;
      // The width stays: what is pressed does not move under the finger.
      button.style.minWidth = `${button.offsetWidth}px`;
      button.disabled = true;
      label.textContent = "Waiting for your device";
      say("");
      try {
        await run(form);
        return;
      } catch (error) {
        say(error instanceof Told ? error.message : `This did not work: ${error.message}`);
      }
      label.textContent = before;
      button.disabled = false;
      button.focus();
    });
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) begin(form);
  // Came back by the back button: the page as it was left would wait for ever.
  addEventListener("pageshow", (event) => event.persisted && location.reload());
})();
