// smoke: one user goes once through all that the service can do, and a few read
// and write beside it.
import http from 'k6/http';
import { profile, setting, settings, get, set, scan, batch, judge, key } from './lib/lsmlab.js';

const base = settings.base;
const request = (method, path, body) => http.request(method, base + path, body, { responseType: 'text' });
const expect = (what, r, status, check) =>
  judge(what, r.status === status ? 200 : r.status || 599, r.error, () => (check && !check(r.body) ? `answered ${r.body}` : ''));

function everything(draw) {
  expect('healthz', request('GET', '/healthz'), 200);
  expect('readyz', request('GET', '/readyz'), 200);
  // A key of this user's own, with what a URL must escape.
  const own = encodeURIComponent(`smoke/${__VU} ?&%\u00e9`);
  expect('put', request('PUT', `/kv/${own}`, 'one'), 204);
  expect('get', request('GET', `/kv/${own}`), 200, (body) => body === 'one');
  expect('delete', request('DELETE', `/kv/${own}`), 204);
  expect('get of a deleted key', request('GET', `/kv/${own}`), 404);
  expect('plain set', request('POST', `/set?key=${own}&value=two`), 200);
  expect('plain get', request('GET', `/get?key=${own}`), 200, (body) => body === 'two');
  expect('delete again', request('DELETE', `/kv/${own}`), 204);
  const index = draw();
  set(index);
  get(index);
  scan(index);
  batch(index, 1, 0);
  expect('get by hand', request('GET', `/kv/${key(index)}`), 200);
}

const p = profile({
  name: 'smoke',
  phases: [{ name: 'smoke', rate: setting('RATE', 5, 0.1), seconds: setting('SECONDS', 2, 1) }],
  users: setting('USERS', 5, 1),
  user: everything,
});

export const { options, setup, handleSummary } = p;
export default p.iteration;
