// The service worker of responders: what they have opened stays readable without a network, for twelve hours.
// It keeps their list of work, the tickets in it, and the static files. Everything else goes to the network as ever.
const PAGES = "pages-v1", FILES = "files-v1";
const HOURS = 12;
const KEPT_AT = "x-kept-at";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const isPage = (url) => url.pathname === "/work" || /^\/tickets\/[A-Za-z0-9]+$/.test(url.pathname);

async function keep(request, answer) {
  if (answer.status !== 200 || answer.redirected) return;
  const headers = new Headers(answer.headers);
  headers.set(KEPT_AT, String(Date.now()));
  const kept = new Response(await answer.clone().blob(), { status: 200, headers });
  await (await caches.open(PAGES)).put(new URL(request.url).pathname, kept);
}

async function kept(request) {
  const cache = await caches.open(PAGES), path = new URL(request.url).pathname;
  const found = await cache.match(path);
  if (!found) return undefined;
  if (Date.now() - Number(found.headers.get(KEPT_AT)) < HOURS * 3600e3) return found;
  await cache.delete(path);
  return undefined;
}

async function page(request) {
  try {
    const answer = await fetch(request);
    await keep(request, answer);
    return answer;
  } catch (away) {
    const found = await kept(request);
    if (found) return found;
    throw away;
  }
}

async function file(request) {
  const cache = await caches.open(FILES), found = await cache.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/static/")) event.respondWith(file(event.request));
  else if (isPage(url) && event.request.mode === "navigate") event.respondWith(page(event.request));
});

self.addEventListener("message", (event) => {
  if (event.data?.keep) event.waitUntil(keepAll(event.data.keep));
  if (event.data === "forget") event.waitUntil(Promise.all([caches.delete(PAGES), caches.delete(FILES)]));
});

async function keepAll(paths) {
  for (const path of paths) {
    try { await keep(new Request(path), await fetch(path, { credentials: "same-origin", redirect: "manual" })); } catch { return; }
  }
}
