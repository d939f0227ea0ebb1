// A responder's telephone without a network: commands wait in the telephone and are sent when the network is back, in order, each
// with its idempotency key and the time at which it was given. The services accept each once.
let notice = document.getElementById("offline");
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
  notice = document.getElementById("offline");  // the page around it may be new
  const commands = await waiting();
  const refused = commands.filter((one) => one.refused);
  const lines = [];
  if (commands.length > refused.length) lines.push(notice.dataset.waiting.replace("{count}", String(commands.length - refused.length)));
  for (const one of refused) lines.push(`${notice.dataset.refused} ${one.title}`);
  if (!navigator.onLine) lines.unshift(notice.dataset.away);
  notice.textContent = lines.join(" ");
  notice.hidden = lines.length === 0;
}

// Returns what became of a command: "done", "refused" or "later", with the server's answer where there is one.
async function send(command) {
  const body = new URLSearchParams(command.fields);
  let answer;
  try {
    answer = await fetch(command.action, { method: "POST", body, credentials: "same-origin" });
  } catch { return { outcome: "later" }; }
  if (answer.redirected && new URL(answer.url).pathname === "/sign-in") return { outcome: "later" };
  if (answer.ok) return { outcome: "done", answer };
  return answer.status >= 500 || answer.status === 429 ? { outcome: "later" } : { outcome: "refused", answer };
}

let sending = false;
async function sendAll() {
  if (sending || !navigator.onLine) return;
  sending = true;
  let sent = 0;
  try {
    for (const command of (await waiting()).filter((one) => !one.refused)) {
      const { outcome } = await send(command);
      if (outcome === "later") break;
      if (outcome === "done") { await store("readwrite", (commands) => commands.delete(command.number)); sent += 1; }
      else await store("readwrite", (commands) => commands.put({ ...command, refused: true }));
    }
  } finally { sending = false; }
  await show();
  if (sent) location.reload();
}

function commandOf(form, submitter) {
  const fields = [...new FormData(form, submitter)].map(([name, value]) => [name, String(value)]);
  const acted = fields.find(([name]) => name === "acted_at");
  if (acted) acted[1] = new Date().toISOString();
  const title = `${form.dataset.offline} · ${document.querySelector("h1")?.textContent ?? ""}`;
  return { action: form.action, fields, title };
}

async function showAnswer(answer) {
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  document.querySelector("main").replaceWith(fresh);
  fresh.focus();
}

async function submitted(event) {
  const form = event.target;
  if (!form.matches("form[data-offline]") || event.defaultPrevented) return;
  event.preventDefault();
  const command = commandOf(form, event.submitter);
  const first = (await waiting()).every((one) => one.refused);  // what waits goes first
  const { outcome, answer } = navigator.onLine && first ? await send(command) : { outcome: "later" };
  if (outcome === "done") { location.assign(answer.url); return; }
  if (outcome === "refused") { await showAnswer(answer); return; }
  await store("readwrite", (commands) => commands.add(command));
  form.closest("details")?.removeAttribute("open");
  await show();
  await sendAll();
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
