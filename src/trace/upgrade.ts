import { TRACE_VERSION } from './types';
import { readVersion, UnusableTrace } from './version';

/** Turns a file of version n (the key) into one of version n + 1. Must not trust what it is given. */
export type Upgraders = Readonly<Record<number, (file: Record<string, unknown>) => Record<string, unknown>>>;

/** One step per version, added with the version. Version 1 is the first, so there is none yet. */
const UPGRADERS: Upgraders = {};

/** The same file in the newest version, not yet validated. Throws `UnusableTrace`. */
export function upgradeTrace(
  value: unknown,
  { newest = TRACE_VERSION, upgraders = UPGRADERS }: { newest?: number; upgraders?: Upgraders } = {},
): Record<string, unknown> {
  let file = value as Record<string, unknown>;
  for (let version = readVersion(value, newest); version < newest; version++) {
    const upgrade = upgraders[version];
    if (!upgrade) throw new UnusableTrace(`This trace is version ${version}, which can no longer be read.`);
    file = { ...upgrade(file), version: version + 1 };
  }
  return file;
}
