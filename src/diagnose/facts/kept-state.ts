import type { CookieUse } from './cookies';
import { findJobs } from './jobs';
import type { TraceFacts } from './trace-facts';

/**
 * Whether these calls to one server leave something behind that one of its machines may know and another not: a job, a
 * Socket.IO session, a session cookie. Pictures, counters and advertisements stand behind balancers that pin as well,
 * and lose nothing when the pin is lost.
 */
export function keepsState(uses: readonly CookieUse[], facts: TraceFacts): boolean {
  const ids = new Set(uses.map(({ stream }) => stream.id));
  return (
    uses.some(({ set }) => set.some(({ isSession }) => isSession)) ||
    uses.some(({ stream }) => /[?&]EIO=\d/.test(stream.request.url)) ||
    facts.derived(findJobs).some(({ created }) => ids.has(created.stream.id))
  );
}
