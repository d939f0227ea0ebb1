// Keeps a page that lists matters up to date. The server says that something changed; the page then loads itself anew and replaces
// its lists. After 15 seconds without a word of the server it says so. Without this script the page is as it was when it was opened.
const content = document.querySelector("[data-live]");
const status = document.getElementById("live");
const STALE = 15000, PAUSE = 1500;
let heard = Date.now(), loading = false, wanted = false;

function show(stale) {
  if (status.dataset.state === String(stale)) return;
  status.dataset.state = String(stale);
  status.textContent = stale ? status.dataset.stale : status.dataset.fresh;
}

function placeOfFocus() {
  const link = content.contains(document.activeElement) && document.activeElement.closest("a[href]");
  return link ? link.getAttribute("href") : null;
}

async function refresh() {
  if (loading) { wanted = true; return; }
  loading = true;
  wanted = false;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected) { location.reload(); return; }
    if (answer.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-live]");
      const focused = placeOfFocus();
      if (fresh) content.replaceChildren(...fresh.childNodes);
      if (focused) content.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
    }
  } catch { /* the server is away: the page says so after 15 seconds */ }
  setTimeout(() => { loading = false; if (wanted) refresh(); }, PAUSE);
}

if (content && status) {
  const source = new EventSource("/live");
  source.addEventListener("beat", () => { heard = Date.now(); show(false); });
  source.addEventListener("change", () => { heard = Date.now(); show(false); refresh(); });
  setInterval(() => { if (Date.now() - heard > STALE) show(true); }, 1000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
}
