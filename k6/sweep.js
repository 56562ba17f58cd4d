// sweep: the rate rises step by step until the latency objective breaks; the last
// step before is the highest rate that one server sustains.
import { profile, setting } from './lib/lsmlab.js';

const first = setting('RATE', 200, 0.1);
const factor = setting('FACTOR', 1.25, 1.01);
const steps = setting('STEPS', 20, 1);
const seconds = setting('SECONDS', 10, 1); // of each step

const p = profile({
  name: 'sweep',
  phases: Array.from({ length: steps }, (_, i) => {
    const rate = Math.round(first * Math.pow(factor, i));
    return { name: `${rate}/s`, rate, seconds };
  }),
  users: setting('USERS', 400, 1),
  mix: { get: 95, set: 5 },
  sweep: true,
});

export const { options, setup, handleSummary } = p;
export default p.iteration;
