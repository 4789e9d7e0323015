// The page lives: the journal tells that something happened, and what the server shows now takes the place of what it showed.
// Everything works without this, too.

const live = document.getElementById("live");
const text = document.getElementById("live-text");
const filter = document.getElementById("filter");
const shown = new WeakMap();

// What the server sent, without ages, which are counted on here.
const plain = (html) => html.replace(/(<time[^>]*data-ago[^>]*>)[^<]*/g, "$1");
const remember = (element) => shown.set(element, plain(element.outerHTML));
const same = (old, now) => shown.get(old) === plain(now.outerHTML);

function rememberAll(root) {
  for (const part of root.querySelectorAll("[data-live]")) {
    remember(part);
    if ("keyed" in part.dataset) for (const child of part.children) remember(child);
  }
}

// Puts the new in the place of the old, and keeps what the reader opened.
function replace(old, now) {
  for (const details of old.querySelectorAll("details[id]")) {
    const again = now.querySelector("#" + CSS.escape(details.id));
    if (again) again.open = details.open;
  }
  remember(now);
  old.replaceWith(now);
}

// Rows that are the same stay where they are, with whatever is focused in them.
function replaceRows(old, now) {
  const html = plain(now.outerHTML);
  const fresh = new Map([...now.children].map((row) => [row.id, row]));
  const kept = new Map();
  for (const row of [...old.children]) {
    if (fresh.has(row.id) && same(row, fresh.get(row.id))) kept.set(row.id, row);
    else row.remove();
  }
  let at = old.firstElementChild;
  for (const row of [...now.children]) {
    const next = kept.get(row.id) ?? row;
    if (next === row) remember(row);
    if (next === at) at = at.nextElementSibling;
    else old.insertBefore(next, at);
  }
  shown.set(old, html);
}

function show(page) {
  const focused = document.activeElement;
  const link = focused && focused.getAttribute && focused.getAttribute("href");
  for (const now of page.querySelectorAll("[data-live]")) {
    const old = document.getElementById(now.id);
    if (!old || same(old, now)) continue;
    // Nobody loses what is being written.
    if (old.contains(focused) && focused.matches("input, textarea")) continue;
    if ("keyed" in now.dataset) replaceRows(old, now);
    else replace(old, now);
  }
  if (link && document.activeElement !== focused) {
    document.querySelector('main a[href="' + CSS.escape(link) + '"]')?.focus();
  }
  if (document.title !== page.title) {
    document.title = page.title;
    const needs = page.querySelector("#needs-count");
    if (needs) document.getElementById("said").textContent = needs.innerText || needs.textContent;
  }
  narrow();
  count();
}

let loading = false;
let again = false;

async function refresh() {
  // What a command said stays as it was said.
  if (!document.querySelector("[data-live]")) return;
  if (loading) {
    again = true;
    return;
  }
  loading = true;
  const began = performance.now();
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (answer.ok) show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    else if (answer.status === 401) lose("signed out: open the printed address again");
  } catch {
    // The stream tells when the server is there again.
  }
  // A page that takes long to make is made less often.
  const rest = Math.max(300, 2 * (performance.now() - began));
  setTimeout(() => {
    loading = false;
    if (again) {
      again = false;
      refresh();
    }
  }, rest);
}

function lose(why) {
  live.dataset.lost = "";
  text.textContent = why;
}

let last = document.body.dataset.seq;
let source = null;
let timer = null;

function soon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, 150);
}

function listen() {
  if (source || document.hidden) return;
  source = new EventSource("/api/v1/stream?after=" + last);
  const heard = (event) => {
    if (event.lastEventId) last = event.lastEventId;
  };
  source.onmessage = (event) => {
    heard(event);
    soon();
  };
  source.addEventListener("begin", heard);
  source.addEventListener("anew", (event) => {
    heard(event);
    soon();
  });
  source.addEventListener("supervisor", (event) => {
    const { driven } = JSON.parse(event.data);
    const changed = live.dataset.driven !== String(driven);
    live.dataset.driven = driven;
    text.textContent = driven ? "supervisor at work" : "no supervisor";
    if (changed) soon();
  });
  source.onopen = () => {
    delete live.dataset.lost;
    live.dataset.open = "";
    // What happened while the page was made, or the connection was lost.
    soon();
  };
  source.onerror = () => {
    lose("connection lost, trying again");
    if (source.readyState === EventSource.CLOSED) {
      // The server answered, but not with events.
      source = null;
      setTimeout(listen, 2000);
    }
  };
}

// Browsers allow few connections to one server: pages that nobody sees hold none.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    source?.close();
    source = null;
  } else {
    listen();
    refresh();
    follow();
  }
});
setInterval(() => {
  if (document.hidden) refresh();
}, 60000);
// Waiting times and expected ends move although nothing happens.
setInterval(() => {
  if (!document.hidden) refresh();
}, 10000);

// Ages.
function spoken(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  if (s < 60) return s + "s";
  if (s < 3600) return Math.floor(s / 60) + "m " + two(s % 60) + "s";
  if (s < 86400) return Math.floor(s / 3600) + "h " + two(Math.floor((s % 3600) / 60)) + "m";
  return Math.floor(s / 86400) + "d " + Math.floor((s % 86400) / 3600) + "h";
}

function count() {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const said = spoken((Date.now() - Date.parse(time.dateTime)) / 1000);
    if (time.textContent !== said) time.textContent = said;
  }
}

// The log.
const log = document.querySelector("pre[data-log]");
let following = null;

async function follow() {
  clearTimeout(following);
  if (!log || document.hidden) return;
  try {
    const answer = await fetch(log.dataset.log, { credentials: "same-origin" });
    if (answer.ok) {
      const now = await answer.text();
      const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
      if (now !== log.textContent) {
        log.textContent = now;
        if (atEnd) log.scrollTop = log.scrollHeight;
      }
    }
  } catch {
    // The next look may succeed.
  }
  following = setTimeout(follow, 2000);
}

// The filter.
function narrow() {
  if (!filter) return;
  const wanted = filter.value.trim().toLowerCase();
  for (const row of document.querySelectorAll(".plans tbody tr")) {
    row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
  }
}

if (filter) {
  filter.closest("label").hidden = false;
  filter.addEventListener("input", narrow);
}
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea")) return;
  if (event.key === "/" && filter) {
    event.preventDefault();
    filter.focus();
  } else if (event.key === "j" || event.key === "k") {
    const links = [...document.querySelectorAll("main a.plan")].filter((link) => link.checkVisibility());
    const at = links.indexOf(document.activeElement);
    const next = event.key === "j" ? Math.min(at + 1, links.length - 1) : Math.max(at - 1, 0);
    links[next]?.focus();
  }
});

rememberAll(document);
if (log) log.scrollTop = log.scrollHeight;
setInterval(count, 1000);
listen();
follow();
