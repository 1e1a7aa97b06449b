'use strict';
// What comes from the gateway names devices, and so may be what an attacker chose: it reaches the page as text only.
// The files of this folder are one script in the page: table.js, columns.js, page.js.
const $ = (id) => document.getElementById(id);
const REFRESH_MS = 10_000;
const PAGE_OF_DEVICES = 5_000; // asked for at once
const ROWS = 50; // shown at once
const SOON_DAYS = 30;

// ---- text --------------------------------------------------------------------------------------------------------
const utc = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
const count = (number) => number.toLocaleString('en');
const plural = (number, what) => `${count(number)} ${what}${number === 1 ? '' : 's'}`;
const days = (seconds) => Math.floor((seconds - state.now) / 86400);
function bytes(number) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let unit = 0;
  for (; number >= 1024 && unit < units.length - 1; ++unit) number /= 1024;
  return `${unit === 0 ? number : number.toFixed(1)} ${units[unit]}`;
}
// Characters that are not seen, or that turn the order of others round, could make one name look like another.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const visible = (text) => String(text).replace(UNSEEN,
  (unseen) => `\\u${unseen.charCodeAt(0).toString(16).padStart(4, '0')}`);
function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined && text !== null) made.textContent = visible(text);
  if (className) made.className = className;
  return made;
}
const badge = (word, kind) => element('span', word, `badge ${kind}`);
const lines = (first, second) => {
  const both = document.createDocumentFragment();
  both.append(typeof first === 'string' ? visible(first) : first);
  if (second) both.append(element('div', second, 'note'));
  return both;
};
const time = (seconds) => {
  const made = element('time', utc(seconds));
  made.dateTime = new Date(seconds * 1000).toISOString();
  return made;
};
function expiry(seconds) {
  if (seconds === null) return element('span', 'none', 'note');
  const left = days(seconds);
  const date = utc(seconds).slice(0, 10);
  if (left < 0) return lines(badge('expired', 'bad'), date);
  return lines(left < SOON_DAYS ? badge(`${plural(left, 'day')} left`, 'warn') : plural(left, 'day'), date);
}
function refusals(of, kind) {
  if (of.count === 0) return element('span', 'none', 'note');
  const cell = lines(badge(`${count(of.count)} × ${of.last || 'unknown'}`, kind), `${utc(of.at)}`);
  if (of.detail) cell.append(element('div', of.detail, 'note reason'));
  return cell;
}

// ---- tables ------------------------------------------------------------------------------------------------------
// A column: title, `key` (what it is sorted by), `cell` (text or a node), `number` (aligned right, the largest first),
// `latestFirst`.
class Table {
  constructor(section, caption, columns, sort) {
    this.columns = columns;
    this.sort = sort; // {column, descending}
    this.rows = [];
    this.keep = () => true;
    this.page = 0;
    this.region = element('div', null, 'scroll');
    const table = element('table');
    this.caption = element('caption', caption);
    this.caption.id = `${section}-caption`;
    this.name = caption;
    this.region.tabIndex = 0;
    this.region.setAttribute('role', 'region');
    this.region.setAttribute('aria-labelledby', this.caption.id);
    const head = element('thead');
    const titles = head.appendChild(element('tr'));
    this.titles = columns.map((column, index) => {
      const title = element('th', null, column.number ? 'number' : '');
      title.scope = 'col';
      const button = element('button', column.title);
      button.type = 'button';
      button.append(element('span', '', 'arrow'));
      button.lastChild.setAttribute('aria-hidden', 'true');
      button.addEventListener('click', () => this.sortBy(index));
      title.append(button);
      titles.append(title);
      return title;
    });
    this.body = element('tbody');
    table.append(this.caption, head, this.body);
    this.region.append(table);
    this.pager = element('div', null, 'pager');
    this.back = this.pager.appendChild(element('button', 'Previous'));
    this.position = this.pager.appendChild(element('span'));
    this.forward = this.pager.appendChild(element('button', 'Next'));
    for (const [button, step] of [[this.back, -1], [this.forward, 1]]) {
      button.type = 'button';
      button.setAttribute('aria-label', `${button.textContent} rows of: ${caption}`);
      button.addEventListener('click', () => {
        this.page += step;
        this.draw();
        announce(this.position.textContent);
      });
    }
    $(section).append(this.region, this.pager);
    this.show([]);
  }
  sortBy(column) {
    const again = this.sort.column === column;
    const { number, latestFirst } = this.columns[column];
    this.sort = { column, descending: again ? !this.sort.descending : Boolean(number || latestFirst) };
    this.page = 0;
    this.arrange();
    announce(`${this.name}: sorted by ${this.columns[column].title}, ` +
      (this.sort.descending ? 'descending' : 'ascending'));
  }
  show(rows) {
    this.rows = rows;
    this.arrange();
  }
  filter(keep) {
    this.keep = keep;
    this.page = 0;
    this.arrange();
    announce(`${this.name}: ${plural(this.shown.length, 'row')}`);
  }
  arrange() {
    const { key } = this.columns[this.sort.column];
    const up = this.sort.descending ? -1 : 1;
    const keyed = this.rows.filter(this.keep).map((row) => [key(row), row]);
    keyed.sort(([a], [b]) => (a < b ? -up : a > b ? up : 0));
    this.shown = keyed.map(([, row]) => row);
    this.titles.forEach((title, index) => {
      const isSorted = index === this.sort.column;
      if (isSorted) title.setAttribute('aria-sort', this.sort.descending ? 'descending' : 'ascending');
      else title.removeAttribute('aria-sort');
      title.querySelector('.arrow').textContent = isSorted ? (this.sort.descending ? ' ▼' : ' ▲') : '';
    });
    this.draw();
  }
  draw() {
    const pages = Math.max(1, Math.ceil(this.shown.length / ROWS));
    this.page = Math.min(Math.max(0, this.page), pages - 1);
    const first = this.page * ROWS;
    const page = this.shown.slice(first, first + ROWS);
    this.body.replaceChildren(...page.map((row) => this.drawn(row)));
    if (page.length === 0) {
      const cell = element('td', this.rows.length === 0 ? 'Nothing yet.' : 'Nothing fits the filter.', 'empty');
      cell.colSpan = this.columns.length;
      this.body.appendChild(element('tr')).append(cell);
    }
    const total = this.shown.length === this.rows.length ? '' : ` of ${count(this.rows.length)}`;
    this.caption.textContent = `${this.name}: ${count(this.shown.length)}${total}`;
    this.position.textContent = `${count(first + 1)}–${count(first + page.length)} of ${count(this.shown.length)}`;
    this.pager.hidden = pages === 1;
    this.back.disabled = this.page === 0;
    this.forward.disabled = this.page === pages - 1;
  }
  drawn(row) {
    const line = element('tr');
    this.columns.forEach((column, index) => {
      const cell = element(index === 0 ? 'th' : 'td', null, [column.number && 'number', column.className]
        .filter(Boolean).join(' '));
      if (index === 0) cell.scope = 'row';
      const content = column.cell(row);
      cell.append(typeof content === 'string' ? visible(content) : content);
      line.append(cell);
    });
    return line;
  }
}
