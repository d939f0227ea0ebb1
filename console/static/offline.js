// A responder's telephone without a network: commands wait in the telephone and are sent when the network is back, in order, each
// with its idempotency key and the time at which it was given. The services accept each once.
const notice = document.getElementById("offline");
const STORE = "commands";

function database() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("whistle", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "number", autoIncrement: true });
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

async function store(mode, work) {
  const opened = await database();
  return new Promise((resolve, reject) => {
    const transaction = opened.transaction(STORE, mode), request = work(transaction.objectStore(STORE));
    transaction.oncomplete = () => { opened.close(); resolve(request?.result); };
    transaction.onerror = () => { opened.close(); reject(transaction.error); };
  });
}

const waiting = () => store("readonly", (commands) => commands.getAll());

async function show() {
  const commands = await waiting();
  const refused = commands.filter((one) => one.refused);
  const lines = [];
  if (commands.length > refused.length) lines.push(notice.dataset.waiting.replace("{count}", String(commands.length - refused.length)));
  for (const one of refused) lines.push(`${notice.dataset.refused} ${one.title}`);
  if (!navigator.onLine) lines.unshift(notice.dataset.away);
  notice.textContent = lines.join(" ");
  notice.hidden = lines.length === 0;
}

async function send(command) {
  const body = new URLSearchParams(command.fields);
  const answer = await fetch(command.action, { method: "POST", body, credentials: "same-origin" });
  if (answer.redirected && new URL(answer.url).pathname === "/sign-in") return "later";
  if (answer.ok) return "done";
  return answer.status >= 500 || answer.status === 429 ? "later" : "refused";
}

let sending = false;
async function sendAll() {
  if (sending || !navigator.onLine) return;
  sending = true;
  let sent = 0;
  try {
    for (const command of (await waiting()).filter((one) => !one.refused)) {
      const outcome = await send(command);
      if (outcome === "later") break;
      if (outcome === "done") { await store("readwrite", (commands) => commands.delete(command.number)); sent += 1; }
      else await store("readwrite", (commands) => commands.put({ ...command, refused: true }));
    }
  } catch { /* still no network */ } finally { sending = false; }
  await show();
  if (sent) location.reload();
}

async function submitted(event) {
  const form = event.target;
  if (!form.matches("form[data-offline]") || event.defaultPrevented) return;
  event.preventDefault();
  const fields = [...new FormData(form, event.submitter)].map(([name, value]) => [name, String(value)]);
  const acted = fields.find(([name]) => name === "acted_at");
  if (acted) acted[1] = new Date().toISOString();
  const title = `${form.dataset.offline} · ${document.querySelector("h1")?.textContent ?? ""}`;
  await store("readwrite", (commands) => commands.add({ action: form.action, fields, title, at: Date.now() }));
  if (navigator.onLine) { await sendAll(); } else { form.closest("details")?.removeAttribute("open"); await show(); }
}

async function signedOut(event) {
  if (!event.target.matches("form[action='/sign-out']")) return;
  navigator.serviceWorker.controller?.postMessage("forget");
}

if (notice && "serviceWorker" in navigator && "indexedDB" in window) {
  navigator.serviceWorker.register("/sw.js").then(async () => {
    const worker = (await navigator.serviceWorker.ready).active;
    const paths = [location.pathname, ...[...document.querySelectorAll("ul.work a[href^='/tickets/']")].map((one) => one.getAttribute("href"))];
    worker.postMessage({ keep: [...new Set(paths)] });
  });
  document.addEventListener("submit", submitted);
  document.addEventListener("submit", signedOut);
  addEventListener("online", sendAll);
  addEventListener("offline", show);
  setInterval(sendAll, 15000);
  show().then(sendAll);
}
