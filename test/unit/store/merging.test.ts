import { describe, expect, it } from 'vitest';
import { assign, IMPOSSIBLE } from '../../../src/store/matching/assign';
import type { Header, StreamRecord } from '../../../src/trace/types';
import {
  batch,
  EPOCH,
  end,
  har,
  head,
  hello,
  network,
  randomFrom,
  Simulation,
  start,
  textOf,
} from './simulation';

const REQUESTS = 10;
const URL = 'https://app.test/api/stream';

interface Truth {
  index: number;
  askedMs: number;
  headersMs: number;
  chunksMs: number[];
  endMs: number;
}

/** What really happened: the same call ten times in one tick, each with its own answer. */
function truths(random: () => number, pace: 'own' | 'same'): Truth[] {
  const turns = Array.from({ length: REQUESTS }, (_, index) => index).sort(() => random() - 0.5);
  return turns.map((turn, index) => {
    const askedMs = 1000 + 0.1 * index;
    const headersMs = askedMs + 50;
    const gap = pace === 'own' ? 30 + 15 * turn : 40;
    const chunksMs = [1, 2, 3].map((chunk) => headersMs + 1 + gap * chunk);
    return { index, askedMs, headersMs, chunksMs, endMs: chunksMs.at(-1)! + 2 };
  });
}

interface Case {
  name: string;
  /** Whether each answer ends at a time of its own. */
  pace: 'own' | 'same';
  /** Whether the page sees the header that names the answer. */
  seesIds: boolean;
  /** The page reads one answer after the other, in no order, long after they came. */
  slowReader: boolean;
  /** Whether DevTools has the bodies. */
  hasContent: boolean;
}

const chunkText = (index: number, chunk: number) => `data: ${index}/${chunk}\n\n`;

/**
 * Tells the recording what the three observers saw, each with delays of its own: views of one request keep their
 * order, those of different requests overtake one another at will.
 */
function tell(seed: number, { pace, seesIds, slowReader, hasContent }: Case): StreamRecord[] {
  const random = randomFrom(seed);
  const simulation = new Simulation();
  const recording = simulation.recording();
  const document = recording.openDocument({ frameKey: 'frame-one', isTop: true, hello: hello() });
  const tapDelayMs = 40 * random();
  const all = truths(random, pace);
  const readOrder = all.map(({ index }) => index).sort(() => random() - 0.5);
  for (const truth of all) {
    const { index } = truth;
    const id: Header[] = [['x-request-id', `request-${index}`]];
    const wire: Header[] = [['content-type', 'text/event-stream'], ...id];

    // A page that reads one answer after the other gets them late and in an order of its own.
    const lateMs = slowReader ? 3000 + 200 * readOrder.indexOf(index) : 0;
    const seen = (ms: number) => Math.max(ms, lateMs);
    const ship = (atMs: number, parts: Parameters<typeof batch>[0]) =>
      simulation.at(atMs + tapDelayMs, () => document.batch(batch({ seq: 0, ...parts })));
    ship(truth.askedMs, { starts: [start({ stream: index, object: index, atMs: truth.askedMs, url: URL })] });
    ship(truth.headersMs + 1, {
      heads: [
        head({
          stream: index,
          atMs: truth.headersMs + 1,
          headers: seesIds ? ([...id] as [string, string][]) : [],
        }),
      ],
    });
    truth.chunksMs.forEach((ms, chunk) => {
      ship(seen(ms), { chunks: [{ stream: index, atMs: seen(ms), text: chunkText(index, chunk) }] });
    });
    ship(seen(truth.endMs) + 1, { ends: [end({ stream: index, atMs: seen(truth.endMs) + 1 })] });

    const networkDelay = () => 30 * random();
    // Not even the order of the starts can be relied on here: only evidence tells the requests apart.
    const networkStartMs = truth.askedMs + 0.5 + 5 * random();
    let view = network({ requestId: `n${index}`, url: URL, atMs: networkStartMs });
    const say = (atMs: number, change: Partial<typeof view>, previousMs: number): number => {
      const when = Math.max(atMs + networkDelay(), previousMs);
      simulation.at(when, () => {
        view = { ...view, ...change };
        recording.network(view);
      });
      return when;
    };
    let said = say(truth.askedMs, {}, 0);
    said = say(
      truth.headersMs,
      { status: 200, responseHeaders: wire, headersEpochMs: EPOCH + truth.headersMs },
      said,
    );
    said = say(truth.endMs, { endedEpochMs: EPOCH + truth.endMs }, said);
    simulation.at(truth.endMs + 20 + 600 * random(), () =>
      recording.har(
        har({
          url: URL,
          atMs: networkStartMs - 2 * random(),
          endMs: truth.endMs + 0.5,
          responseHeaders: wire.slice(),
          connectionId: `connection-${index}`,
          contentText: hasContent ? truth.chunksMs.map((_, chunk) => chunkText(index, chunk)).join('') : null,
        }),
      ),
    );
  }
  simulation.run(20_000);
  for (const stream of recording.trace.streams) {
    const mine = /data: (\d+)\//.exec(textOf(recording.trace, stream.id))?.[1];
    const id = stream.response?.headers.find(([name]) => name === 'x-request-id')?.[1];
    expect({ seed, id, connection: stream.response?.connectionId }).toEqual({
      seed,
      id: `request-${mine}`,
      connection: `connection-${mine}`,
    });
  }
  return recording.trace.streams;
}

describe('ten identical requests at the same time', () => {
  const cases: Case[] = [
    { name: 'by a header', pace: 'same', seesIds: true, slowReader: false, hasContent: false },
    { name: 'by their pace', pace: 'own', seesIds: false, slowReader: false, hasContent: false },
    { name: 'by their content', pace: 'same', seesIds: false, slowReader: false, hasContent: true },
    { name: 'when a slow page reads them', pace: 'own', seesIds: false, slowReader: true, hasContent: true },
  ];
  it.each(cases)('are told apart $name', (one) => {
    for (let seed = 1; seed <= 25; seed++) {
      const streams = tell(seed, one);
      expect(streams).toHaveLength(REQUESTS);
      expect(streams.every(({ seenBy }) => seenBy.tap && seenBy.network && seenBy.har)).toBe(true);
    }
  });
});

describe('views of one exchange', () => {
  function setUp(frameKey: string | null = 'frame-one') {
    const simulation = new Simulation();
    const recording = simulation.recording();
    const document = recording.openDocument({ frameKey, isTop: true, hello: hello() });
    return { simulation, recording, document };
  }

  it.each([
    ['tap first', ['tap', 'network', 'har']],
    ['network first', ['network', 'tap', 'har']],
    ['network long before the tap', ['network', 'wait', 'tap', 'har']],
    ['HAR before the tap', ['network', 'har', 'tap']],
    ['HAR long before the tap', ['network', 'har', 'wait', 'tap']],
  ])('become one record: %s', (_, order) => {
    const { simulation, recording, document } = setUp();
    const steps: Record<string, () => void> = {
      tap: () => {
        document.batch(batch({ starts: [start()], heads: [head({ atMs: 20 })] }));
        document.batch(batch({ chunks: [{ atMs: 30, text: 'one' }], ends: [end({ atMs: 40 })] }));
      },
      network: () => recording.network(network({ atMs: 1, status: 200, endedEpochMs: EPOCH + 39 })),
      har: () => recording.har(har({ endMs: 39, protocol: 'h3' })),
      wait: () => simulation.run(simulation.nowMs + 1500),
    };
    for (const step of order) {
      simulation.run(simulation.nowMs + 50);
      steps[step]!();
    }
    simulation.run(20_000);
    expect(recording.trace.streams).toHaveLength(1);
    expect(recording.trace.streams[0]).toMatchObject({
      seenBy: { tap: true, network: true, har: true },
      response: { status: 200, protocol: 'h3' },
      end: { kind: 'complete' },
    });
  });

  it('are not merged across documents, statuses or kinds', () => {
    const { simulation, recording, document } = setUp();
    document.batch(
      batch({ starts: [start()], heads: [head({ atMs: 5, status: 200 })], ends: [end({ atMs: 9 })] }),
    );
    recording.network(network({ requestId: 'elsewhere', frameKey: 'frame-two', endedEpochMs: EPOCH + 9 }));
    recording.network(network({ requestId: 'failed', status: 503, endedEpochMs: EPOCH + 9 }));
    recording.network(network({ requestId: 'post', method: 'POST', endedEpochMs: EPOCH + 9 }));
    simulation.run(20_000);
    expect(recording.trace.streams.map(({ seenBy }) => seenBy.tap && seenBy.network)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it('keep the browser’s own words on how a WebSocket was refused', () => {
    const { simulation, recording, document } = setUp();
    const url = 'wss://app.test/ws';
    document.batch(
      batch({ starts: [start({ kind: 'websocket', url })], ends: [end({ kind: 'refused', atMs: 30 })] }),
    );
    const data = 'Error during WebSocket handshake: Unexpected response code: 403';
    const webSocketMessages = [{ epochMs: EPOCH + 29, sent: false, opcode: -1, data, isError: true }];
    recording.har(har({ kind: 'websocket', url, status: 0, endMs: 30, webSocketMessages }));
    simulation.run(20_000);
    expect(recording.trace.streams).toHaveLength(1);
    expect(recording.trace.streams[0]!.end).toMatchObject({ kind: 'refused', message: data });
  });

  it("prefers a page's own request to its worker's of the same address", () => {
    const { simulation, recording, document } = setUp();
    recording.network(network({ requestId: 'worker', atMs: 0 }));
    simulation.run(300);
    document.batch(batch({ starts: [start({ atMs: 299 })] }));
    simulation.run(310);
    recording.network(network({ requestId: 'page', atMs: 300 }));
    simulation.run(400);
    for (const [requestId, atMs, id] of [
      ['worker', 0, 'w'],
      ['page', 300, 'p'],
    ] as const) {
      recording.network(
        network({ requestId, atMs, status: 200, responseHeaders: [['x-id', id]], endedEpochMs: EPOCH + 350 }),
      );
    }
    document.batch(batch({ heads: [head({ atMs: 349 })], ends: [end({ atMs: 351 })] }));
    simulation.run(20_000);
    const found = recording.trace.streams.map(({ seenBy, response, documentId }) => ({
      tap: seenBy.tap,
      id: response?.headers[0]?.[1],
      documentId,
    }));
    expect(found).toEqual([
      { tap: false, id: 'w', documentId: null },
      { tap: true, id: 'p', documentId: 'd1' },
    ]);
  });

  it('leaves preflights, redirect hops and pictures out', () => {
    const { simulation, recording, document } = setUp();
    document.batch(batch({ starts: [start({ url: 'https://app.test/old#top' })] }));
    recording.network(network({ requestId: 'preflight', method: 'OPTIONS', endedEpochMs: EPOCH + 5 }));
    recording.network(network({ requestId: 'picture', kind: 'other', url: 'https://app.test/a.png' }));
    recording.network(
      network({
        requestId: 'moved',
        url: 'https://app.test/old',
        finalUrl: 'https://app.test/new',
        hopStartedEpochMs: EPOCH + 20,
        redirected: true,
        status: 200,
        endedEpochMs: EPOCH + 40,
      }),
    );
    recording.har(har({ url: 'https://app.test/old', status: 302, endMs: 20 }));
    recording.har(har({ url: 'https://app.test/new', atMs: 20, endMs: 40, connectionId: '7' }));
    document.batch(batch({ ends: [end({ atMs: 41 })] }));
    simulation.run(20_000);
    expect(recording.trace.streams).toHaveLength(1);
    expect(recording.trace.streams[0]).toMatchObject({
      request: { url: 'https://app.test/old' },
      response: { url: 'https://app.test/new', redirected: true, connectionId: '7' },
    });
  });

  it("books an about: frame's request on its parent when the browser does", () => {
    const { simulation, recording } = setUp();
    const frame = recording.openDocument({
      frameKey: 'frame-blank',
      isTop: false,
      hello: hello({ documentKey: 'document-blank', url: 'about:blank', isTop: false }),
    });
    frame.batch(batch({ starts: [start()], ends: [end({ atMs: 30 })] }));
    recording.network(network({ endedEpochMs: EPOCH + 29 }));
    simulation.run(20_000);
    expect(recording.trace.streams).toMatchObject([
      { documentId: 'd2', seenBy: { tap: true, network: true } },
    ]);
  });

  it('takes the answer of the network when CORS hid it from the page', () => {
    const { simulation, recording, document } = setUp();
    document.batch(
      batch({
        starts: [start()],
        ends: [end({ atMs: 51, kind: 'error', message: 'TypeError: Failed to fetch' })],
      }),
    );
    recording.network(
      network({
        status: 504,
        netError: 'net::ERR_FAILED',
        headersEpochMs: EPOCH + 50,
        endedEpochMs: EPOCH + 50,
      }),
    );
    simulation.run(20_000);
    expect(recording.trace.streams[0]).toMatchObject({
      response: { status: 504 },
      end: { kind: 'refused', netError: 'net::ERR_FAILED', message: 'TypeError: Failed to fetch' },
    });
  });

  it('waits for the page before it believes the network that a stream has ended', () => {
    const { simulation, recording, document } = setUp();
    document.batch(batch({ starts: [start()], heads: [head({ atMs: 5 })] }));
    recording.network(network({ status: 200, endedEpochMs: EPOCH + 50 }));
    simulation.run(500);
    expect(recording.trace.streams[0]!.end).toBeNull();
    simulation.run(5000);
    expect(recording.trace.streams[0]!.end).toMatchObject({ kind: 'complete', atMs: 50 });
    document.batch(batch({ ends: [end({ atMs: 4000, kind: 'aborted' })] }));
    expect(recording.trace.streams[0]!.end).toMatchObject({ kind: 'aborted', atMs: 4000 });
  });

  it('does not call a body that was read to its end aborted', () => {
    const { simulation, recording, document } = setUp();
    document.batch(batch({ starts: [start()], heads: [head({ atMs: 5 })], ends: [end({ atMs: 50 })] }));
    recording.network(network({ status: 200, netError: 'net::ERR_ABORTED', endedEpochMs: EPOCH + 50 }));
    simulation.run(20_000);
    expect(recording.trace.streams[0]!.end).toMatchObject({ kind: 'complete', netError: null });
  });

  it("uses HAR's events for a worker's stream, false first stamps as bounds, and not beside a tap's chunks", () => {
    const { simulation, recording, document } = setUp();
    const events = [0, 120, 180].map((ms, index) => ({
      epochMs: EPOCH + ms,
      name: 'message',
      id: '',
      data: `event ${index}`,
    }));
    const phases = {
      blockedMs: 0,
      dnsMs: null,
      connectMs: null,
      sslMs: null,
      sendMs: 0,
      waitMs: 100,
      receiveMs: 80,
    };
    const worker = { url: 'https://app.test/worker', endMs: 180, eventSourceMessages: events, phases };
    recording.network(network({ requestId: 'w', url: worker.url, status: 200, endedEpochMs: EPOCH + 180 }));
    recording.har(har(worker));
    document.batch(
      batch({ starts: [start()], chunks: [{ atMs: 20, text: 'mine' }], ends: [end({ atMs: 30 })] }),
    );
    recording.har(har({ endMs: 30, eventSourceMessages: events }));
    simulation.run(20_000);
    const [byWorker, byPage] = ['/worker', '/api'].map(
      (path) => recording.trace.streams.find(({ request }) => request.url.endsWith(path))!,
    );
    expect(byWorker!.messages.payload).toEqual(['event 0', 'event 1', 'event 2']);
    expect(byWorker!.messages.atMs.map(Math.round)).toEqual([100, 120, 180]);
    expect(byWorker!.messages.confidence).toEqual([3, 0, 0]);
    expect(byPage!.messages.atMs).toEqual([]);
    expect(byPage!.chunks.atMs).toHaveLength(1);
  });
});

describe('assign', () => {
  it('finds the least total, not the best first pair', () => {
    const costs = [
      [1, 2],
      [1, 100],
    ];
    expect(assign(2, 2, (row, column) => costs[row]![column]!)).toEqual([1, 0]);
  });

  it('leaves out what must not be, and makes as many pairs as it can', () => {
    const costs = [
      [IMPOSSIBLE, IMPOSSIBLE],
      [5, 1],
      [1e12, IMPOSSIBLE],
    ];
    expect(assign(3, 2, (row, column) => costs[row]![column]!)).toEqual([-1, 1, 0]);
  });

  it('agrees with trying every way', () => {
    const random = randomFrom(7);
    for (let round = 0; round < 200; round++) {
      const size = 1 + Math.floor(5 * random());
      const costs = Array.from({ length: size }, () =>
        Array.from({ length: size }, () => Math.floor(20 * random())),
      );
      const total = (order: number[]) => order.reduce((sum, column, row) => sum + costs[row]![column]!, 0);
      const found = total(assign(size, size, (row, column) => costs[row]![column]!));
      expect(found).toBe(Math.min(...permutations(size).map(total)));
    }
  });
});

function permutations(size: number): number[][] {
  if (size === 0) return [[]];
  return permutations(size - 1).flatMap((order) =>
    Array.from({ length: size }, (_, place) => [...order.slice(0, place), size - 1, ...order.slice(place)]),
  );
}
