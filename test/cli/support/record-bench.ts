import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { findChromium } from '../../../src/cli/chromium/find';
import { importBytes } from '../../../src/exchange/import/file';
import type { StreamRecord, Trace } from '../../../src/trace/types';
import { ensureCommandBuilt } from '../../e2e/support/built';
import { type SampleSite, startSampleSite } from './sample-site';
import { type Ran, type RunOptions, streamgauge } from './streamgauge';

/** A site to record, a folder to record into, and the built command. */
export interface RecordBench {
  site: SampleSite;
  /** The command's own temporary folder: whatever it leaves behind is seen. */
  temporary: string;
  /** Path of a file in the folder. */
  at(name: string): string;
  record(args: string[], options?: RunOptions): Promise<Ran>;
  /** Writes a script; returns its path. */
  script(name: string, text: string): string;
  /** The environment in which the browser is started by a script of ours, which does something `before`. */
  wrapper(name: string, options: { before?: string; args?: string }): { STREAMGAUGE_BROWSER: string };
  /** A trace that was recorded. */
  open(name: string): Trace;
  /** Profiles of browsers that are still there. */
  profilesLeft(): string[];
  stop(): Promise<void>;
}

/** The command is built when it is not; throws where there is no browser. */
export async function startRecordBench(): Promise<RecordBench> {
  if (!findChromium()) throw new Error('These tests need an installed Chromium, Chrome or Edge');
  await ensureCommandBuilt();
  const site = await startSampleSite();
  const folder = mkdtempSync(join(tmpdir(), 'streamgauge-record-'));
  const at = (name: string) => join(folder, name);
  const temporary = at('tmp');
  mkdirSync(temporary);
  const script = (name: string, text: string) => {
    writeFileSync(at(name), text);
    return at(name);
  };
  return {
    site,
    temporary,
    at,
    script,
    record: (args, options = {}) =>
      streamgauge(['record', ...args], { ...options, env: { TMPDIR: temporary, ...options.env } }),
    wrapper: (name, { before = '', args = '' }) => {
      const path = script(name, `#!/bin/sh\n${before}\nexec '${findChromium()}' ${args} "$@"\n`);
      chmodSync(path, 0o755);
      return { STREAMGAUGE_BROWSER: path };
    },
    open: (name) => importBytes(name, new Uint8Array(readFileSync(at(name)))).trace,
    profilesLeft: () => readdirSync(temporary).filter((name) => name.startsWith('streamgauge-')),
    stop: async () => {
      await site.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The one stream of that path. */
export function streamOf(trace: Trace, path: string): StreamRecord {
  const found = trace.streams.filter(({ request }) => new URL(request.url).pathname === path);
  expect(found.map(({ request }) => request.url)).toHaveLength(1);
  return found[0]!;
}

const decoder = new TextDecoder();
export const textOf = ({ chunks }: StreamRecord) =>
  chunks.payload.map((bytes) => (bytes ? decoder.decode(bytes) : '')).join('');

/** What the site's finite streams say. */
export const FIVE = [0, 1, 2, 3, 4].map((n) => `data: ${n}\n\n`).join('');
