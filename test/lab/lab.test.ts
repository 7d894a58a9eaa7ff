import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { burstsOf, eventsOf, type Observation, observe } from './client.ts';
import { type Lab, startLab } from './lab.ts';
import type { FetchStep, Program, Scenario, Step } from './scenario.ts';

let lab: Lab;
/** Scenarios last as long as what they show; all run at once, from the start. */
const runs = new Map<string, Promise<Observation[]>>();
beforeAll(async () => {
  lab = await startLab();
  for (const id of Object.keys(SHAPES)) {
    if (lab.scenario(id).unavailable === null) runs.set(id, run(lab.scenario(id)));
  }
});
afterAll(() => lab.stop());

/** Fails on CI, skips by name elsewhere, when a real gateway is not there. */
function requirePrograms(skip: (note: string) => void, scenario: Scenario): void {
  if (scenario.unavailable === null) return;
  if (process.env.CI === 'true') throw new Error(scenario.unavailable);
  skip(scenario.unavailable);
}

type HttpStep = Step & { do: 'fetch' | 'xhr' | 'event-source' };
const isHttp = (step: Step): step is HttpStep => ['fetch', 'xhr', 'event-source'].includes(step.do);

/** What a scenario's HTTP steps get, one after the other. */
async function run(scenario: Scenario): Promise<Observation[]> {
  const seen: Observation[] = [];
  for (const step of scenario.steps.filter(isHttp)) {
    const { method = 'GET', body, leaveAfterMs } = step as FetchStep;
    seen.push(
      await observe(lab, step.url, {
        method,
        http2: step.url.startsWith('https:'),
        headers: { 'accept-encoding': 'gzip', origin: new URL(scenario.url).origin },
        ...(leaveAfterMs ? { stopAfterMs: leaveAfterMs } : {}),
        ...(method === 'POST' ? { body: JSON.stringify(body ?? {}) } : {}),
      }),
    );
  }
  return seen;
}

/** Spread of the times that the server wrote into its events. */
function sentSpreadMs(observation: Observation): number {
  const times = [...observation.text.matchAll(/"timestamp":(\d+)/g)].map((match) => Number(match[1]));
  return Math.max(...times) - Math.min(...times);
}

const spreadMs = ({ pieces }: Observation) => (pieces.at(-1)?.ms ?? 0) - (pieces[0]?.ms ?? 0);

const isFlowing = (observation: Observation) => {
  expect(observation.error).toBeNull();
  expect(burstsOf(observation, 25).length).toBeGreaterThan(eventsOf(observation.text).length * 0.6);
  expect(observation.headersMs).toBeLessThan(observation.endMs / 4);
};

/** The whole answer at once, although the server says it spread it over seconds. */
const isHeldBack = (observation: Observation) => {
  expect(observation.error).toBeNull();
  expect(eventsOf(observation.text)).toHaveLength(41);
  expect(sentSpreadMs(observation)).toBeGreaterThan(1000);
  expect(observation.pieces[0]!.ms).toBeGreaterThan(sentSpreadMs(observation) * 0.95);
  expect(spreadMs(observation)).toBeLessThan(sentSpreadMs(observation) / 10);
};

const isCut = (observation: Observation) => {
  expect(observation.status).toBe(200);
  expect(observation.error).not.toBeNull();
  expect(observation.pieces.length).toBeGreaterThan(5);
};

/** The raw shape of each scenario: `shape` sees what every HTTP step got, in order. */
const SHAPES: Record<string, (seen: Observation[]) => void> = {
  'steady-tokens': ([chat]) => {
    isFlowing(chat!);
    expect(eventsOf(chat!.text)).toHaveLength(41);
  },
  'steady-event-source': ([events]) => {
    isFlowing(events!);
    expect(events!.text).toMatch(/event: done\ndata: \{\}\n\n$/);
  },
  'irregular-bursts': ([chat]) => {
    const bursts = burstsOf(chat!, 40);
    expect(bursts.length).toBeGreaterThan(8);
    expect(new Set(bursts.map((burst) => burst.byteLength)).size).toBeGreaterThan(3);
    const gapsMs = bursts.slice(1).map((burst, index) => burst.ms - bursts[index]!.ms);
    expect(Math.max(...gapsMs)).toBeGreaterThan(Math.min(...gapsMs) * 2);
    expect(sentSpreadMs(chat!) / spreadMs(chat!)).toBeGreaterThan(0.9);
  },
  'short-answer': ([chat]) => {
    expect(eventsOf(chat!.text)).toHaveLength(3);
    expect(chat!.headersMs).toBeGreaterThan(1300);
  },
  'slow-json': (calls) => {
    for (const call of calls) {
      expect(call.headers['content-type']).toBe('application/json');
      expect(call.headersMs).toBeGreaterThan(call.endMs * 0.9);
    }
  },
  download: ([file]) => {
    expect(file!.headers['content-length']).toBe(String(5 * 1024 * 1024));
    expect(file!.pieces.reduce((sum, piece) => sum + piece.byteLength, 0)).toBe(5 * 1024 * 1024);
  },
  'flushing-gzip': ([chat]) => {
    expect(chat!.headers['content-encoding']).toBe('gzip');
    isFlowing(chat!);
    expect(eventsOf(chat!.text)).toHaveLength(36);
  },
  'http2-stream': ([chat]) => {
    isFlowing(chat!);
    expect(eventsOf(chat!.text)).toHaveLength(41);
  },
  ndjson: ([rows]) => {
    const lines = rows!.text.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { row: number }).row)).toEqual([...lines.keys()]);
    expect(burstsOf(rows!, 25).length).toBeGreaterThan(lines.length * 0.6);
  },
  'xhr-stream': ([events]) => isFlowing(events!),
  notifications: ([events]) => {
    expect(events!.text.match(/^: heartbeat$/gm)?.length).toBeGreaterThan(4);
    expect(eventsOf(events!.text).length).toBeGreaterThanOrEqual(3);
  },
  'text-stream': ([story]) => {
    expect(story!.headers['x-content-type-options']).toBe('nosniff');
    expect(burstsOf(story!, 25).length).toBeGreaterThan(20);
  },
  'stop-button': ([chat]) => isFlowing(chat!),
  'end-marker': (answers) => {
    expect(answers).toHaveLength(2);
    for (const answer of answers) expect(answer.text.endsWith('data: [DONE]\n\n')).toBe(true);
  },

  'nginx-default-buffering': ([chat]) => {
    isHeldBack(chat!);
    expect(chat!.headers.server).toMatch(/^nginx/);
    expect(chat!.headersMs).toBeGreaterThan(chat!.endMs * 0.95);
  },
  'nginx-large-answer': ([chat]) => {
    const steps = burstsOf(chat!, 25);
    expect(steps.length).toBeGreaterThan(5);
    for (const step of steps.slice(1, -1)) expect(step.byteLength).toBe(4096);
    expect(eventsOf(chat!.text).length).toBeGreaterThan(steps.length * 10);
  },
  'nginx-gzip': ([chat]) => {
    expect(chat!.headers['content-encoding']).toBe('gzip');
    isHeldBack(chat!);
  },
  'nginx-two-hops': ([chat]) => {
    expect(chat!.headers).not.toHaveProperty('x-accel-buffering');
    isHeldBack(chat!);
  },
  'timer-flush': ([chat]) => {
    const steps = burstsOf(chat!, 100);
    const gapsMs = steps.slice(1).map((step, index) => step.ms - steps[index]!.ms);
    for (const gapMs of gapsMs.slice(0, -1)) expect(gapMs / gapsMs[0]!).toBeCloseTo(1, 0);
    expect(eventsOf(chat!.text).length).toBeGreaterThan(steps.length * 5);
  },
  'unflushed-compression': ([chat]) => {
    expect(chat!.headers['content-encoding']).toBe('gzip');
    expect(eventsOf(chat!.text)).toHaveLength(41);
    expect(chat!.headersMs).toBeLessThan(chat!.endMs / 4);
    const [header, rest] = burstsOf(chat!, 100);
    expect(header!.byteLength).toBe(10);
    expect(rest!.ms).toBeGreaterThan(chat!.endMs * 0.95);
  },
  'drained-middleware': ([chat]) => {
    isHeldBack(chat!);
    expect(Number(chat!.headers['content-length'])).toBe(Buffer.byteLength(chat!.text));
  },
  'slow-first-byte': ([chat]) => {
    expect(chat!.headersMs).toBeGreaterThan(chat!.endMs / 2);
    expect(sentSpreadMs(chat!) / spreadMs(chat!)).toBeGreaterThan(0.9);
  },

  'api-gateway-timeout': ([chat]) => {
    expect(chat!.status).toBe(504);
    expect(chat!.headersMs).toBeGreaterThan(28_500);
    expect(chat!.headers).toHaveProperty('x-amz-apigw-id');
    expect(chat!.headers).toHaveProperty('x-amzn-requestid');
    expect(JSON.parse(chat!.text)).toEqual({ message: 'Endpoint request timed out' });
  },
  'upstream-death-http1': ([chat]) => isCut(chat!),
  'upstream-death-http2': ([chat]) => {
    isCut(chat!);
    expect(chat!.error).toBe('ERR_HTTP2_STREAM_ERROR');
  },
  'connection-reset': ([chat]) => {
    isCut(chat!);
    expect(chat!.error).toBe('ECONNRESET');
  },
  'missing-end-marker': ([whole, half]) => {
    expect(whole!.text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(half!.error).toBeNull();
    expect(half!.text).not.toContain('[DONE]');
    expect(eventsOf(half!.text).length).toBeGreaterThan(10);
  },
  'json-type-fetch': ([chat]) => {
    expect(chat!.headers['content-type']).toBe('application/json');
    isFlowing(chat!);
  },
  'json-type-event-source': ([events]) => {
    expect(events!.headers['content-type']).toBe('application/json');
    isFlowing(events!);
  },
  'nginx-timeout': ([chat]) => {
    expect(chat!.status).toBe(504);
    expect(chat!.headers.server).toMatch(/^nginx/);
    expect(chat!.headersMs).toBeGreaterThan(59_000);
  },
  'haproxy-idle-cut': ([events]) => {
    isCut(events!);
    expect(events!.endMs - events!.pieces.at(-1)!.ms).toBeGreaterThan(59_000);
  },
  'killed-worker': ([chat]) => {
    isCut(chat!);
    // Node's parser meets the raw text where a chunk's length should be.
    expect(chat!.error).toBe('HPE_INVALID_CHUNK_SIZE');
    expect(chat!.endMs).toBeGreaterThan(30_000);
    const gapsMs = chat!.pieces.slice(1).map(({ ms }, index) => ms - chat!.pieces[index]!.ms);
    expect(Math.max(...gapsMs)).toBeLessThan(chat!.endMs / 10);
  },
  'silent-gap': ([events]) => {
    expect(events!.error).toBeNull();
    expect(burstsOf(events!, 20_000)).toHaveLength(2);
  },
  'gap-with-heartbeats': ([events]) => {
    expect(events!.error).toBeNull();
    expect(burstsOf(events!, 20_000)).toHaveLength(1);
    expect(events!.text.match(/^: heartbeat$/gm)).toHaveLength(4);
  },
  'stalled-stream': ([chat]) => {
    expect(eventsOf(chat!.text)).toHaveLength(40);
    expect(chat!.endMs - chat!.pieces.at(-1)!.ms).toBeGreaterThan(10_000);
  },
  'event-source-loop': ([events]) => {
    expect(events!.text).toMatch(/^retry: 300\n\n/);
    expect(events!.error).toBeNull();
  },
  'masked-502': ([chat]) => {
    expect(chat!.status).toBe(502);
    expect(chat!.headers).not.toHaveProperty('access-control-allow-origin');
  },
  'masked-504': ([chat]) => {
    expect(chat!.status).toBe(504);
    expect(chat!.headers).not.toHaveProperty('access-control-allow-origin');
    expect(chat!.headersMs).toBeGreaterThan(28_500);
  },
  'split-events': ([chat]) => {
    const events = eventsOf(chat!.text);
    expect(events.every((event) => event.endsWith('Flüsse 🌊 führen Wasser"}'))).toBe(true);
    expect(chat!.pieces.length).toBeGreaterThan(events.length);
  },
  'no-abort-signal': ([chat]) => isFlowing(chat!),
  'bare-headers': ([chat]) => {
    isFlowing(chat!);
    expect(chat!.headers).not.toHaveProperty('cache-control');
  },
  'wildcard-credentials': ([chat]) => {
    expect(chat!.headers['access-control-allow-origin']).toBe('*');
    expect(chat!.headers['access-control-allow-credentials']).toBe('true');
  },
  'event-source-500': ([events]) => expect(events!.status).toBe(500),
  'event-source-404': ([events]) => expect(events!.status).toBe(404),
};

describe('a run without a browser', () => {
  it.for(Object.keys(SHAPES))('%s', async (id, { skip }) => {
    const scenario = lab.scenario(id);
    requirePrograms(skip, scenario);
    SHAPES[id]!(await runs.get(id)!);
  });
});

describe('the lab', () => {
  it('knows the raw shape of every scenario that is made of plain HTTP calls', () => {
    const plain = lab.scenarios.filter(({ steps }) => steps.every(isHttp)).map(({ id }) => id);
    expect(plain.filter((id) => !(id in SHAPES))).toEqual([]);
  });

  it('gives every scenario a name of its own and an address', () => {
    expect(new Set(lab.scenarios.map(({ id }) => id)).size).toBe(lab.scenarios.length);
    for (const { url, id } of lab.scenarios) expect(new URL(url).hash).toBe(`#${id}`);
  });

  it('expects nothing worse than an info of a healthy scenario, and something of every other', () => {
    for (const { id, healthy, expect: expected } of lab.scenarios) {
      if (healthy)
        expect(
          expected.filter(({ severity }) => severity !== 'info'),
          id,
        ).toEqual([]);
      else expect(expected.length, id).toBeGreaterThan(0);
    }
  });

  it('serves its page and its list from every door', async () => {
    const origins = new Set(
      lab.scenarios.filter((one) => !one.unavailable).map(({ url }) => new URL(url).origin),
    );
    for (const origin of origins) {
      const http2 = origin.startsWith('https:');
      const page = await observe(lab, `${origin}/`, { http2 });
      expect(page.text, origin).toContain('<title>Streamgauge lab</title>');
      const list = await observe(lab, `${origin}/scenarios.json`, { http2 });
      expect(JSON.parse(list.text), origin).toEqual(JSON.parse(JSON.stringify(lab.scenarios)));
    }
  });

  it('answers 404 for what it does not have', async () => {
    expect((await observe(lab, `${lab.url}nothing/here`)).status).toBe(404);
  });

  it('starts without the real gateways, says so, and marks what cannot run', async () => {
    const programs: Program[] = ['nginx', 'haproxy'];
    const bare = await startLab({ without: programs });
    try {
      expect(bare.missing).toHaveLength(2);
      for (const one of bare.scenarios) {
        expect(one.unavailable === null, one.id).toBe(one.needs.length === 0);
      }
    } finally {
      await bare.stop();
    }
  });

  it('varies counts with a seed, repeatably', async () => {
    const textOf = async (seed: number) => {
      const varied = await startLab({ seed, without: ['nginx', 'haproxy'] });
      try {
        const step = varied.scenario('text-stream').steps[0] as FetchStep;
        return (await observe(varied, step.url)).text;
      } finally {
        await varied.stop();
      }
    };
    const [first, again, other] = await Promise.all([textOf(1), textOf(1), textOf(3)]);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });
});
