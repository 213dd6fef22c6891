// The worker's own part. In front of it the build puts the binding (`wasm_bindgen`) and WASM, the verifier in
// base64: one script without a fetch, so that neither the page nor the worker needs any connection.
"use strict";

// Parts of 4 MiB: enough for speed, small beside what the check itself holds.
const PART = 4 << 20;

const start = () => {
  const packed = atob(WASM);
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i++) bytes[i] = packed.charCodeAt(i);
  wasm_bindgen.initSync({ module: bytes });
};

async function read(file, tell) {
  const into = new wasm_bindgen.Bytes(file.size);
  for (let at = 0; at < file.size; at += PART) {
    into.push(new Uint8Array(await file.slice(at, at + PART).arrayBuffer()));
    tell(Math.min(at + PART, file.size));
  }
  return into;
}

let ready = false;

self.onmessage = async ({ data: { bundle, anchors, previous, now } }) => {
  let bytes;
  try {
    if (!ready) start();
    ready = true;
    const said = anchors && (await anchors.text());
    const size = bundle.size + (previous?.size ?? 0);
    bytes = await read(bundle, (done) => self.postMessage({ read: done, of: size }));
    const older = previous && (await read(previous, (done) => self.postMessage({ read: bundle.size + done, of: size })));
    const found = wasm_bindgen.verify(bytes, said, older, now, (step) => self.postMessage({ step }));
    self.postMessage({ json: found.json(), text: found.text() });
    found.free();
  } catch (error) {
    // What the verifier says itself comes as text; anything else broke it.
    self.postMessage(typeof error === "string" ? { refused: error } : { stopped: `The check stopped: ${error?.message ?? error}.` });
  } finally {
    if (bytes?.__wbg_ptr) bytes.free();
  }
};
