/**
 * What the tap costs, as ratios against the same page without it. Run by hand: `npx tsx test/browser/tap/bench.ts [pairs]`.
 *
 * One page holds two realms: the top frame with the tap, a same-origin frame without. Each pair runs both, in the order
 * ABBA; server and browser are pinned to a core each where `taskset` exists. A ratio counts only when that of A against
 * A (no tap in either) lies within 0.97 to 1.03.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleScript } from '../../../src/build/script-plugin';
import { CdpPage, launchForTests } from '../../support/cdp-page';
import { startTapServer } from '../../support/tap-server';

/** A collector that takes everything and looks at nothing. */
const SWALLOW = `addEventListener('message', function take(event) {
  if (event.data !== 'streamgauge:port:v1') return;
  removeEventListener('message', take);
  event.stopImmediatePropagation();
  const port = event.ports[0];
  globalThis.kept = port;
  port.onmessage = ({ data }) => data.length === 5 && port.postMessage({ type: 'credit', batches: 1 });
  port.postMessage({ type: 'credit', batches: 8 });
});
document.dispatchEvent(new Event('streamgauge:ready'));`;

type Scenario = (origin: string) => Promise<number>;

/** Each gives the milliseconds that one run took in the realm it was told to use. */
const SCENARIOS: Record<string, { run: Scenario; unit: string; records: number; byTask?: boolean }> = {
  'BYOB, 52,430 reads of 100 B': {
    unit: 'µs/read',
    records: 52_430,
    run: async (origin) => {
      const response = await fetch(`${origin}/bulk?mb=5`);
      const reader = response.body!.getReader({ mode: 'byob' });
      let buffer = new ArrayBuffer(100);
      const start = performance.now();
      for (;;) {
        const { value, done } = await reader.read(new Uint8Array(buffer));
        if (done) return performance.now() - start;
        buffer = value.buffer as ArrayBuffer;
      }
    },
  },
  'bulk, 256 MB': {
    unit: 'ms/MB',
    records: 256_000,
    run: async (origin) => {
      const start = performance.now();
      const reader = (await fetch(`${origin}/bulk?mb=256`)).body!.getReader();
      while (!(await reader.read()).done);
      return performance.now() - start;
    },
  },
  'WebSocket, burst of 15,000': {
    unit: 'µs/message',
    records: 15_000,
    run: (origin) => {
      return new Promise((resolve) => {
        const socket = new WebSocket(`${origin.replace('http', 'ws')}/ws?burst=15000`);
        let start = 0;
        let seen = 0;
        socket.onopen = () => {
          start = performance.now();
        };
        let length = 0;
        // A page reads what it gets: the text is made for whoever asks first.
        socket.onmessage = ({ data }) => {
          length += (data as string).length;
          if (++seen < 15_000) return;
          socket.close();
          resolve(length > 0 ? performance.now() - start : 0);
        };
      });
    },
  },
  'SSE, 1,000 events/s for 2 s, task time': {
    unit: 'µs/event',
    records: 2000,
    byTask: true,
    run: async (origin) => {
      const reader = (await fetch(`${origin}/events?n=2000&gap=1`)).body!.getReader();
      const decoder = new TextDecoder();
      let length = 0;
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return length;
        length += decoder.decode(value, { stream: true }).length;
      }
    },
  },
};

const pairs = Number(process.argv[2] ?? 20);
const server = await startTapServer();
const browser = await launchForTests();
pin(process.pid, 0);
pin(browser.process.pid!, 1);

const source = await bundleScript(fileURLToPath(new URL('../../../src/tap/tap.iife.ts', import.meta.url)));
const topOnly = `if (window === top) {\n${source}\n}`;
const setUps: Record<string, { source: string; world?: string }[]> = {
  'A against A': [],
  'panel closed': [{ source: topOnly }],
  'panel open': [{ source: topOnly }, { source: SWALLOW, world: 'bench' }],
};

console.log(
  `tap: ${source.length} bytes; ${pairs} pairs; ratio of speed (of task time where it says so), tapped to native; renderer CPU time likewise`,
);
for (const [name, { run, unit, records, byTask }] of Object.entries(SCENARIOS)) {
  for (const [setUp, scripts] of Object.entries(setUps)) {
    const page = await CdpPage.open(browser, `${server.origin}/`, scripts);
    await page.evaluate(
      (url) =>
        new Promise((resolve) => {
          const frame = document.createElement('iframe');
          frame.onload = resolve;
          frame.src = url;
          document.body.append(frame);
        }),
      `${server.origin}/?native`,
    );
    pin(browser.process.pid!, 1);
    await page.session.send('Performance.enable');
    const taskMs = async () => {
      const { metrics } = await page.session.send<{ metrics: { name: string; value: number }[] }>(
        'Performance.getMetrics',
      );
      return metrics.find((one) => one.name === 'TaskDuration')!.value * 1000;
    };
    const cpuMs = async () => {
      const { processInfo } = await browser.connection.send<{
        processInfo: { type: string; cpuTime: number }[];
      }>('SystemInfo.getProcessInfo');
      return processInfo
        .filter(({ type }) => type === 'renderer')
        .reduce((total, { cpuTime }) => total + cpuTime * 1000, 0);
    };
    const measure = async (native: boolean) => {
      await page.session.send('HeapProfiler.collectGarbage');
      const before = await taskMs();
      const cpuBefore = await cpuMs();
      // Compiled in its realm: calls from one realm into another are slower.
      const elapsed = await page.evaluate(
        (text, origin, inFrame) =>
          ((inFrame ? frames[0] : window) as Window & typeof globalThis).eval(`(${text})`)(
            origin,
          ) as Promise<number>,
        String(run),
        server.origin,
        native,
      );
      const cpu = (await cpuMs()) - cpuBefore;
      return { ms: byTask ? (await taskMs()) - before : elapsed, cpu };
    };
    await measure(true);
    await measure(false);
    const ratios: number[] = [];
    const cpuRatios: number[] = [];
    const added: number[] = [];
    for (let i = 0; i < pairs; i++) {
      const nativeFirst = i % 2 === 0;
      const first = await measure(nativeFirst);
      const second = await measure(!nativeFirst);
      const [native, tapped] = nativeFirst ? [first, second] : [second, first];
      ratios.push(byTask ? tapped.ms / native.ms : native.ms / tapped.ms);
      cpuRatios.push(tapped.cpu / native.cpu);
      added.push(((tapped.ms - native.ms) / records) * 1000);
    }
    const show = (values: number[]) => {
      const [low, high] = interval(values);
      return `${median(values).toFixed(3)} [${low.toFixed(3)}–${high.toFixed(3)}]`;
    };
    console.log(
      `${name} | ${setUp} | ${show(ratios)} | CPU ${show(cpuRatios)} | ${median(added).toFixed(2)} ${unit} added`,
    );
    await page.close();
  }
}
await browser.close();
await server.close();

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/** 95 % bootstrap interval of the median. */
function interval(values: number[]): [number, number] {
  const medians = Array.from({ length: 1000 }, () =>
    median(values.map(() => values[Math.floor(Math.random() * values.length)]!)),
  ).sort((a, b) => a - b);
  return [medians[25]!, medians[974]!];
}

/** Ties a process and all its children to one core. */
function pin(root: number, core: number): void {
  const family = [root];
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      if (root !== process.pid && family.includes(parent)) family.push(Number(name));
    } catch {
      // It has just ended.
    }
  }
  for (const pid of family) spawnSync('taskset', ['-acp', String(core), String(pid)]);
}
