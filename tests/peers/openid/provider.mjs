// A foreign identity provider for the tests: oidc-provider from npm, which knows whoever the log-in form names.
// Arguments: port, client id, client secret, redirect URI. Says "ready" once it listens.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const [port, client_id, client_secret, redirect_uri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [{ client_id, client_secret, redirect_uris: [redirect_uri], post_logout_redirect_uris: [new URL("/login", redirect_uri).href], grant_types: ["authorization_code"], response_types: ["code"] }],
  pkce: { required: () => true },
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: true } },
  // Of "ada@example.com?unverified" the provider does not vouch for the address.
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({ sub: `of ${sub.split("?")[0]}`, email: sub.split("?")[0], email_verified: !sub.endsWith("?unverified") }),
  }),
  cookies: { keys: ["of this test alone"] },
});

createServer(provider.callback()).listen(Number(port), "127.0.0.1", () => console.log("ready"));
