// grpc: read-heavy (YCSB B) over gRPC, on the same port as HTTP.
import grpc from 'k6/net/grpc';
import encoding from 'k6/encoding';
import { profile, setting, settings, judge, key, value, wrongValue, nextVersion, fine } from './lib/lsmlab.js';

const client = new grpc.Client();
client.load(['../harness/httpd/rpc/kvv1'], 'kv.proto');
const address = settings.base.replace(/^https?:\/\//, '');
const metadata = settings.token ? { authorization: `Bearer ${settings.token}` } : {};
const durability = settings.durability ? `DURABILITY_${settings.durability.toUpperCase()}` : undefined;

// What the codes of gRPC are in HTTP, as far as a store answers with them.
const statuses = {
  [grpc.StatusOK]: 200,
  [grpc.StatusNotFound]: 404,
  [grpc.StatusResourceExhausted]: 429,
  [grpc.StatusUnavailable]: 503,
  [grpc.StatusDeadlineExceeded]: 504,
};

let connected = false;
function call(method, message, what, check) {
  if (!connected) client.connect(address, { plaintext: !settings.base.startsWith('https:') });
  connected = true;
  const r = client.invoke(`lsmlab.kv.v1.KV/${method}`, message, { metadata, tags: { name: method } });
  return judge(what, statuses[r.status] || 500, r.error && r.error.message, () => check(r.message));
}

const bytes = (text) => encoding.b64encode(text); // JSON of protobuf has bytes so

const requests = {
  get: (index) => call('Get', { key: bytes(key(index)) }, `get of index ${index}`,
    (m) => wrongValue(encoding.b64decode(m.value, 'std'), index, settings.valueSize)),
  set: (index) => call('Set', { key: bytes(key(index)), value: bytes(value(index, nextVersion(), settings.valueSize)), durability },
    `set of index ${index}`, fine),
};

const p = profile({
  name: 'grpc',
  phases: [{ name: 'grpc', rate: setting('RATE', 500, 0.1), seconds: setting('SECONDS', 30, 1) }],
  users: setting('USERS', 100, 1),
  mix: { get: 95, set: 5 },
  requests,
  metric: 'grpc_req_duration',
});

export const { options, setup, handleSummary } = p;
export default p.iteration;
