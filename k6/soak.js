// soak: steady for half an hour, to see what grows or decays.
import { profile, setting } from './lib/lsmlab.js';

const p = profile({
  name: 'soak',
  phases: [{ name: 'soak', rate: setting('RATE', 300, 0.1), seconds: setting('SECONDS', 1800, 1) }],
  users: setting('USERS', 100, 1),
  mix: { get: 50, set: 50 },
});

export const { options, setup, handleSummary } = p;
export default p.iteration;
