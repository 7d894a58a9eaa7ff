import * as v from 'valibot';
import type { TraceHealth } from '../../../diagnose/facts/health';
import { RULE_IDS } from '../../../trace/ids';
import type { Trace } from '../../../trace/types';

/** Grows when the figures are measured in another way: older ones are then measured anew. */
export const SUMMARY_VERSION = 1;

const MAX_NAME = 200;
const MAX_NOTE = 10_000;
const MAX_TAGS = 20;
const MAX_TAG = 40;
const MAX_PROBLEMS = 20;

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
const Ms = v.nullable(v.pipe(v.number(), v.finite()));
const Rate = v.object({ done: Count, of: Count });
const Spread = v.object({ count: Count, meanMs: Ms, medianMs: Ms, p95Ms: Ms, longestMs: Ms });
const Severity = v.picklist(['error', 'warning', 'info']);

const EndpointSummary = v.object({
  endpoint: v.string(),
  streams: Count,
  completion: Rate,
  firstByte: Spread,
  longestGap: Spread,
  medianGap: Spread,
  findings: v.array(
    v.object({ id: v.picklist(RULE_IDS), title: v.string(), severity: Severity, count: Count }),
  ),
});

const Summary = v.object({
  version: Count,
  /** Wall clock of the recording's origin: Unix epoch, ms. */
  recordedEpochMs: v.number(),
  recorder: v.picklist(['extension', 'cli', 'har', 'lab']),
  pageUrl: v.nullable(v.string()),
  durationMs: v.number(),
  streams: Count,
  calls: Count,
  severities: v.object({ error: Count, warning: Count, info: Count }),
  completion: Rate,
  endpoints: v.array(EndpointSummary),
});

/** What the library knows of a recording without opening it. */
export const EntrySchema = v.object({
  id: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/)),
  name: v.pipe(v.string(), v.maxLength(MAX_NAME)),
  note: v.pipe(v.string(), v.maxLength(MAX_NOTE)),
  tags: v.pipe(v.array(v.pipe(v.string(), v.maxLength(MAX_TAG))), v.maxLength(MAX_TAGS)),
  addedEpochMs: v.number(),
  /** The file it came from. */
  file: v.object({ name: v.string(), byteLength: Count }),
  /** Bytes it takes in the library. */
  keptByteLength: Count,
  /** Parts of the file that could not be read, a sentence each. */
  problems: v.array(v.string()),
  summary: Summary,
});

export type Entry = v.InferOutput<typeof EntrySchema>;
export type Summary = v.InferOutput<typeof Summary>;
export type EndpointSummary = v.InferOutput<typeof EndpointSummary>;

/** What a person may change. */
export type EntryWords = Pick<Entry, 'name' | 'note' | 'tags'>;

export function summaryOf(trace: Trace, health: TraceHealth): Summary {
  return {
    version: SUMMARY_VERSION,
    recordedEpochMs: trace.meta.originEpochMs,
    recorder: trace.meta.recorder,
    pageUrl: trace.meta.pageUrl,
    durationMs: health.endMs,
    streams: health.streams,
    calls: health.calls,
    severities: health.severities,
    completion: health.completion,
    endpoints: health.endpoints.map(({ outcomes: _outcomes, ...endpoint }) => endpoint),
  };
}

export function newEntry(
  from: Pick<Entry, 'id' | 'name' | 'addedEpochMs' | 'file' | 'keptByteLength' | 'problems' | 'summary'> & {
    note?: string;
  },
): Entry {
  return {
    ...from,
    ...cleanWords({ name: from.name, note: from.note ?? '', tags: [] }),
    problems: from.problems.slice(0, MAX_PROBLEMS),
  };
}

/** Words as they are kept: trimmed, cut to their limits, tags without repetition. */
export function cleanWords({ name, note, tags }: EntryWords): EntryWords {
  const cleanTags = tags.map((tag) => tag.trim().replace(/\s+/g, ' ').slice(0, MAX_TAG)).filter(Boolean);
  return {
    name: name.trim().slice(0, MAX_NAME) || 'Without a name',
    note: note.trim().slice(0, MAX_NOTE),
    tags: [...new Set(cleanTags)].slice(0, MAX_TAGS),
  };
}

/** Tags as a person types them: separated by commas. */
export function tagsOf(text: string): string[] {
  return text.split(',');
}
