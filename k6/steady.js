// steady: half reads and half updates (YCSB A) at one rate.
import { profile, setting } from './lib/lsmlab.js';

const p = profile({
  name: 'steady',
  phases: [{ name: 'steady', rate: setting('RATE', 500, 0.1), seconds: setting('SECONDS', 30, 1) }],
  users: setting('USERS', 100, 1),
  mix: { get: 50, set: 50 },
});

export const { options, setup, handleSummary } = p;
export default p.iteration;
