import type { EngineIoSession } from './session';
import { SessionBook } from './session-book';
import type { TraceFacts } from './trace-facts';

export * from './session';

/** All Engine.IO sessions of the trace, in the order of their start. Read once, then extended as the trace grows. */
export function sessionsOf(facts: TraceFacts): readonly EngineIoSession[] {
  return facts.derived(readSessions);
}

/** The session that a stream belongs to, or null. */
export function sessionOf(facts: TraceFacts, streamId: string): EngineIoSession | null {
  return (
    sessionsOf(facts).find(({ exchanges }) => exchanges.some(({ stream }) => stream.id === streamId)) ?? null
  );
}

function readSessions(facts: TraceFacts): readonly EngineIoSession[] {
  return facts.kept(createBook).update(facts);
}

function createBook(): SessionBook {
  return new SessionBook();
}
