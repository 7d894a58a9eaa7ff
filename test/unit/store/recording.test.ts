import { describe, expect, it } from 'vitest';
import { TapSession } from '../../../src/store/tap-session';
import { Confidence } from '../../../src/trace/types';
import {
  batch,
  EPOCH,
  end,
  head,
  hello,
  idleDiagnoser,
  network,
  Simulation,
  start,
  textOf,
} from './simulation';

function setUp(
  parts: Parameters<typeof hello>[0] = {},
  options: Parameters<Simulation['recording']>[0] = {},
) {
  const simulation = new Simulation();
  const recording = simulation.recording(options);
  const document = recording.openDocument({ frameKey: 'frame-one', isTop: true, hello: hello(parts) });
  return { simulation, recording, document };
}

const { arrived, uncertain, queued, bounded } = Confidence;

describe('arrival confidence', () => {
  it.each([
    ['a read that waited', 'fetch', [{ atMs: 100, waitedMs: 40 }], [arrived]],
    ['a read that found it there', 'fetch', [{ atMs: 100, waitedMs: 0.2 }], [queued]],
    [
      'a body nobody was seen reading',
      'fetch',
      [
        { atMs: 100, waitedMs: -1 },
        { atMs: 130, waitedMs: -1 },
        { atMs: 130.2, waitedMs: -1 },
      ],
      [queued, arrived, queued],
    ],
    [
      'XHR progress',
      'xhr',
      [
        { atMs: 100, waitedMs: -1 },
        { atMs: 100.5, waitedMs: -1 },
      ],
      [arrived, arrived],
    ],
  ] as const)('%s', (_, kind, chunks, expected) => {
    const { simulation, recording, document } = setUp();
    simulation.run(200);
    document.batch(
      batch({ starts: [start({ kind })], chunks: chunks.map((one) => ({ ...one, text: 'x' })) }),
    );
    expect(recording.trace.streams[0]!.chunks.confidence).toEqual(expected);
  });

  it('doubts what came while the thread was blocked, also when the block is told of later', () => {
    const { simulation, recording, document } = setUp();
    simulation.run(1000);
    const chunk = (atMs: number) => ({ atMs, waitedMs: 30, text: 'x' });
    document.batch(
      batch({ starts: [start()], chunks: [chunk(100), chunk(310), chunk(500)], blocked: [[200, 100]] }),
    );
    expect(recording.trace.streams[0]!.chunks.confidence).toEqual([arrived, uncertain, arrived]);
    document.batch(batch({ blocked: [[440, 55]] }));
    expect(recording.trace.streams[0]!.chunks.confidence).toEqual([arrived, uncertain, uncertain]);
  });

  it('does not doubt frames that the page sent', () => {
    const { simulation, recording, document } = setUp();
    simulation.run(1000);
    document.batch(
      batch({
        starts: [start({ kind: 'websocket', url: 'wss://app.test/ws' })],
        messages: [
          { atMs: 210, text: 'a', sent: true },
          { atMs: 220, text: 'b' },
        ],
        blocked: [[200, 100]],
      }),
    );
    expect(recording.trace.streams[0]!.messages.confidence).toEqual([arrived, uncertain]);
  });
});

describe('what is missing', () => {
  it('marks open streams when the tap dropped records or a batch was lost', () => {
    const { recording, document } = setUp();
    document.batch(
      batch({ seq: 0, starts: [start({ stream: 1 }), start({ stream: 2 })], ends: [end({ stream: 2 })] }),
    );
    document.batch(batch({ seq: 1, dropped: 7 }));
    document.batch(batch({ seq: 4 }));
    expect(recording.trace.loss.droppedRecords).toBe(9);
    expect(recording.trace.streams.map(({ losses }) => losses)).toEqual([['dropped-records'], []]);
  });

  it('keeps a body that was taken whole as one bounded delivery at its end', () => {
    const { recording, document } = setUp();
    document.batch(batch({ starts: [start()], heads: [head()], ends: [end({ atMs: 0, byteLength: 900 })] }));
    const [stream] = recording.trace.streams;
    expect(stream!.chunks).toMatchObject({ byteLength: [900], confidence: [bounded], payload: [null] });
    expect(stream!.losses).toEqual(['no-chunk-times']);
  });

  it('flags requests from before a late tap, and no others', () => {
    const { simulation, recording } = setUp({
      joinedLate: true,
      tappedAtMs: 500,
      timeOriginEpochMs: EPOCH - 500,
    });
    recording.network(network({ requestId: 'early', atMs: -100, url: 'https://app.test/early' }));
    recording.network(network({ requestId: 'worker', atMs: 100, url: 'https://app.test/worker' }));
    simulation.run(1000);
    expect(recording.trace.streams.map(({ losses, documentId }) => [losses, documentId])).toEqual([
      [['late-start'], 'd1'],
      [[], null],
    ]);
  });

  it('counts streams beyond the limit and stays within it', () => {
    const { simulation, recording, document } = setUp({}, { limits: { maxStreams: 3 } });
    for (let stream = 1; stream <= 5; stream++) {
      document.batch(
        batch({
          starts: [start({ stream })],
          chunks: [{ stream, atMs: 1, text: 'x' }],
          ends: [end({ stream })],
        }),
      );
      recording.network(
        network({ requestId: `n${stream}`, url: `https://app.test/${stream}`, endedEpochMs: EPOCH + 1 }),
      );
    }
    simulation.run(10_000);
    expect(recording.trace.streams).toHaveLength(3);
    expect(recording.trace.loss.droppedStreams).toBeGreaterThanOrEqual(2);
  });
});

describe('hostile clocks', () => {
  it.each([
    ['in the far past', { timeOriginEpochMs: 0 }],
    ['in the far future', { timeOriginEpochMs: EPOCH * 2 }],
  ])('puts a document %s at the present', (_, parts) => {
    const { simulation, recording, document } = setUp(parts);
    simulation.run(100);
    document.batch(
      batch({
        starts: [start({ atMs: 50 })],
        chunks: [
          { atMs: 1e15, text: 'x' },
          { atMs: -1e15, text: 'y' },
        ],
      }),
    );
    const [stream] = recording.trace.streams;
    expect(stream!.timing.startedAtMs).toBe(50);
    expect(stream!.chunks.atMs.every((ms) => ms >= 0 && ms <= 2100)).toBe(true);
    expect(stream!.chunks.atMs[1]).toBeGreaterThanOrEqual(stream!.chunks.atMs[0]!);
  });

  it('follows a machine that slept', () => {
    const { simulation, recording, document } = setUp();
    simulation.run(3_600_000);
    document.batch(batch({ starts: [start({ atMs: 2000 })] }));
    expect(recording.trace.streams[0]!.timing.startedAtMs).toBe(3_600_000);
  });
});

describe('life of a recording', () => {
  it('tells listeners at most ten times a second, and names what moved', () => {
    const { simulation, recording, document } = setUp();
    simulation.run(1000);
    const heard: string[][] = [];
    recording.subscribe((changed) => heard.push([...changed]));
    document.batch(
      batch({ starts: [start({ stream: 1 }), start({ stream: 2, url: 'https://app.test/b' })] }),
    );
    simulation.run(2000);
    heard.length = 0;
    for (let step = 0; step < 1000; step++) {
      simulation.run(2000 + step);
      document.batch(batch({ chunks: [{ stream: 2, atMs: 2000 + step, text: 'x' }] }));
    }
    expect(heard.length).toBeGreaterThan(5);
    expect(heard.length).toBeLessThanOrEqual(11);
    expect(heard.every((ids) => ids.join() === 's2')).toBe(true);
  });

  it('diagnoses off the hot path, with what changed, and looks at silent streams', () => {
    const looks: (readonly [number, string[]])[] = [];
    const { simulation, document } = setUp(
      {},
      {
        createDiagnoser: (trace) => ({
          ...idleDiagnoser(trace),
          update: ({ changed, nowMs } = {}) => {
            looks.push([nowMs!, [...changed!]]);
            return { findings: [], incomplete: [], failures: [] };
          },
        }),
      },
    );
    document.batch(batch({ starts: [start()], chunks: [{ atMs: 0, text: 'x' }] }));
    expect(looks).toEqual([]);
    simulation.run(5000);
    expect(looks[0]![1]).toEqual(['s1']);
    expect(looks.length).toBeGreaterThanOrEqual(5);
    expect(looks.length).toBeLessThanOrEqual(8);
    document.batch(batch({ ends: [end({ atMs: 5000 })] }));
    simulation.run(20_000);
    const ended = looks.length;
    simulation.run(60_000);
    expect(looks.length).toBe(ended);
  });

  it('survives a diagnosis and a listener that throw', () => {
    const complaints: unknown[] = [];
    const before = console.error;
    console.error = (...words: unknown[]) => complaints.push(words);
    try {
      const { simulation, recording, document } = setUp(
        {},
        {
          createDiagnoser: (trace) => ({
            ...idleDiagnoser(trace),
            update: () => {
              throw new Error('a defect');
            },
          }),
        },
      );
      recording.subscribe(() => {
        throw new Error('another');
      });
      document.batch(batch({ starts: [start()] }));
      simulation.run(500);
      document.batch(batch({ chunks: [{ atMs: 400, text: 'on' }] }));
      expect(textOf(recording.trace, 's1')).toBe('on');
      expect(complaints.length).toBeGreaterThanOrEqual(2);
    } finally {
      console.error = before;
    }
  });

  it('records nothing while paused, ends what ends, and says what is missing after', () => {
    const { simulation, recording, document } = setUp();
    document.batch(batch({ starts: [start({ stream: 1 }), start({ stream: 2 }), start({ stream: 3 })] }));
    recording.pause();
    document.batch(
      batch({
        starts: [start({ stream: 9 })],
        chunks: [
          { stream: 1, atMs: 0, text: 'unseen' },
          { stream: 9, atMs: 0, text: 'unseen' },
        ],
        ends: [end({ stream: 2 })],
      }),
    );
    recording.network(network({ url: 'https://app.test/unseen' }));
    recording.resume();
    document.batch(
      batch({
        chunks: [
          { stream: 1, atMs: 0, text: 'seen' },
          { stream: 9, atMs: 0, text: 'unseen' },
        ],
      }),
    );
    simulation.run(10_000);
    expect(recording.trace.streams.map(({ losses, end: ended }) => [losses, ended?.kind ?? null])).toEqual([
      [['dropped-records'], null],
      [[], 'complete'],
      [[], null],
    ]);
    expect(textOf(recording.trace, 's1')).toBe('seen');
  });

  it('goes on with open streams after clear', () => {
    const { simulation, recording, document } = setUp();
    document.batch(
      batch({ starts: [start({ stream: 1 }), start({ stream: 2 })], ends: [end({ stream: 2 })] }),
    );
    document.batch(batch({ chunks: [{ atMs: 0, text: 'old' }] }));
    simulation.run(5000);
    const before = recording.trace;
    recording.clear();
    expect(recording.trace).not.toBe(before);
    document.batch(batch({ chunks: [{ atMs: 5000, text: 'new' }], ends: [end({ atMs: 5001 })] }));
    simulation.run(20_000);
    expect(recording.trace.streams).toHaveLength(1);
    const [stream] = recording.trace.streams;
    expect(stream).toMatchObject({ losses: ['late-start'], end: { kind: 'complete' } });
    expect(textOf(recording.trace, stream!.id)).toBe('new');
    expect(stream!.timing.startedAtMs).toBeGreaterThanOrEqual(0);
    expect(stream!.chunks.atMs[0]!).toBeCloseTo(5000);
  });

  it('drops the old page when a new one comes, and keeps what belongs to the new', () => {
    const { simulation, recording, document } = setUp();
    document.batch(batch({ starts: [start()], chunks: [{ atMs: 0, text: 'old' }] }));
    simulation.run(2000);
    recording.network(
      network({
        requestId: 'page',
        kind: 'document',
        frameKey: null,
        url: 'https://app.test/two',
        atMs: 2000,
      }),
    );
    simulation.run(2200);
    const next = recording.openDocument({
      frameKey: 'frame-two',
      isTop: true,
      hello: hello({
        documentKey: 'document-two',
        url: 'https://app.test/two',
        timeOriginEpochMs: EPOCH + 2001,
      }),
    });
    recording.navigated(next.startedEpochMs);
    document.batch(
      batch({ starts: [start({ stream: 5 })], chunks: [{ stream: 5, atMs: 2300, text: 'ghost' }] }),
    );
    next.batch(batch({ starts: [start({ stream: 1, atMs: 300 })] }));
    simulation.run(20_000);
    expect(recording.trace.streams.map(({ kind, request }) => [kind, request.url])).toEqual([
      ['document', 'https://app.test/two'],
      ['fetch', 'https://app.test/api'],
    ]);
    expect(recording.trace.documents.map(({ id }) => id)).toEqual(['d2']);
    expect(recording.trace.meta.pageUrl).toBe('https://app.test/two');
    expect(recording.trace.streams.map(({ timing }) => timing.startedAtMs)).toEqual([0, 301]);
  });

  it('ends what is open when its document says goodbye', () => {
    const { recording, document } = setUp();
    document.batch(batch({ starts: [start()] }));
    document.bye(0);
    expect(recording.trace.streams[0]!.end).toMatchObject({ kind: 'aborted', netError: null });
  });
});

describe('a tap session', () => {
  it('checks, feeds and gives credit back', () => {
    const recording = new Simulation().recording();
    const session = new TapSession(recording, { frameKey: 'f', isTop: true });
    expect(session.open().map(({ type }) => type)).toEqual(['config', 'credit']);
    expect(session.receive(batch({}))).toEqual([{ type: 'credit', batches: 1 }]);
    expect(session.receive(hello())).toEqual([]);
    expect(session.receive(batch({ starts: [start()] }))).toEqual([{ type: 'credit', batches: 1 }]);
    expect(session.receive({ type: 'batch' })).toEqual([{ type: 'credit', batches: 1 }]);
    expect(session.receive(hello())).toEqual([{ type: 'credit', batches: 1 }]);
    expect(recording.trace.loss.refusedMessages).toBe(3);
    expect(recording.trace.streams).toHaveLength(1);
    session.close();
    expect(recording.trace.streams[0]!.end?.kind).toBe('aborted');
  });

  it('stops listening to a page that only talks nonsense', () => {
    const recording = new Simulation().recording();
    const session = new TapSession(recording, { frameKey: null, isTop: false });
    let answered = 0;
    for (let index = 0; index < 5000; index++) answered += session.receive(null).length;
    expect(answered).toBe(1000);
  });
});

describe('the cost of taking records in', () => {
  it('does not grow with what is there', () => {
    const { simulation, document } = setUp();
    document.batch(batch({ starts: Array.from({ length: 20 }, (_, index) => start({ stream: index })) }));
    const take = (from: number, count: number) => {
      // Processor time: other processes cannot make it longer.
      const began = process.cpuUsage();
      for (let index = from; index < from + count; index++) {
        simulation.nowMs = index;
        document.batch(
          batch({
            chunks: Array.from({ length: 500 }, (_, one) => ({
              stream: one % 20,
              atMs: index,
              text: 'data: x\n\n',
            })),
          }),
        );
      }
      const { user, system } = process.cpuUsage(began);
      return user + system;
    };
    // Ten parts: a collection of garbage falls into some of them, wherever it likes.
    const parts = (from: number) =>
      Array.from({ length: 10 }, (_, part) => take(from + part * 20, 20)).sort((a, b) => a - b);
    take(0, 100);
    const early = parts(100)[5]!;
    take(300, 1000);
    const late = parts(1300)[0]!;
    expect(late).toBeLessThan(early * 5);
  });
});
