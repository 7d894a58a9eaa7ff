import type { EngineIoSession } from './sessions';
import { sessionsOf } from './sessions';
import type { TraceFacts } from './trace-facts';

/** Sessions of one page with one Engine.IO endpoint, in the order of their start: what one client (or several) opened. */
export interface EngineIoClient {
  endpoint: string;
  sessions: EngineIoSession[];
}

export function engineIoClients(facts: TraceFacts): EngineIoClient[] {
  return facts.derived(groupSessions);
}

function groupSessions(facts: TraceFacts): EngineIoClient[] {
  const clients = new Map<string, EngineIoClient>();
  for (const session of sessionsOf(facts)) {
    const key = `${session.documentId} ${session.endpoint}`;
    const client = clients.get(key);
    if (client) client.sessions.push(session);
    else clients.set(key, { endpoint: session.endpoint, sessions: [session] });
  }
  return [...clients.values()];
}

/** `api.test/socket.io`: endpoints as sentences name them. */
export function endpointName(endpoint: string): string {
  return endpoint.replace(/^[a-z]+:\/\//, '');
}
