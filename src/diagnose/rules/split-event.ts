import type { StreamRule } from '../rule';

/** Events or characters lie across chunks, so a reader that takes each chunk for itself loses data. */
export const splitEvent: StreamRule = {
  id: 'split-event',
  title: 'Events lie across chunks',
  scope: 'stream',
  sources: ['000_f43a27df2c069156.txt'],
  judge(facts) {
    const { stream, decoded } = facts;
    // EventSource and WebSocket deliver whole events; a body taken whole has no borders; HAR knows no chunks.
    const isReadByPage = stream.kind === 'fetch' && stream.seenBy.tap && stream.chunks.atMs.length > 1;
    if (!isReadByPage || facts.nature !== 'stream') return { verdict: 'inapplicable' };
    const { splitEvents, splitCharacters } = decoded;
    if (splitEvents === 0 && splitCharacters === 0) {
      return decoded.partial
        ? { verdict: 'incomplete', reason: 'parts of the body were not captured' }
        : { verdict: 'pass' };
    }
    const { startChunk, endChunk } = decoded.events;
    const firstSplit = startChunk.findIndex((start, index) => start !== endChunk[index]);
    const counts = [
      ...(splitEvents > 0 ? [`${splitEvents} ${splitEvents === 1 ? 'event' : 'events'}`] : []),
      ...(splitCharacters > 0
        ? [`${splitCharacters} multi-byte ${splitCharacters === 1 ? 'character' : 'characters'}`]
        : []),
    ];
    const isOne = splitEvents + splitCharacters === 1;
    return {
      verdict: 'fail',
      severity: 'info',
      confidence: 'proven',
      summary: `${counts.join(' and ')} ${isOne ? 'lies' : 'lie'} across chunk borders: a reader that parses each chunk by itself loses data.`,
      evidence: [
        {
          label: 'events across a chunk border',
          value: splitEvents,
          unit: 'events',
          ...(firstSplit >= 0
            ? { at: { streamId: stream.id, fromEvent: firstSplit, toEvent: firstSplit } }
            : {}),
        },
        { label: 'characters across a chunk border', value: splitCharacters, unit: 'count' },
        { label: 'events in all', value: facts.eventCount, unit: 'events' },
      ],
      platforms: ['browser'],
    };
  },
};
