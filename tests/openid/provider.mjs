// An OpenID provider with its own sign-in pages: whoever signs in as X has the address X.
// Standard input: {"port", "clients": [...], "unverified": ["x@..."], "claims_in_token": bool}.
// The environment's TAILRACE_OPENID_DIR is the directory with the package.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const { resolve } = createRequire(`${process.env.TAILRACE_OPENID_DIR}/`);
const { Provider } = await import(pathToFileURL(resolve("oidc-provider")));

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const job = JSON.parse(Buffer.concat(chunks).toString());
const issuer = `http://127.0.0.1:${job.port}`;

const provider = new Provider(issuer, {
  clients: job.clients,
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  conformIdTokenClaims: !job.claims_in_token,
  cookies: { keys: ["a key of the tests"] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      email: id,
      email_verified: !job.unverified.includes(id),
      name: `Name of ${id}`,
    }),
  }),
});
provider.listen(job.port, "127.0.0.1", () => console.log("listening"));
