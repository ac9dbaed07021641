// An OpenID provider for tests: any password is right, and what it says of a user is his line here.
import http from "node:http";
import { Provider } from "oidc-provider";

const USERS = {
  ada: { preferred_username: "Ada", name: "Ada Lovelace", groups: ["ml-team", "other"] },
  bob: { preferred_username: "bob", name: "Bob", email_verified: false },
  eve: { preferred_username: "root", name: "Eve" },
  dot: { preferred_username: "../dot" },
};

const server = http.createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "assay",
        client_secret: process.env.CLIENT_SECRET,
        redirect_uris: ["http://127.0.0.1/login/oidc/callback"],
      },
    ],
    claims: {
      openid: ["sub"],
      profile: ["name", "preferred_username", "groups"],
      email: ["email", "email_verified"],
    },
    pkce: { required: () => true },
    cookies: { keys: ["a key of tests"] },
    async findAccount(_, id) {
      const told = { sub: `sub-${id}`, email: `${id}@example.com`, email_verified: true, ...USERS[id] };
      return { accountId: id, claims: async () => told };
    },
  });
  // The server under test has whatever port was free.
  provider.Client.prototype.redirectUriAllowed = (uri) => {
    const { hostname, pathname } = new URL(uri);
    return ["127.0.0.1", "localhost"].includes(hostname) && pathname === "/login/oidc/callback";
  };
  server.on("request", provider.callback());
  console.log(issuer);
});
