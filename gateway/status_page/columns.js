// ---- what each table shows ------------------------------------------------------------------------------------------
const plain = (title, of, more) => ({ title, key: of, cell: (row) => String(of(row)), ...more });
const counted = (title, of) => ({ title, key: of, cell: (row) => count(of(row)), number: true });

const crlKinds = { fresh: 'good', due: 'warn', grace: 'warn', closed: 'bad' };
const tables = {
  crls: new Table('crls', 'CRLs in force', [
    plain('Issuer', (crl) => crl.issuer + (crl.distribution_point ? `, ${crl.distribution_point}` : '')),
    { title: 'State', key: (crl) => crl.state, cell: (crl) => badge(crl.state, crlKinds[crl.state] || 'bad') },
    plain('Number', (crl) => crl.number, { number: true }),
    counted('Entries', (crl) => crl.entries),
    { title: 'Next update (UTC)', key: (crl) => crl.next_update,
      cell: (crl) => lines(time(crl.next_update), `made ${utc(crl.this_update)}`) },
  ], { column: 0, descending: false }),
  certificates: new Table('certificates', 'Certificates', [
    plain('Name', (certificate) => certificate.name),
    plain('Usage', (certificate) => certificate.usage.replaceAll('_', ' ')),
    { title: 'Valid for', key: (certificate) => certificate.not_after, cell: (c) => expiry(c.not_after) },
  ], { column: 2, descending: false }),
  listeners: new Table('listeners', 'Listeners', [
    plain('Name', (listener) => listener.name),
    { title: 'Mode', key: (listener) => listener.mode, cell: (listener) => listener.shadow
      ? lines(`${listener.mode}, shadow`, `ramp ${listener.ramp_percent} %`) : listener.mode },
    plain('Address', (listener) => `${listener.address} port ${listener.port}`),
    plain('Hosts', (listener) => listener.hosts.join(', ') || 'any', { className: 'wide' }),
  ], { column: 0, descending: false }),
  stores: new Table('stores', 'Addresses of the store', [
    plain('Endpoint', (server) => server.endpoint),
    plain('Address', (server) => server.address),
    { title: 'State', key: (server) => server.up,
      cell: (server) => (server.up ? badge('up', 'good') : badge('down', 'bad')) },
    counted('Requests now', (server) => server.requests),
  ], { column: 0, descending: false }),
  devices: new Table('devices', 'Devices seen', [
    plain('Device', (device) => device.device),
    { title: 'Last seen (UTC)', key: (device) => device.last_seen, cell: (device) => time(device.last_seen),
      latestFirst: true },
    { title: 'Refusals', key: (device) => device.refusals.count, cell: (device) => refusals(device.refusals, 'bad'),
      latestFirst: true },
    { title: 'Listener', key: (device) => device.listener, cell: (device) => lines(device.listener,
      device.proven ? '' : 'claimed, not proven') },
    { title: 'Suite', key: (device) => device.cipher, cell: (device) => device.cipher
      ? lines(device.cipher, `${device.version}${device.key_bits ? `, key ${device.key_bits} bits` : ''}`)
      : element('span', 'none yet', 'note') },
    { title: 'Certificate ends', key: (device) => device.certificate_not_after ?? Infinity,
      cell: (device) => expiry(device.certificate_not_after) },
    counted('Requests', (device) => device.requests),
    { title: 'Bytes in', key: (device) => device.bytes_in, cell: (device) => bytes(device.bytes_in), number: true },
    { title: 'Bytes out', key: (device) => device.bytes_out, cell: (device) => bytes(device.bytes_out),
      number: true },
    { title: 'Unproven claims', key: (device) => device.claims.count,
      cell: (device) => refusals(device.claims, 'warn'), latestFirst: true },
  ], { column: 1, descending: true }),
  shadow: new Table('shadow', 'What mode high would say', [
    plain('Device', (device) => device.device),
    { title: 'Under mode high', key: (device) => device.reason || '', cell: (device) => lines(
      device.reason ? badge(`refused: ${device.reason}`, 'bad')
        : device.requests_denied > 0 ? badge('let in, requests denied', 'warn') : badge('let in', 'good'),
      device.enforced ? 'enforced by the ramp' : '') },
    counted('Requests', (device) => device.requests),
    counted('Denied', (device) => device.requests_denied),
    { title: 'Last denial', key: (device) => device.last_denial || '', className: 'wide',
      cell: (device) => lines(device.last_denial || 'none', device.last_denial_detail) },
    { title: 'Last seen (UTC)', key: (device) => device.last_seen, cell: (device) => time(device.last_seen),
      latestFirst: true },
  ], { column: 1, descending: true }),
  events: new Table('events', 'Events of this process', [
    plain('Time (UTC)', (event) => event.time.slice(0, 19).replace('T', ' '), { className: 'whole' }),
    { title: 'Level', key: (event) => event.level, cell: (event) => badge(event.level,
      { error: 'bad', warning: 'warn' }[event.level] || '') },
    plain('Event', (event) => event.event),
    plain('Details', (event) => event.details, { className: 'wide' }),
  ], { column: 0, descending: true }),
};
