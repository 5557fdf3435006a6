// An OpenID provider for tests: a real one, whose login page lets the person in whom the test names.
//
//   node provider.mjs LIBRARY SETTINGS
//
// LIBRARY: the main file of oidc-provider (deploy/need.sh --where oidc). SETTINGS, in JSON: client_id, client_secret, redirect_uri, sub, and
// claims, which the ID token gets. It listens on a free port of 127.0.0.1, writes its issuer to stdout, and ends when its stdin ends.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const { Provider } = await import(pathToFileURL(process.argv[2]).href);
// The library's notices go to stdout, which nobody reads after the issuer.
console.info = console.error;
const settings = JSON.parse(process.argv[3]);

const server = createServer();
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const issuer = `http://127.0.0.1:${server.address().port}`;

const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
const provider = new Provider(issuer, {
  clients: [{
    client_id: settings.client_id,
    client_secret: settings.client_secret,
    redirect_uris: [settings.redirect_uri],
    token_endpoint_auth_method: 'client_secret_post',
  }],
  claims: { openid: ['sub', ...Object.keys(settings.claims)] },
  conformIdTokenClaims: false,
  cookies: { keys: [randomUUID()] },
  features: { devInteractions: { enabled: false } },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...settings.claims }) }),
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  jwks: { keys: [{ ...key, alg: 'RS256', kid: randomUUID(), use: 'sig' }] },
  // Nobody is asked for consent.
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({
      accountId: ctx.oidc.session.accountId,
      clientId: ctx.oidc.client.clientId,
    });
    grant.addOIDCScope('openid');
    await grant.save();
    return grant;
  },
});

const serve = provider.callback();
server.on('request', (request, response) => {
  if (request.url.startsWith('/interaction/')) {
    const login = { login: { accountId: settings.sub } };
    provider.interactionFinished(request, response, login).catch((error) => response.writeHead(500).end(String(error)));
  } else {
    serve(request, response);
  }
});
process.stdin.resume().on('end', () => process.exit());
console.log(issuer);
