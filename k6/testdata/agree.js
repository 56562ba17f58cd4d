// Compares the library with draw.json, which package workloads wrote, and prints
// what its distributions draw, for a Go test to judge. It needs no server.
import encoding from 'k6/encoding';
import { randomSeed } from 'k6';
import { hash, key, value, wrongValue, indices } from '../lib/lsmlab.js';

const golden = JSON.parse(open('./draw.json'));

export const options = { vus: 1, iterations: 1 };

export default function () {
  for (const g of golden.keys) {
    if (hash(g.index).toString() !== g.hash) throw new Error(`hash of ${g.index} is ${hash(g.index)}, want ${g.hash}`);
    if (key(g.index) !== g.key) throw new Error(`key of ${g.index} is ${key(g.index)}, want ${g.key}`);
  }
  for (const g of golden.values) {
    const v = value(g.index, g.version, g.value_size);
    const got = encoding.b64encode(v);
    if (got !== g.value) throw new Error(`value ${g.index} ${g.version} ${g.value_size} is ${got}, want ${g.value}`);
    if (wrongValue(v, g.index, g.value_size) !== '') throw new Error(`right value refused: ${wrongValue(v, g.index, g.value_size)}`);
    refuseDamaged(v, g);
  }
  randomSeed(golden.seed);
  const drawn = {};
  for (const d of golden.distributions) {
    const draw = indices(d.name, d.keys, d.theta);
    const counts = new Array(d.keys).fill(0);
    for (let i = 0; i < d.draws; i++) counts[draw()]++;
    drawn[`${d.name} ${d.keys} ${d.theta}`] = counts;
  }
  console.log(`drawn: ${JSON.stringify(drawn)}`);
}

// Every byte of a value matters to wrongValue. Only a short body does not tell one
// version from another, and any version is right.
function refuseDamaged(v, g) {
  for (let at = 0; at < g.value_size; at++) {
    if (g.value_size < 24 && at >= 8 && at < 12) continue;
    const bytes = new Uint8Array(v.slice(0));
    bytes[at] ^= 1;
    if (wrongValue(bytes.buffer, g.index, g.value_size) === '') throw new Error(`byte ${at} of ${g.value_size} may be anything`);
  }
  if (wrongValue(v, g.index + 1, g.value_size) === '') throw new Error('the value of another key passed');
  if (wrongValue(v.slice(1), g.index, g.value_size) === '') throw new Error('a value cut short passed');
}
