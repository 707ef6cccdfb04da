// The main job (examples/1-auth-watch) as somebody would write it without a framework: one loop, the same
// rules, the same lines of JSON. No lanes that wait, no supervision, no backpressure, no dead letters.
//
//   node bench/peers/auth-watch-plain.mjs PATH
import { createReadStream, openSync, readSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';

const months = {
  Jan: 0,
  Feb: 1,
  Mar: 2,
  Apr: 3,
  May: 4,
  Jun: 5,
  Jul: 6,
  Aug: 7,
  Sep: 8,
  Oct: 9,
  Nov: 10,
  Dec: 11,
};
const linePattern = /^([A-Z][a-z]{2}) +(\d+) (\d\d):(\d\d):(\d\d) \S+ ([^[:]+)(?:\[\d+\])?: ?(.*)$/;
const repeatedPattern = /^message repeated (\d{1,9}) times: \[ (.*)\]$/;
const failedPattern = /^Failed password for (?:invalid user )?(.*) from (\S+) port \d+/;
const acceptedPattern = /^Accepted (?:password|publickey) for (.*) from (\S+) port \d+/;
const criticalPattern =
  /POSSIBLE BREAK-IN ATTEMPT|Too many authentication failures|maximum authentication attempts exceeded/;

const summary = {
  lines: 0,
  failed: 0,
  accepted: 0,
  undecodable: 0,
  lanes: { critical: 0, high: 0, normal: 0, low: 0 },
  alerts: { bruteforce: 0, compromised: 0, spray: 0 },
};
const addresses = new Map();
const halfYearMs = 183 * 86_400_000;
let year = 2000;
let previous = 0;

function addressOf(ip) {
  let address = addresses.get(ip);
  if (address === undefined) {
    address = { minute: [], sinceLogin: [], names: new Map(), alertedAt: -Infinity, sprayed: false };
    addresses.set(ip, address);
  }
  return address;
}

function alert(name, time, key, data) {
  summary.alerts[name] += 1;
  process.stdout.write(`${JSON.stringify({ type: `auth.alert.${name}`, time, key, data })}\n`);
}

function forgetBefore(times, time, windowMs) {
  while (times.length > 0 && time - times[0] >= windowMs) times.shift();
}

function failed(ip, user, time) {
  const address = addressOf(ip);
  summary.failed += 1;
  address.minute.push(time);
  forgetBefore(address.minute, time, 60_000);
  if (address.minute.length >= 5 && time - address.alertedAt >= 300_000) {
    address.alertedAt = time;
    alert('bruteforce', time, ip, { count: address.minute.length });
  }
  address.sinceLogin.push(time);
  forgetBefore(address.sinceLogin, time, 300_000);
  address.names.delete(user);
  address.names.set(user, time);
  for (const [name, tried] of address.names) {
    if (time - tried < 600_000) break;
    address.names.delete(name);
  }
  const spraying = address.names.size >= 3;
  if (spraying && !address.sprayed) {
    const users = [...address.names.keys()].toReversed();
    alert('spray', time, ip, { count: address.names.size, users });
  }
  address.sprayed = spraying;
}

function accepted(ip, user, time) {
  const address = addressOf(ip);
  summary.accepted += 1;
  forgetBefore(address.sinceLogin, time, 300_000);
  const failures = address.sinceLogin.length;
  if (failures >= 3) alert('compromised', time, ip, { user, failures });
  address.sinceLogin = [];
}

function laneOf(program, message, said) {
  if (program !== 'sshd') return 'low';
  if (criticalPattern.test(message)) return 'critical';
  if (message.startsWith('Accepted ') || said.startsWith('Failed password for root ')) return 'high';
  return said.startsWith('Failed password ') || message.startsWith('Invalid user') ? 'normal' : 'low';
}

function handle(line) {
  summary.lines += 1;
  const parts = linePattern.exec(line);
  if (parts === null) {
    summary.undecodable += 1;
    return;
  }
  const [, month, day, hours, minutes, seconds, program, message] = parts;
  let time = Date.UTC(year, months[month], day, hours, minutes, seconds);
  if (previous - time > halfYearMs) {
    year += 1;
    time = Date.UTC(year, months[month], day, hours, minutes, seconds);
  }
  previous = time;
  const repeated = repeatedPattern.exec(message);
  const said = repeated === null ? message : repeated[2];
  summary.lanes[laneOf(program, message, said)] += 1;
  if (program !== 'sshd') return;
  const failure = failedPattern.exec(said);
  if (failure !== null) {
    const times = repeated === null ? 1 : Number(repeated[1]);
    for (let turn = 0; turn < times; turn += 1) failed(failure[2], failure[1], time);
    return;
  }
  const login = acceptedPattern.exec(message);
  if (login !== null) accepted(login[2], login[1], time);
}

const path = process.argv[2];
const magic = Buffer.alloc(2);
readSync(openSync(path, 'r'), magic, 0, 2, 0);
const file = createReadStream(path);
const input = magic[0] === 0x1f && magic[1] === 0x8b ? file.pipe(createGunzip()) : file;
for await (const line of createInterface({ input, crlfDelay: Infinity })) handle(line);
process.stdout.write(`${JSON.stringify({ type: 'summary', data: summary })}\n`);
