// read-heavy: 95 reads of 100 (YCSB B) at one rate.
import { profile, setting } from './lib/lsmlab.js';

const p = profile({
  name: 'read-heavy',
  phases: [{ name: 'read-heavy', rate: setting('RATE', 500, 0.1), seconds: setting('SECONDS', 30, 1) }],
  users: setting('USERS', 100, 1),
  mix: { get: 95, set: 5 },
});

export const { options, setup, handleSummary } = p;
export default p.iteration;
