import { formatCount } from '../../lib/format';
import { type EngineIoClient, endpointName, engineIoClients } from '../facts/clients';
import { handshakeOutcome, refusedStatusOf } from '../facts/handshakes';
import type { PlatformId } from '../platforms';
import type { GroupRule } from '../rule';

/** Who is asked for other credentials would be asked so over polling, too. */
const UNAUTHORIZED = 401;

/** A Socket.IO client that begins with WebSocket where it is refused, and has nothing to fall back on. */
export const websocketFirst: GroupRule = {
  id: 'websocket-first',
  title: 'The client tries WebSocket first, where it fails',
  scope: 'session',
  sources: ['004_eabe6d93a2f6ee54.txt'],
  judge(trace) {
    const clients = engineIoClients(trace);
    const polled = new Set(
      trace.streams.size === 0
        ? []
        : clients
            .filter(({ sessions }) =>
              sessions.some((one) => one.exchanges.some(({ transport }) => transport === 'polling')),
            )
            .map(({ endpoint }) => endpoint),
    );
    return clients.flatMap((client) => judgeClient(client, polled.has(client.endpoint)));
  },
};

function judgeClient(client: EngineIoClient, isPolled: boolean): ReturnType<GroupRule['judge']> {
  const attempts = client.sessions.flatMap(({ exchanges }) => {
    const [first] = exchanges;
    return first!.role === 'handshake' && first!.stream.kind === 'websocket' ? [first!] : [];
  });
  const [first] = attempts;
  if (!first) return [];
  // One that nobody saw fail may have been given up; who tries again did not give it up.
  const outcomes = attempts
    .map(({ facts }) => handshakeOutcome(facts))
    .map((outcome) => (outcome === 'unseen' && attempts.length > 1 ? 'refused' : outcome));
  const failed = attempts.filter((_, index) => outcomes[index] === 'refused');
  const on = (streamId: string, judgement: ReturnType<GroupRule['judge']>[number]['judgement']) => [
    { streamId, judgement },
  ];
  if (failed.length === 0 || outcomes.includes('opened') || isPolled) {
    return on(first.stream.id, { verdict: 'pass' });
  }
  const statuses = failed.map(({ stream }) => refusedStatusOf(stream)).filter((one) => one !== null);
  if (statuses.includes(UNAUTHORIZED)) return on(first.stream.id, { verdict: 'pass' });
  const [refusal] = failed;
  const status = statuses[0] ?? null;
  const hops = failed.flatMap(({ facts }) => facts.hops.flatMap(({ platform }) => platform ?? []));
  return on(refusal!.stream.id, {
    verdict: 'fail',
    severity: 'warning',
    confidence: status !== null ? 'proven' : 'likely',
    summary: `The Socket.IO client of ${endpointName(client.endpoint)} begins with WebSocket, which ${failed.length === 1 ? 'was refused' : `was refused ${formatCount(failed.length)} times`}${status === null ? '' : ` with ${status}`}, and never tried polling, so it never connected.`,
    evidence: [
      {
        label: 'attempts with WebSocket first',
        value: attempts.length,
        unit: 'count',
        at: { streamId: refusal!.stream.id },
      },
      { label: 'of these refused', value: failed.length, unit: 'count' },
      { label: 'polling requests', value: 0, unit: 'count' },
      ...(status === null
        ? []
        : [{ label: 'status of the handshake', value: status, unit: 'status', threshold: 101 }]),
    ],
    platforms: [...new Set<PlatformId>([...hops, 'socket-io'])],
  });
}
