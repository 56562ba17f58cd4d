// What all profiles share: keys, values and their distributions as package
// workloads of lsmlab draws them, requests whose every answer is checked, phases
// at a fixed rate of arrival, and the summary that `lsmlab load` reads.
//
// A profile is a list of phases, each a scenario of its own, one after the other.
// Arrivals follow the clock (open model): a server that gets slow does not get
// less work. Settings come from environment variables, see README.md.

import http from 'k6/http';
import encoding from 'k6/encoding';
import exec from 'k6/execution';
import { sleep, randomSeed } from 'k6';
import { Counter, Rate } from 'k6/metrics';

// ---- Settings ----

function number(name, fallback, least) {
  const text = __ENV[name];
  const value = text === undefined || text === '' ? fallback : Number(text);
  if (!(value >= least)) throw new Error(`${name} is ${text}: want a number of at least ${least}`);
  return value;
}

function choice(name, fallback, among) {
  const value = __ENV[name] || fallback;
  if (!among.includes(value)) throw new Error(`${name} is ${value}: want one of ${among.join(', ')}`);
  return value;
}

export const settings = {
  base: (__ENV.BASE_URL || 'http://127.0.0.1:8080').replace(/\/+$/, ''),
  keys: number('KEYS', 100000, 1),
  valueSize: number('VALUE_SIZE', 100, 16),
  distribution: choice('DISTRIBUTION', 'zipfian',
    ['uniform', 'zipfian', 'zipfian-ordered', 'latest', 'hotspot', 'exponential']),
  theta: number('THETA', 0.99, 0),
  seed: number('SEED', 1, 0),
  scanLength: number('SCAN_LENGTH', 50, 1),
  durability: choice('DURABILITY', '', ['', 'volatile', 'buffered', 'synced']),
  token: __ENV.TOKEN || '',
  preload: choice('PRELOAD', 'yes', ['yes', 'no']) === 'yes',
  warmup: number('WARMUP', 5, 0), // seconds
  p95: number('P95_MS', 100, 0.001), // objective, milliseconds
  errorRate: number('ERROR_RATE', 0.01, 0), // objective, a share of 1
};

// setting returns a number of one profile, by the name of its variable.
export const setting = (name, fallback, least = 0) => number(name, fallback, least);

// ---- Keys and values, byte for byte those of package workloads ----

const word = (x) => BigInt.asUintN(64, x);

// hash is FNV-1a over the eight bytes of v, lowest first.
export function hash(v) {
  let h = 0xcbf29ce484222325n;
  let rest = BigInt(v);
  for (let i = 0; i < 8; i++) {
    h = word((h ^ (rest & 0xffn)) * 0x100000001b3n);
    rest >>= 8n;
  }
  return h;
}

// key returns the key of an index, of YCSB's form: 24 ASCII characters.
export const key = (index) => 'user' + hash(index).toString().padStart(20, '0');

const STEP = 0x9e3779b97f4a7c15n;
const MULTIPLY = 0xd6e8feb86659fd93n;
const INDEX_STEP = 0xd1342543de82ef95n;
const HEADER = 16; // bytes: index 8, version 4, size 3, repeat 1

// value returns the value of a key index: an ArrayBuffer of size bytes, from 16.
// Index, version and size determine every byte of it.
export function value(index, version, size) {
  const padded = new ArrayBuffer(Math.ceil(size / 8) * 8);
  const view = new DataView(padded);
  const tag = BigInt(version) | (BigInt(size) & 0xffffffn) << 32n;
  view.setBigUint64(0, BigInt(index), true);
  view.setBigUint64(8, tag, true);
  let x = word(BigInt(index) * INDEX_STEP) ^ word(tag * MULTIPLY);
  for (let at = HEADER; at < size; at += 8) {
    const y = word(x * MULTIPLY);
    view.setBigUint64(at, y ^ (y >> 32n), true);
    x = word(x + STEP);
  }
  return padded.slice(0, size);
}

// wrongValue says what is wrong with a value read for an index, of any version,
// or returns ''.
export function wrongValue(buffer, index, size) {
  if (!(buffer instanceof ArrayBuffer)) return 'no body';
  if (buffer.byteLength !== size) return `${buffer.byteLength} bytes, want ${size}`;
  const want = value(index, new DataView(buffer).getUint32(8, true), size);
  // Compared as text, which k6 makes of bytes much faster than a loop here sees them.
  return encoding.b64encode(buffer) === encoding.b64encode(want) ? '' : difference(buffer, want);
}

function difference(buffer, want) {
  const [a, b] = [new Uint8Array(buffer), new Uint8Array(want)];
  let at = 0;
  while (a[at] === b[at]) at++;
  return `byte ${at} of ${b.length} is ${a[at]}, want ${b[at]}`;
}

// ---- Distributions of key indices, those of package workloads/dist ----

// zipf returns a function that draws k from [0, n) with probability proportional
// to 1 / (k+1)^theta, by rejection-inversion (Hörmann, Derflinger, TOMACS 1996).
// It is as exact as the table of package dist and needs no memory, which counts
// with thousands of users.
export function zipf(n, theta) {
  // The integral of x^-theta and its inverse, kept exact as theta nears 1.
  const integral = (x) => power(Math.log(x), 1 - theta);
  const power = (l, a) => (Math.abs(a * l) < 1e-9 ? l * (1 + a * l / 2) : Math.expm1(a * l) / a);
  const inverse = (y) => {
    const a = 1 - theta;
    return Math.exp(Math.abs(a * y) < 1e-9 ? y * (1 - a * y / 2) : Math.log1p(a * y) / a);
  };
  const low = integral(1.5) - 1;
  const high = integral(n + 0.5);
  const squeeze = 2 - inverse(integral(2.5) - Math.pow(2, -theta));
  return () => {
    for (;;) {
      const u = high + Math.random() * (low - high);
      const x = inverse(u);
      const k = Math.min(n, Math.max(1, Math.floor(x + 0.5)));
      if (k - x <= squeeze || u >= integral(k + 0.5) - Math.pow(k, -theta)) return k - 1;
    }
  };
}

const below = (n) => Math.floor(Math.random() * n);
const SCRAMBLED_ITEMS = 1e10;

// indices returns a function that draws key indices of [0, n). n is a plain
// number, so at most 2^53.
export function indices(name, n, theta) {
  switch (name) {
    case 'uniform': return () => below(n);
    case 'zipfian': {
      const draw = zipf(SCRAMBLED_ITEMS, theta);
      return () => Number(hash(draw()) % BigInt(n));
    }
    case 'zipfian-ordered': return zipf(n, theta);
    case 'latest': {
      const draw = zipf(n, theta);
      return () => n - 1 - draw();
    }
    case 'hotspot': { // 80% of the draws go to the first fifth
      const hot = Math.min(n, Math.max(1, Math.floor(n * 0.2)));
      return () => (Math.random() < 0.8 || hot === n ? below(hot) : hot + below(n - hot));
    }
    case 'exponential': { // 95% of the draws go to the newest six sevenths
      const mean = -n * 0.8571428571 / Math.log1p(-0.95);
      return () => {
        for (;;) {
          const i = Math.floor(-Math.log1p(-Math.random()) * mean);
          if (i < n) return n - 1 - i;
        }
      };
    }
  }
  throw new Error(`no distribution ${name}`);
}

// ---- Requests. Each returns the answer, judged and counted. ----

const made = new Counter('requests');
const failed = new Rate('failed'); // of all requests: no 2xx, or a wrong value
const refused = new Counter('refused'); // 429 and 503: the server sheds load
const serverErrors = new Counter('server_errors'); // 5xx, those 503 included
const unexpected = new Counter('unexpected_errors'); // neither 2xx nor refused
const wrong = new Counter('wrong_answers'); // a read that is not what was written

const headers = {};
if (settings.durability) headers['Lsmlab-Durability'] = settings.durability;
if (settings.token) headers.Authorization = `Bearer ${settings.token}`;
const params = (name, responseType) => ({ headers, responseType, tags: { name }, redirects: 0 });

// judge counts an answer; check returns '' or what is wrong with one of status 2xx.
export function judge(what, status, text, check) {
  const good = status >= 200 && status < 300;
  const shed = status === 429 || status === 503;
  let complaint = '';
  if (good) {
    complaint = check();
    if (complaint) wrong.add(1);
  } else {
    if (status >= 500) serverErrors.add(1);
    if (shed) refused.add(1);
    else {
      unexpected.add(1); // a 404 too: every key that is asked for was written
      complaint = `status ${status} ${text}`;
    }
  }
  made.add(1);
  failed.add(!good || complaint !== '');
  if (complaint) complain(`${what}: ${complaint}`);
  return good && !complaint;
}

// complain prints the first few errors of every user: thousands say no more.
let complaints = 0;
function complain(text) {
  if (complaints++ < 3) console.error(text);
}

export const fine = () => '';
const text = (r) => r.error || String(r.body || '').slice(0, 200);

export function get(index) {
  const r = http.get(`${settings.base}/kv/${key(index)}`, params('get', 'binary'));
  return judge(`get of index ${index}`, r.status, r.error, () => wrongValue(r.body, index, settings.valueSize));
}

let written = 0;
export function nextVersion() {
  const stream = (__VU % 1023) + 1; // preloaded values alone have version 0
  return stream * 0x400000 + (written++ % 0x400000);
}

export function set(index) {
  const body = value(index, nextVersion(), settings.valueSize);
  const r = http.put(`${settings.base}/kv/${key(index)}`, body, params('set', 'text'));
  return judge(`set of index ${index}`, r.status, text(r), fine);
}

export function scan(index) {
  const limit = 1 + below(settings.scanLength);
  const r = http.get(`${settings.base}/kv?lower=${key(index)}&limit=${limit}`, params('scan', 'text'));
  return judge(`scan from index ${index}`, r.status, text(r), () => wrongScan(r.body, index, limit));
}

// wrongScan says what is wrong with the entries of a scan from a key that exists.
function wrongScan(body, index, limit) {
  let last = '';
  let entries = 0;
  for (const line of body.split('\n')) {
    if (line === '') continue;
    const entry = JSON.parse(line);
    const k = encoding.b64decode(entry.key, 'std', 's');
    const v = encoding.b64decode(entry.value, 'std');
    if (entries === 0 && k !== key(index)) return `it begins at ${k}, want ${key(index)}`;
    if (k <= last) return `${k} comes after ${last}`;
    const owner = Number(new DataView(v).getBigUint64(0, true));
    if (key(owner) !== k) return `${k} holds a value of index ${owner}`;
    const complaint = wrongValue(v, owner, settings.valueSize);
    if (complaint) return `${k}: ${complaint}`;
    last = k;
    entries++;
  }
  if (entries === 0) return 'it is empty';
  return entries > limit ? `${entries} entries, limit ${limit}` : '';
}

// batch stores the values of some indices by one request, all of them or none.
export function batch(first, count, version) {
  let lines = '';
  for (let i = first; i < first + count; i++) {
    const v = encoding.b64encode(value(i, version, settings.valueSize));
    lines += `{"key":"${encoding.b64encode(key(i))}","value":"${v}"}\n`;
  }
  const r = http.post(`${settings.base}/batch`, lines, params('batch', 'text'));
  return judge(`batch from index ${first}`, r.status, text(r), fine);
}

const overHTTP = { get, set, scan };

const WARMUP = 'warm-up'; // a phase without figures

// ---- Profiles ----

// profile makes the exports of a k6 script:
//   name    of the profile
//   phases  [{name, rate, seconds}], rate in users that arrive a second
//   users   virtual users that there are, made before the first phase
//   mix     shares of get, set and scan, for one request a user, which are made by
//   requests, over HTTP if it is not given; or
//   user    a function that is one user's work
//   think   seconds that a user stays after the request, on average
//   metric  k6's metric of the latency
//   sweep   stop after the first phase whose objective breaks
export function profile({ name, phases, users, mix, requests = overHTTP, user, think = 0, metric = 'http_req_duration', sweep = false }) {
  const all = settings.warmup > 0 ? [{ name: WARMUP, rate: phases[0].rate, seconds: settings.warmup }, ...phases] : phases;
  const work = user || mixed(mix, requests);
  const draw = indices(settings.distribution, settings.keys, settings.theta);
  randomSeed(settings.seed * 1000003 + __VU);
  return {
    options: {
      scenarios: { load: scenario(all, users, think) },
      thresholds: thresholds(all, metric, sweep),
      setupTimeout: '10m',
      summaryTrendStats: ['avg', 'min', 'med', 'p(95)', 'p(99)', 'max'],
      systemTags: ['status', 'method', 'name', 'scenario', 'error_code', 'expected_response'],
      noVUConnectionReuse: false,
      userAgent: 'lsmlab-k6',
    },
    setup() {
      if (settings.preload) preload();
      return { started: Date.now() };
    },
    iteration() {
      enter(all);
      work(draw);
      if (think > 0) sleep(think * (0.5 + Math.random()));
    },
    handleSummary: (data) => summary(data, { name, phases, users, mix, think, metric, sweep }),
  };
}

const seconds = (s) => `${Math.round(s * 1000)}ms`;

// One scenario for all phases, so that they share their users.
function scenario(phases, users, think) {
  const per10s = (rate) => Math.max(1, Math.round(rate * 10));
  const stages = [];
  for (const p of phases) {
    stages.push({ target: per10s(p.rate), duration: '0s' }, { target: per10s(p.rate), duration: seconds(p.seconds) });
  }
  return {
    executor: 'ramping-arrival-rate',
    startRate: per10s(phases[0].rate), timeUnit: '10s', stages,
    preAllocatedVUs: users, maxVUs: users,
    gracefulStop: seconds(10 + 2 * think),
  };
}

// enter tags what this user does with the phase that it arrived in.
let phase = '';
function enter(phases) {
  let left = (Date.now() - exec.scenario.startTime) / 1000;
  let i = 0;
  while (i < phases.length - 1 && left >= phases[i].seconds) left -= phases[i++].seconds;
  if (phases[i].name !== phase) {
    phase = phases[i].name;
    exec.vu.metrics.tags.phase = phase;
  }
}

function mixed(mix, requests) {
  const total = Object.values(mix).reduce((a, b) => a + b, 0);
  const shares = Object.entries(mix).map(([kind, share]) => [requests[kind], share / total]);
  return (draw) => {
    let u = Math.random();
    for (const [request, share] of shares) {
      if ((u -= share) < 0) return request(draw());
    }
    return shares[0][0](draw());
  };
}

// k6 keeps figures of a tag only if a threshold asks for them: some ask for
// nothing.
const always = ['count>=0'];

function thresholds(phases, metric, sweep) {
  const t = {};
  let end = 0;
  for (const p of phases) {
    end += p.seconds;
    if (p.name === WARMUP) continue;
    const of = (name) => `${name}{phase:${p.name}}`;
    // A sweep ends after the phase that breaks, not at its first hiccup.
    const limit = (threshold) => (sweep ? [{ threshold, abortOnFail: true, delayAbortEval: seconds(end) }] : [threshold]);
    t[of(metric)] = limit(`p(95)<${settings.p95}`);
    t[of('failed')] = limit(`rate<=${settings.errorRate}`);
    for (const counter of ['iterations', 'refused', 'server_errors', 'unexpected_errors', 'wrong_answers']) t[of(counter)] = always;
  }
  t.wrong_answers = ['count==0'];
  return t;
}

const BATCH_BYTES = 256 * 1024;

function preload() {
  const most = Math.max(1, Math.floor(BATCH_BYTES / (settings.valueSize + 24)));
  for (let first = 0; first < settings.keys; first += most) {
    if (!batch(first, Math.min(most, settings.keys - first), 0)) exec.test.abort(`preload failed at key ${first}`);
  }
}

// ---- The summary: figures by phase, as JSON for `lsmlab load`, as lines for people ----

function summary(data, p) {
  const started = data.setup_data ? data.setup_data.started : 0;
  const out = {
    profile: p.name, sweep: p.sweep, metric: p.metric, mix: p.mix, think_seconds: p.think, users: p.users,
    users_peak: values(data, 'vus').max || 0,
    settings: { ...settings, token: undefined, base: undefined },
    started_ms: started,
    phases: p.phases.map((phase) => phaseFigures(data, phase, p.metric)).filter((f) => f.requests > 0),
    wrong_answers: values(data, 'wrong_answers').count || 0,
    broken: broken(data),
  };
  const files = { stdout: lines(out) };
  if (__ENV.SUMMARY) files[__ENV.SUMMARY] = JSON.stringify(out, null, 2) + '\n';
  return files;
}

const values = (data, name) => (data.metrics[name] ? data.metrics[name].values : {});

function phaseFigures(data, phase, metric) {
  const of = (name) => values(data, `${name}{phase:${phase.name}}`);
  const t = of(metric);
  const f = of('failed');
  const count = (name) => of(name).count || 0;
  return {
    name: phase.name, rate: phase.rate, seconds: phase.seconds,
    requests: (f.passes || 0) + (f.fails || 0), arrivals: count('iterations'),
    failed: f.passes || 0, // the rate counts true, and true is a failure
    refused: count('refused'), server_errors: count('server_errors'),
    unexpected_errors: count('unexpected_errors'), wrong_answers: count('wrong_answers'),
    latency_ms: { mean: t.avg || 0, p50: t.med || 0, p95: t['p(95)'] || 0, p99: t['p(99)'] || 0, max: t.max || 0 },
  };
}

// broken lists the thresholds that do not hold.
function broken(data) {
  const list = [];
  for (const [name, metric] of Object.entries(data.metrics)) {
    for (const [source, outcome] of Object.entries(metric.thresholds || {})) {
      if (!outcome.ok) list.push(`${name}: ${source}`);
    }
  }
  return list.sort();
}

function lines(out) {
  const row = (cells) => cells.map((c, i) => (i === 0 ? String(c).padEnd(12) : String(c).padStart(10))).join(' ');
  const rows = out.phases.map((f) => row([f.name, f.requests, (f.requests / f.seconds).toFixed(1),
    f.latency_ms.p50.toFixed(2), f.latency_ms.p95.toFixed(2), f.latency_ms.p99.toFixed(2),
    f.server_errors, f.refused, f.unexpected_errors, f.wrong_answers]));
  const head = row(['phase', 'requests', 'a second', 'p50 ms', 'p95 ms', 'p99 ms', '5xx', '429/503', 'others', 'wrong']);
  const verdict = out.broken.length ? out.broken.map((b) => `does not hold: ${b}`) : ['every threshold holds'];
  return ['', `profile ${out.profile}`, head, ...rows, ...verdict, ''].join('\n');
}
