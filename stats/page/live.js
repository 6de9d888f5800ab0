// The live page. The server renders and sends each element that has changed; this puts them in
// their places and keeps what the user does: boxes, fields, focus, selection, scroll, filter and
// order. Without it the page works too, and loads itself again. It is served as one module with
// table.js and keys.js, in this order.

const { live, paused } = document.querySelector('script[data-live]').dataset;
const main = document.querySelector('main');
const silence = 30_000, between = 5_000; // ms: without news; between two tries where it cannot be live

// --- What has changed comes to its place.

const mine = new Set(['tabindex', 'aria-sort', 'open']); // attributes that the server does not know
const keeps = (element, name) => mine.has(name) || name === 'hidden' && element.matches('tr, .proxy'); // those that the filter hides

// morph makes an element like another one; the nodes that both have stay.
function morph(element, like) {
  if (element.nodeName !== like.nodeName || element.id !== like.id) return element.replaceWith(like);
  if (element.nodeType !== Node.ELEMENT_NODE) {
    if (element.data !== like.data) element.data = like.data;
    return;
  }
  if (element.nodeName === 'NOSCRIPT') return;
  for (const { name } of [...element.attributes]) if (!like.hasAttribute(name) && !keeps(element, name)) element.removeAttribute(name);
  for (const { name, value } of like.attributes) if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  morphChildren(element, like);
}

function morphChildren(element, like) {
  const wanted = new Set([...like.children].map((child) => child.id));
  for (const child of [...element.children]) if (child.id && !wanted.has(child.id)) child.remove();
  const known = new Map([...element.children].map((child) => [child.id || child, child]));
  let at = element.firstChild;
  const drop = () => { const gone = at; at = at.nextSibling; gone.remove(); };
  for (const child of [...like.childNodes]) {
    const twin = known.get(child.id);
    while (twin && at && at !== twin && !at.id) drop();
    const same = twin ?? (at && !at.id && at.nodeName === child.nodeName ? at : null);
    if (same === null) { element.insertBefore(child, at); continue; }
    if (same === at) at = at.nextSibling; else move(same, at, element);
    morph(same, child);
  }
  while (at) drop();
}

// move keeps focus and all else where the browser can.
function move(node, before, parent) {
  (parent.moveBefore ?? parent.insertBefore).call(parent, node, before);
}

// find takes the kind of an element into account: a backend may be called "process".
const find = (id, like) => [...document.querySelectorAll(`[id="${CSS.escape(id)}"]`)].find((e) => e.nodeName === like.nodeName);

const waiting = new Map(); // HTML by id, until no text is selected

function take(news) {
  for (const [id, html] of Object.entries(news)) {
    waiting.delete(id); // what is newer comes last
    waiting.set(id, html);
  }
  settle();
}

function settle() {
  const selection = getSelection();
  if (!waiting.size || !selection.isCollapsed && main.contains(selection.anchorNode)) return;
  refresh(() => {
    for (const [id, html] of waiting) {
      const like = make('template', { innerHTML: html }).content.firstElementChild;
      const element = find(id, like);
      if (element) morph(element, like);
      if (element && !element.matches('tr')) number(element);
    }
    waiting.clear();
  });
}

// refresh does something to the tables, and what the user wants of them once more.
function refresh(change) {
  const focus = document.activeElement;
  change();
  for (const table of main.querySelectorAll('table.figures')) {
    for (const head of heads(table)) if (!head.matches('.pick')) head.tabIndex = 0;
    if (!table.tBodies[0].matches(':hover, :focus-within')) sort(table); // nothing moves under the pointer
  }
  filter();
  if (focus !== document.activeElement && focus.isConnected) focus.focus({ preventScroll: true });
}

// --- Where the news come from.

let source = null, timer = 0, heard = 0, stamp = '', stopped = paused !== undefined, since = null;

function connect() {
  close();
  if (stopped || document.hidden) return;
  heard = Date.now();
  source = new EventSource(location.origin + live);
  source.onmessage = (event) => {
    if (stamp && event.lastEventId !== stamp) return location.reload(); // another version of the page
    [stamp, heard] = [event.lastEventId, Date.now()];
    take(JSON.parse(event.data));
    say('on', waiting.size ? 'held while text is selected' : 'live');
  };
  source.onerror = () => { if (source?.readyState === EventSource.CLOSED) poll(); else sayLost(); };
}

function close() {
  clearTimeout(timer);
  source?.close();
  source = null;
}

// poll asks for the whole page where the server gives no stream, and then for a stream again.
async function poll() {
  close();
  timer = setTimeout(connect, between);
  try {
    const answer = await fetch(location.origin + location.pathname + location.search), text = await answer.text();
    if (!answer.ok) return say('off', `not live: ${answer.status === 401 ? 'log in again' : text.slice(0, 200)}`);
    const page = new DOMParser().parseFromString(text, 'text/html');
    refresh(() => { for (const id of ['/title', '/header', '/main']) morph(document.getElementById(id), page.getElementById(id)); number(main); });
    say('off', `not live: no stream to be had, there may be too many viewers; asked every ${between / 1000} s`);
  } catch { sayLost(); }
}

const clock = () => new Date().toLocaleTimeString();
const sayLost = () => say('', `reconnecting since ${since ??= clock()}`);

function say(how, text) {
  if (how) since = null;
  if (state.textContent === text) return; // or it would be read out again
  state.className = how;
  state.textContent = text;
}

function toggle() {
  stopped = !stopped;
  button.textContent = stopped ? 'Go live' : 'Pause';
  if (stopped) { close(); say('off', `paused since ${clock()}`); } else connect();
}
