// scan: 19 short scans of 20 (as YCSB E, with updates in place of inserts) at one rate.
import { profile, setting } from './lib/lsmlab.js';

const p = profile({
  name: 'scan',
  phases: [{ name: 'scan', rate: setting('RATE', 100, 0.1), seconds: setting('SECONDS', 30, 1) }],
  users: setting('USERS', 100, 1),
  mix: { scan: 95, set: 5 },
});

export const { options, setup, handleSummary } = p;
export default p.iteration;
