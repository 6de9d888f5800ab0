
// --- Filter and order.

function filter() {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0, all = 0;
  for (const section of main.querySelectorAll('section.proxy')) {
    let any = !words.length;
    for (const row of section.querySelectorAll('tr[data-find]')) {
      const text = row.dataset.find.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      if (!row.hidden) { any = true; shown++; }
      all++;
    }
    section.hidden = !any;
  }
  const text = words.length ? `${shown} of ${all}` : '';
  if (found.textContent !== text) found.textContent = text;
}

const orders = new Map(); // how a table is sorted, by the id of its section

// heads are the heads of the columns, from both rows.
function heads(table) {
  const [top, low] = table.tHead.rows, under = [...low.cells];
  return [...top.cells].flatMap((head) => (head.rowSpan > 1 ? head : under.splice(0, head.colSpan)));
}

const scale = { 'µs': 1e-6, ms: 1e-3, min: 60, m: 60, h: 3600, d: 86400, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

// figure is what a cell is sorted by: a number, with its units; a text; null where there is nothing.
function figure(cell) {
  const text = (cell.querySelector(':scope > button, :scope > a') ?? cell).textContent.trim().replace(/^(\d+[dhms])+ /, '');
  if (!/^\d/.test(text)) return /^[-?]?$/.test(text) ? null : text;
  let sum = 0;
  for (const [, n, unit] of text.match(/^([\d.]+\s?(µs|ms|min|m|h|d|s|[KMGT]iB|B)?\s?)+/)[0].matchAll(/([\d.]+)\s?([µa-zA-Z]*)/g)) sum += n * (scale[unit] ?? 1);
  return sum;
}

function compare(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return sign * (typeof a === 'number' ? a - b : a.localeCompare(b, undefined, { numeric: true }));
}

const places = new WeakMap(); // of rows in the server's order

// number takes note of the rows of an element that has just come from the server.
function number(element) {
  for (const body of element.querySelectorAll('.figures > tbody')) {
    [...body.rows].forEach((row, i) => places.set(row, i));
    sort(body.parentNode);
  }
}

// sortBy changes how a table is sorted: the biggest or first, then the smallest or last, then as the server does.
function sortBy(head) {
  const table = head.closest('table'), section = table.closest('section').id, column = heads(table).indexOf(head);
  const first = typeof figure(table.tBodies[0].rows[0].cells[column]) === 'number' ? -1 : 1;
  const old = orders.get(section), sign = old?.column !== column ? first : old.sign === first ? -first : 0;
  orders.set(section, { column, sign });
  for (const other of heads(table)) other.removeAttribute('aria-sort');
  if (sign) head.ariaSort = sign > 0 ? 'ascending' : 'descending';
  refresh(() => sort(table));
}

// sort leaves the backend last.
function sort(table) {
  const order = orders.get(table.closest('section').id), body = table.tBodies[0], rows = [...body.rows];
  if (!order) return;
  const figures = new Map(rows.map((row) => [row, figure(row.cells[order.column])]));
  const last = (row) => row.matches('.backend');
  rows.sort((a, b) => last(a) - last(b) || order.sign && compare(figures.get(a), figures.get(b), order.sign) || places.get(a) - places.get(b));
  rows.forEach((row, i) => { if (body.rows[i] !== row) move(row, body.rows[i], body); });
}
