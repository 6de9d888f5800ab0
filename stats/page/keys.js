
// --- Controls, keys and questions.

function make(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

const state = make('output', { ariaLive: 'polite' });
const button = make('button', { type: 'button', ariaKeyShortcuts: 'p', onclick: toggle }, 'Pause');
const box = make('input', { type: 'search', ariaLabel: 'Filter servers', ariaKeyShortcuts: '/', placeholder: 'Filter: name, state, address', oninput: filter });
const found = make('small', { role: 'status' });
const asks = make('button', { type: 'button', ariaKeyShortcuts: '?', onclick: help }, 'Keys');
main.before(make('div', { className: 'live', role: 'group', ariaLabel: 'Live page' }, state, button, box, found, asks));

const keys = { p: toggle, '/': () => box.focus(), '?': help, j: () => step(1), k: () => step(-1), x: check };
const words = [
  ['p', 'pause, and go on'], ['/', 'filter the servers'], ['j, k', 'next row, previous row; arrows too, within a table'],
  ['x', 'check the row’s box'], ['Enter', 'on the head of a column: sort by it'], ['?', 'this list'], ['Escape', 'close it, or clear the filter'],
];

document.addEventListener('keydown', (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || target.closest('dialog')) return;
  const typing = target.closest('select, textarea, input:not([type=checkbox])'), head = target.closest('thead th[tabindex]');
  let act = typing ? null : keys[key];
  if (key === 'Escape' && target === box) act = () => { box.value = ''; filter(); box.blur(); };
  if (head && (key === 'Enter' || key === ' ')) act = () => sortBy(head);
  if (!typing && target.closest('.figures > tbody') && key.startsWith('Arrow')) act = { ArrowDown: keys.j, ArrowUp: keys.k }[key];
  if (!act) return;
  event.preventDefault();
  act();
});

document.addEventListener('click', (event) => {
  const head = event.target.closest('thead th[tabindex]');
  if (head) sortBy(head);
});

const current = () => document.activeElement.closest('.figures tbody tr');

function step(by) {
  const rows = [...main.querySelectorAll('.figures tbody tr')].filter((row) => row.getClientRects().length), at = rows.indexOf(current());
  rows.at(at < 0 ? Math.min(by, 0) : Math.min(Math.max(at + by, 0), rows.length - 1))?.querySelector('th a').focus();
}

function check() { current()?.querySelector('input[type=checkbox]')?.click(); }

// ask shows a dialog and tells whether it was agreed to.
function ask(title, content, ...choices) {
  const form = make('form', { method: 'dialog' }, ...choices.map(([value, text]) => make('button', { value }, text)));
  const dialog = make('dialog', { ariaLabel: title }, make('h2', {}, title), ...content, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((answer) => { dialog.onclose = () => { dialog.remove(); answer(dialog.returnValue === 'yes'); }; });
}

function help() {
  ask('Keys', [make('dl', {}, ...words.map(([key, what]) => make('div', {}, make('dt', {}, key), make('dd', {}, what))))], ['', 'Close']);
}

// What takes servers out is asked about, and what the filter hides from who orders it.
const takesOut = new Set(['drain', 'maint', 'hnolb', 'hdown', 'adown', 'shutdown']);

document.addEventListener('submit', async (event) => {
  const form = event.target;
  if (form.method !== 'post') return;
  const rows = [...form.querySelectorAll('tbody tr')], { action } = form.elements;
  const chosen = rows.filter((row) => row.querySelector('[name=s]:checked'));
  if (!chosen.length || !takesOut.has(action.value) && !chosen.some((row) => row.hidden)) return;
  event.preventDefault();
  const names = chosen.map((row) => row.querySelector('[name=s]').value);
  const stay = rows.filter((row) => !chosen.includes(row) && /_(up|going_down|no_check)$/.test(row.className)).length;
  const lines = [`${names.length > 1 ? `${names.length} servers` : 'Server'} of ${form.closest('section').id}: ${names.join(', ')}`,
    `Servers that stay in service: ${stay || 'none'}.`];
  const yes = await ask(`${action.selectedOptions[0].text}?`, lines.map((line) => make('p', {}, line)), ['', 'Cancel'], ['yes', 'Apply']);
  if (yes) form.submit();
});

document.addEventListener('visibilitychange', () => { if (document.hidden) close(); else connect(); });
document.addEventListener('selectionchange', settle);
setInterval(() => { if (source && Date.now() - heard > silence) connect(); }, between);

refresh(() => number(main));
if (stopped) { stopped = false; toggle(); } else connect();
