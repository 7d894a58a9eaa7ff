import type { CookieUse } from './cookies';
import { findJobs } from './jobs';
import type { TraceFacts } from './trace-facts';

/** Whether these calls to one server start something that later ones need to find again: a job, a Socket.IO session. */
export function keepsWork(uses: readonly CookieUse[], facts: TraceFacts): boolean {
  const ids = new Set(uses.map(({ stream }) => stream.id));
  return (
    uses.some(({ stream }) => /[?&]EIO=\d/.test(stream.request.url)) ||
    facts.derived(findJobs).some(({ created }) => ids.has(created.stream.id))
  );
}

/**
 * Whether they leave something behind that one machine of the server may know and another not: work, or what a session
 * cookie stands for. Pictures, counters and advertisements stand behind balancers that pin as well,
 * and lose nothing when the pin is lost.
 */
export function keepsState(uses: readonly CookieUse[], facts: TraceFacts): boolean {
  return uses.some(({ set }) => set.some(({ isSession }) => isSession)) || keepsWork(uses, facts);
}
