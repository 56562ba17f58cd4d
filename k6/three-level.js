// three-level: normal traffic, then its peak, then a spike. A user comes, makes a
// request, stays for THINK seconds, and goes; the spike has about USERS users at
// once, peak and normal 60% and 25% of them.
import { profile, setting } from './lib/lsmlab.js';

const users = setting('USERS', 8000, 1);
const think = setting('THINK', 4, 0.1);
const seconds = setting('SECONDS', 60, 1); // of each level
// By Little's law so many users a second keep 98% of the users busy; the rest is
// for answers that take their time.
const spike = 0.98 * users / think;

const p = profile({
  name: 'three-level',
  phases: [
    { name: 'normal', rate: 0.25 * spike, seconds },
    { name: 'peak', rate: 0.6 * spike, seconds },
    { name: 'spike', rate: spike, seconds },
  ],
  users,
  think,
  mix: { get: 95, set: 5 },
});

export const { options, setup, handleSummary } = p;
export default p.iteration;
