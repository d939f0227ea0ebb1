// The OpenID provider of the tests: the certified oidc-provider of npm, with a login form and people that it is told of.
// It reads its configuration, a JSON object, from the environment variable PROVIDER.

import { createServer } from 'node:http'
import { Provider } from 'oidc-provider'

const { issuer, port, clients, people } = JSON.parse(process.env.PROVIDER)
const FORM = '<!doctype html><html lang="en"><title>Provider</title><form method="post"><label>Name <input name="login"></label><button>Log in</button></form>'

const provider = new Provider(issuer, {
  clients,
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['preferred_username'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  interactions: { url: (_, interaction) => `/login/${interaction.uid}` },
  loadExistingGrant: granted,
  pkce: { required: () => true },
  features: { devInteractions: { enabled: false } },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
})

// Consent to what a client asks for, as the provider of an office does for its own programs.
async function granted(ctx) {
  const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId })
  grant.addOIDCScope(ctx.oidc.params.scope)
  await grant.save()
  return grant
}

async function logIn(request, response) {
  if (request.method === 'GET') return response.setHeader('Content-Type', 'text/html').end(FORM)
  let body = ''
  for await (const part of request) body += part
  const accountId = new URLSearchParams(body).get('login')
  const result = accountId in people ? { login: { accountId } } : { error: 'access_denied' }
  await provider.interactionFinished(request, response, result)
}

const answer = provider.callback()
createServer((request, response) => (request.url.startsWith('/login/') ? logIn : answer)(request, response)).listen(port, '127.0.0.1')
