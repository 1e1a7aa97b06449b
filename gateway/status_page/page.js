// ---- asking the gateway ------------------------------------------------------------------------------------------
const state = { now: 0, started: null, token: '', devices: new Map(), shadow: new Map(), since: {}, timer: 0,
  busy: false, paused: false };

class TokenNeeded extends Error {}
async function ask(target) {
  const headers = state.token ? { Authorization: `Bearer ${state.token}` } : {};
  const answer = await fetch(target, { headers, cache: 'no-store', credentials: 'omit', redirect: 'error' });
  if (answer.status === 401) throw new TokenNeeded();
  if (!answer.ok) throw new Error(`${target}: status ${answer.status}`);
  return answer;
}
const askJson = async (target) => (await ask(target)).json();

// All devices the first time, later only those about whom something has changed.
async function load(view) {
  const known = state[view];
  let after = '';
  let since = state.since[view];
  let changed = since === undefined;
  const from = since === undefined ? '' : `&since=${since}`;
  do {
    const target = `/status?view=${view}&limit=${PAGE_OF_DEVICES}${from}` +
      (after ? `&after=${encodeURIComponent(after)}` : '');
    const page = await askJson(target);
    if (!after) since = Math.max(0, page.now - 1);
    changed ||= page.devices.length > 0;
    for (const device of page.devices) {
      device.words = [device.device, device.listener, device.cipher, device.version, device.serial,
        device.refusals?.last, device.refusals?.detail, device.claims?.last, device.reason, device.last_denial]
        .join(' ').toLowerCase();
      known.set(device.device, device);
    }
    after = page.next;
    state.left_out = page.sightings_left_out;
    if (view === 'shadow' && page.without_device) state.without = page.without_device;
    if (after && from === '') $('updated').textContent = `loading ${plural(known.size, 'device')} ...`;
  } while (after);
  state.since[view] = since;
  if (changed) tables[view].show([...known.values()]); // else what is selected for copying stays so
}

function showStatus(status) {
  if (state.started !== null && state.started !== status.started) {
    state.devices.clear(); // another process: what it knows may be less
    state.shadow.clear();
    state.since = {};
  }
  state.started = status.started;
  state.now = status.now;
  $('version').textContent = status.version;
  $('place').textContent = `${location.host}, running since ${utc(status.started)}.`;
  tables.crls.show(status.crls);
  tables.certificates.show(status.certificates);
  tables.listeners.show(status.listeners);
  tables.stores.show(status.store.flatMap((at) => at.addresses.map((a) => ({ endpoint: at.endpoint, ...a }))));
}

function showFacts(status) {
  const devices = [...state.devices.values()];
  const refused = devices.filter((device) => device.refusals.count > 0).length;
  const worst = ['closed', 'grace', 'due', 'fresh'].find((word) => status.crls.some((crl) => crl.state === word));
  const first = status.certificates.reduce((a, b) => (a && a.not_after < b.not_after ? a : b), null);
  const facts = [
    ['State', status.draining ? badge('draining', 'warn') : badge('serving', 'good')],
    ['CRLs, worst state', worst ? badge(worst, crlKinds[worst]) : badge('none', 'warn')],
    ['Next certificate to end', first ? expiry(first.not_after) : 'none'],
    ['Connections', count(status.connections)],
    ['Devices known', `${count(devices.length)} of at most ${count(status.devices_at_most)}`],
    ['Devices with refusals', count(refused)],
    ['Configuration', lines(`generation ${status.generation}`, status.enforced_generation >= status.generation
      ? 'obeyed by every connection' : 'not yet obeyed by all')],
  ];
  if (state.left_out) facts.push(['Sightings without room', badge(count(state.left_out), 'warn')]);
  $('facts').replaceChildren(...facts.map(([name, value]) => {
    const fact = element('div');
    fact.append(element('dt', name), element('dd'));
    fact.lastChild.append(value);
    return fact;
  }));
}

function showShadow(status) {
  const inShadow = status.listeners.filter((listener) => listener.shadow).map((listener) => listener.name);
  const nobody = state.without?.requests_denied
    ? ` Requests about no device that mode high denies: ${count(state.without.requests_denied)}.` : '';
  $('shadow-hint').textContent = inShadow.length
    ? `What mode high would say to the clients of: ${inShadow.join(', ')}.${nobody}` : 'No listener is in shadow mode.';
}

function showEvents(answer) {
  tables.events.show(answer.events.map(({ time: at, level, event, ...rest }) => {
    const details = Object.entries(rest).filter(([, value]) => value !== '')
      .map(([name, value]) => `${name}: ${value}`).join(', ');
    return { time: at, level, event, details, words: `${event} ${level} ${details}`.toLowerCase() };
  }));
}

async function refresh() {
  if (state.busy) return;
  state.busy = true;
  clearTimeout(state.timer);
  try {
    const status = await askJson('/status');
    const isFirst = $('content').hidden;
    showContent(true);
    showStatus(status);
    showEvents(await askJson('/status?view=events'));
    await load('devices');
    if (status.listeners.some((listener) => listener.shadow)) await load('shadow');
    showFacts(status);
    showShadow(status);
    $('updated').textContent = `Updated ${utc(status.now)}.`;
    $('trouble').hidden = true;
    document.documentElement.dataset.loaded = String(Number(document.documentElement.dataset.loaded || 0) + 1);
    if (isFirst) announce(`Status loaded, ${plural(state.devices.size, 'device')}`);
  } catch (problem) {
    if (problem instanceof TokenNeeded) askForToken();
    else trouble(`No answer from the gateway (${problem.message}). What you see is from the last update.`);
  }
  state.busy = false;
  plan();
}

function plan() {
  clearTimeout(state.timer);
  if (!state.paused && !document.hidden && $('sign-in').hidden) state.timer = setTimeout(refresh, REFRESH_MS);
}
function trouble(text) {
  if ($('trouble').hidden || $('trouble').textContent !== text) $('trouble').textContent = text;
  $('trouble').hidden = false;
}
function announce(text) {
  $('announcement').textContent = text;
}
function showContent(shown) {
  for (const id of ['content', 'sections', 'tools']) $(id).hidden = !shown;
  $('sign-in').hidden = shown;
}
function askForToken() {
  if (state.token) trouble('The gateway does not take this token.');
  state.token = '';
  showContent(false);
  $('token').value = '';
  $('token').focus();
}

// Not a plain link: the token goes into a header field.
async function download(target, name) {
  try {
    const place = URL.createObjectURL(await (await ask(target)).blob());
    const link = element('a');
    link.href = place;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(place), 60_000);
    announce(`${name} downloaded`);
  } catch (problem) {
    if (problem instanceof TokenNeeded) askForToken();
    else trouble(`The download failed (${problem.message}).`);
  }
}

// ---- controls ----------------------------------------------------------------------------------------------------
function later(act) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, 120);
  };
}
const kinds = {
  all: () => true,
  refused: (device) => device.refusals.count > 0,
  claimed: (device) => device.claims.count > 0,
  expiring: (device) => device.certificate_not_after !== null && days(device.certificate_not_after) < SOON_DAYS,
  unproven: (device) => !device.proven,
};
const wordsOf = (id) => $(id).value.toLowerCase().split(/\s+/).filter(Boolean);
const has = (row, words) => words.every((word) => row.words.includes(word));
const filterDevices = later(() => {
  const words = wordsOf('device-filter');
  const fits = kinds[$('device-kind').value];
  tables.devices.filter((device) => fits(device) && has(device, words));
});
const filterShadow = later(() => {
  const words = wordsOf('shadow-filter');
  tables.shadow.filter((device) => has(device, words));
});
const filterEvents = later(() => {
  const words = wordsOf('event-filter');
  const levels = { all: [], warning: ['info', 'debug'], error: ['info', 'debug', 'warning'] }[$('event-level').value];
  tables.events.filter((event) => !levels.includes(event.level) && has(event, words));
});
$('device-filter').addEventListener('input', filterDevices);
$('device-kind').addEventListener('change', filterDevices);
$('shadow-filter').addEventListener('input', filterShadow);
$('event-filter').addEventListener('input', filterEvents);
$('event-level').addEventListener('change', filterEvents);
$('download-csv').addEventListener('click', () => download('/status?view=devices&format=csv', 'sallyport-devices.csv'));
$('download-json').addEventListener('click', () => download('/status?view=devices', 'sallyport-devices.json'));
$('refresh').addEventListener('click', refresh);
$('pause').addEventListener('click', () => {
  state.paused = !state.paused;
  $('pause').setAttribute('aria-pressed', String(state.paused));
  plan();
});
$('token-form').addEventListener('submit', (event) => {
  event.preventDefault();
  state.token = $('token').value.trim();
  $('trouble').hidden = true;
  refresh();
});
document.addEventListener('visibilitychange', plan);
refresh();
