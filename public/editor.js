// While somebody writes the runbook: asks the portal what the text comes to, and shows it below. The page works
// without: the portal says the same when the draft is kept.
(() => {
  "use strict";
  const text = document.querySelector("[data-preview]");
  const preview = text && document.getElementById(text.dataset.preview);
  if (!preview) return;
  let timer;
  let asked = 0;
  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const mine = ++asked;
      try {
        const answer = await fetch("/runbook/preview", { method: "POST", headers: { "content-type": "text/plain" }, body: text.value });
        if (answer.ok && mine === asked) preview.innerHTML = await answer.text();
      } catch { /* The last preview stays. */ }
    }, 500);
  });
  // What is not kept would be lost with the page.
  let kept = text.value;
  addEventListener("beforeunload", (event) => { if (text.value !== kept) event.preventDefault(); });
  text.form.addEventListener("submit", () => { kept = text.value; });
  // A file is read into the text, to be looked at before anything is kept.
  document.getElementById("file")?.addEventListener("change", async (event) => {
    const file = event.target.files[0];
    if (!file || file.size > 400_000) return;
    text.value = await file.text();
    event.target.value = "";
    text.dispatchEvent(new Event("input"));
    text.focus();
  });
})();
