// check HOST PORT drives a server with node-redis, by both protocols, and with
// ioredis, made as their users make them. It fails at the first answer that is not
// what Redis would give.
import assert from 'node:assert/strict';
import Redis from 'ioredis';
import { createClient, WatchError } from 'redis';

const [host, port] = process.argv.slice(2);

async function nodeRedis(RESP) {
  const client = await createClient({ socket: { host, port: Number(port), reconnectStrategy: false }, RESP, name: 'check' }).connect();
  await client.del(['a', 'b', 'n', 'large']);
  assert.equal(await client.set('a', '1'), 'OK');
  assert.equal(await client.get('none'), null);
  assert.deepEqual(await client.mGet(['a', 'none']), ['1', null]);
  assert.equal(await client.set('a', '2', { condition: 'NX' }), null);
  assert.equal(await client.setNX('b', 'two'), 1);
  assert.equal(await client.strLen('b'), 3);
  assert.equal(await client.unlink(['b', 'none']), 1);
  assert.equal(await client.dbSize(), 1);
  assert.equal(await client.clientGetName(), 'check');
  assert.equal(typeof await client.clientId(), 'number');
  assert.deepEqual({ ...(await client.configGet('databases')) }, { databases: '1' });
  assert.deepEqual(await client.multi().incr('n').set('a', 'x').get('a').exec(), [1, 'OK', 'x']);
  const isolated = createClient({ socket: { host, port: Number(port), reconnectStrategy: false }, RESP });
  await isolated.connect();
  await isolated.watch('n');
  await client.incr('n');
  await assert.rejects(isolated.multi().set('n', '0').exec(), WatchError);
  await isolated.close();
  const keys = [];
  for await (const found of client.scanIterator()) keys.push(...found);
  assert.deepEqual(keys, ['a', 'n']);
  await assert.rejects(client.set('a', '1', { expiration: { type: 'EX', value: 10 } }), /EX is not supported/);
  const large = 'v'.repeat(3 << 20);
  await client.set('large', large);
  assert.deepEqual(await client.mGet(['large', 'large', 'none', 'large']), [large, large, null, large]);
  await client.close();
}

async function ioRedis() {
  const client = new Redis({ host, port: Number(port), retryStrategy: null, maxRetriesPerRequest: 1 });
  await client.del('a', 'b', 'n', 'large');
  assert.equal(await client.set('a', '1'), 'OK');
  assert.equal(await client.set('a', '2', 'NX'), null);
  assert.equal(await client.get('none'), null);
  assert.deepEqual(await client.mget('a', 'none'), ['1', null]);
  assert.deepEqual(await client.multi().incr('n').get('n').exec(), [[null, 1], [null, '1']]);
  assert.deepEqual(await client.pipeline().set('b', 'x').get('b').exec(), [[null, 'OK'], [null, 'x']]);
  assert.equal(await client.dbsize(), 3);
  await assert.rejects(client.set('a', '1', 'EX', 10), /EX is not supported/);
  await client.quit();
}

await nodeRedis(2);
await nodeRedis(3);
await ioRedis();
console.log('fine');
