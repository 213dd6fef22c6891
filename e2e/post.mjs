// A mail server for the ring: aiosmtpd from PyPI, by tools/smtp.py.
import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Starts it; `{ port, letter, close }`, where letter(address, subject) waits for the next one to that address about that. */
export async function startPost(root) {
  const bin = execFileSync(join(root, "tools/python"), { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
  const child = spawn(join(bin, "python"), [join(root, "tools/smtp.py")], { stdio: ["ignore", "pipe", "inherit"] });
  const kept = [];
  const waiting = [];
  let port;
  const listening = new Promise((resolve) => (port = resolve));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const said = JSON.parse(line);
    if (said.listening) return port(said.listening);
    kept.push(said);
    for (const look of [...waiting]) look();
  });
  process.once("exit", () => child.kill());
  return {
    port: await listening,
    letter: (address, subject = /./) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`no letter ${subject} came to ${address}`)), 20_000);
        const look = () => {
          const at = kept.findIndex((letter) => letter.to.includes(address) && subject.test(letter.subject));
          if (at < 0) return;
          clearTimeout(late);
          waiting.splice(waiting.indexOf(look), 1);
          resolve(kept.splice(at, 1)[0]);
        };
        waiting.push(look);
        look();
      }),
    close: () => child.kill(),
  };
}
