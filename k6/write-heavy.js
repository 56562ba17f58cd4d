// write-heavy: 9 updates of 10 at one rate.
import { profile, setting } from './lib/lsmlab.js';

const p = profile({
  name: 'write-heavy',
  phases: [{ name: 'write-heavy', rate: setting('RATE', 500, 0.1), seconds: setting('SECONDS', 30, 1) }],
  users: setting('USERS', 100, 1),
  mix: { get: 10, set: 90 },
});

export const { options, setup, handleSummary } = p;
export default p.iteration;
