import { formatBytes, formatMs } from '../../lib/format';
import { endingOf, isOpened, netErrorOf } from '../facts/endings';
import { intermediariesOf } from '../facts/hops';
import { lifeMs } from '../facts/moments';
import { netErrorMeaning } from '../facts/net-errors';
import type { Evidence, StreamRule } from '../rule';

/** A network error ended a stream, and no limit explains it. */
export const connectionLost: StreamRule = {
  id: 'connection-lost',
  title: 'The connection was lost',
  scope: 'stream',
  sources: ['000_f43a27df2c069156.txt'],
  judge(facts) {
    const { stream } = facts;
    if (facts.nature !== 'stream' && !facts.askedForStream) return { verdict: 'inapplicable' };
    const ending = endingOf(stream);
    switch (ending) {
      case 'clean':
        return { verdict: 'pass' };
      case 'unnamed':
        return {
          verdict: 'incomplete',
          reason: 'the page saw an error without a name, which a normal end or a CORS refusal gives as well',
        };
      case 'lost':
      case 'client':
        break;
      default:
        return { verdict: 'inapplicable' };
    }
    // A WebSocket that never opened is a refused handshake, not a lost connection.
    if (stream.kind === 'websocket' && !isOpened(stream)) return { verdict: 'inapplicable' };
    const name = netErrorOf(stream);
    const meaning = name ? netErrorMeaning(name) : null;
    const ageMs = lifeMs(facts) ?? 0;
    const evidence: Evidence[] = [
      {
        label: 'network error',
        value:
          name ?? (stream.kind === 'websocket' ? `close code ${stream.end?.closeCode ?? 1006}` : 'not named'),
        unit: 'text',
      },
      {
        label: 'age at the end',
        value: Math.round(ageMs),
        unit: 'ms',
        at: { streamId: stream.id, fromMs: facts.requestAtMs, toMs: stream.end!.atMs },
      },
      { label: 'received until then', value: facts.byteLength, unit: 'bytes' },
      { label: 'events until then', value: facts.eventCount, unit: 'events' },
    ];
    const shown = name ?? (stream.kind === 'websocket' ? 'WebSocket close 1006' : 'A network error');
    const amount = facts.byteLength > 0 ? `${formatBytes(facts.byteLength)} and ` : '';
    return {
      verdict: 'fail',
      // Wi-Fi that changes is no fault of the page or its server; that the page must cope is worth knowing.
      severity: ending === 'client' ? 'info' : 'error',
      confidence: 'proven',
      summary: `${shown} ended the stream after ${amount}${formatMs(ageMs)}${meaning ? `: ${meaning}` : ''}.`,
      evidence,
      platforms: ending === 'client' ? ['browser'] : intermediariesOf(facts.hops),
    };
  },
};
