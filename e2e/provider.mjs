// A stock OpenID provider for the ring, which checks PKCE and asks who one is: whoever types a name is that account.
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

export const client = { id: "passmuster", secret: "a secret of the ring" };

const accounts = {
  founder: { email: "founder@cartie.example", email_verified: true },
  stranger: { email: "stranger@cartie.example", email_verified: true },
  careless: { email: "auditor@audit-firm.example", email_verified: false },
};

/** Starts it for a portal at `address`; `{ issuer, close }`. */
export async function startProvider(address) {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://localhost:${server.address().port}`;
  const quiet = console.info;
  console.info = console.warn = () => {};
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: client.id, client_secret: client.secret, redirect_uris: [`${address}/sign-in/provider/back`],
        grant_types: ["authorization_code"], response_types: ["code"], token_endpoint_auth_method: "client_secret_basic",
      },
    ],
    pkce: { required: () => true },
    scopes: ["openid", "email"],
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
    cookies: { keys: ["ring"] },
    ttl: { AccessToken: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
  });
  console.info = quiet;
  server.on("request", provider.callback());
  return { issuer, close: () => server.closeAllConnections() ?? server.close() };
}
